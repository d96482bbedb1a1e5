import { EventEmitter, once } from 'node:events';
import { expect, expectTypeOf, it, onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { emitting, type ObservedEvents } from '../../shared/observe/emitter.js';
import type { ObservedEvent } from '../../shared/observe/events.js';

const warning = { event: 'warning', detail: 'the sky is falling' } as const;

/** The next error that nobody catches; it does not end the test. */
function nextUncaught(): Promise<unknown> {
  const usual = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  onTestFinished(() => {
    for (const listener of usual) process.on('uncaughtException', listener);
  });
  return once(process, 'uncaughtException').then(([error]) => error as unknown);
}

it('emits each event under its own name', () => {
  const emitter = new EventEmitter<ObservedEvents>();
  const heard: ObservedEvent[] = [];
  emitter.on('warning', (event) => heard.push(event));
  emitting(emitter)(warning);
  emitting(emitter)({ event: 'absorbed', why: 'nobody listens' });
  expect(heard).toEqual([warning]);
});

it('gives each event its own type', () => {
  const emitter = new EventEmitter<ObservedEvents>();
  emitter.on('granted', (event) => {
    expectTypeOf(event.target).toEqualTypeOf<Target>();
    expectTypeOf(event.event).toEqualTypeOf<'granted'>();
  });
  emitter.on('closed', ({ up, error }) => {
    expectTypeOf(up).toBeNumber();
    expectTypeOf(error).toEqualTypeOf<string | undefined>();
  });
  expectTypeOf<keyof ObservedEvents>().toEqualTypeOf<ObservedEvent['event']>();
});

it('lets whoever observes go on when a listener throws, whose error is uncaught afterwards', async () => {
  const uncaught = nextUncaught();
  const emitter = new EventEmitter<ObservedEvents>();
  const fault = new Error('of a listener');
  emitter.on('warning', () => {
    throw fault;
  });
  expect(() => {
    emitting(emitter)(warning);
  }).not.toThrow();
  expect(await uncaught).toBe(fault);
});
