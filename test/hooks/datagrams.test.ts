/** What filters make of datagrams. */
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { createHooks } from '../../shared/hooks/create.js';
import type { ByteFilter, Filtered, Hook, HookEvent } from '../../shared/hooks/hook.js';
import type { DatagramsIn } from '../../shared/hooks/hooks.js';
import { settle } from '../support/turns.js';

const ends = { local: { host: '127.0.0.1', port: 1 }, remote: { host: '127.0.0.1', port: 2 } };
const facts = { id: 1, role: 'forward', transport: 'udp', openedAt: 0, client: ends } as const;
const place: Target = { host: '192.0.2.1', port: 53 };

interface Session {
  readonly put: DatagramsIn;
  readonly sent: string[];
  readonly warnings: string[];
  readonly close: () => void;
}

function session(...hooks: readonly Hook[]): Session {
  const [sent, warnings]: [string[], string[]] = [[], []];
  const named = hooks.map((hook, at) => ({ name: `h${String(at + 1)}`, hook }));
  const all = createHooks(named, { role: 'forward', warn: (detail) => warnings.push(detail) });
  const connection = all.accept(
    () => facts,
    (reason) => sent.push(`cut: ${reason.message}`),
  );
  const send = (direction: string): DatagramsIn['up'] => {
    return (payload, at) =>
      sent.push(`${direction} ${String(Buffer.from(payload))} ${at?.host ?? 'nowhere'}`);
  };
  const put = connection.datagrams({
    send: { up: send('up'), down: send('down') },
    dropped: () => sent.push('dropped'),
    end: () => sent.push('end'),
  });
  return {
    put,
    sent,
    warnings,
    close: () => {
      connection.closed(undefined, { up: 0, down: 0 });
    },
  };
}

const words = (text: string): Buffer => Buffer.from(text);

it('each is asked about by itself: it passes, is changed, or is dropped', () => {
  const filter: ByteFilter = {
    received: (bytes) => {
      if (bytes.length === 1) return 'hold';
      return bytes.length === 2 ? 'pass' : Buffer.from('long');
    },
  };
  const { put, sent } = session({ filter: () => ({ up: filter }) });
  for (const text of ['1', '22', '333']) put.up(words(text), place);
  put.down(words('1'));
  expect(sent).toEqual(['dropped', 'up 22 192.0.2.1', 'up long 192.0.2.1', 'down 1 nowhere']);
});

it('they stay in order while a filter takes its time, and what was lent is copied', async () => {
  const filter: ByteFilter = {
    sent: async (bytes): Promise<Filtered> => {
      if (bytes.length === 1) await turn();
      return 'pass';
    },
  };
  const { put, sent } = session({ filter: () => ({ up: filter, down: filter }) });
  const lent = words('1');
  put.up(lent, place);
  lent.fill(0);
  put.up(words('22'), place);
  put.down(words('33'));
  await settle();
  expect(sent.filter((line) => line.startsWith('up'))).toEqual(['up 1 192.0.2.1', 'up 22 192.0.2.1']);
  expect(sent).toContain('down 33 nowhere');
});

it('more than a filter can take are lost, and its memory is bounded', async () => {
  const answers: (() => void)[] = [];
  const filter: ByteFilter = {
    sent: () =>
      new Promise((resolve) => {
        answers.push(() => {
          resolve('pass');
        });
      }),
  };
  const { put, sent, close } = session({ filter: () => ({ up: filter }) });
  for (let at = 0; at < 1000; at += 1) put.up(words(String(at)), place);
  for (let answer = answers.shift(); answer !== undefined; answer = answers.shift()) {
    answer();
    await settle(3);
  }
  const lost = sent.filter((word) => word === 'dropped').length;
  expect([lost, sent.length - lost, sent.at(-1)]).toEqual([935, 65, 'up 64 192.0.2.1']);
  close();
});

it('what a filter answers behind the end of its session goes nowhere, and what waited is lost', async () => {
  const answers: ((filtered: Filtered) => void)[] = [];
  const filter: ByteFilter = { received: () => new Promise((resolve) => answers.push(resolve)) };
  const { put, sent, close } = session({ filter: () => ({ down: filter }) });
  for (const text of ['one', 'two']) put.down(words(text));
  close();
  answers[0]?.('pass');
  put.down(words('three'));
  await settle();
  expect([sent, answers.length]).toEqual([['dropped', 'dropped'], 1]);
});

it('one that a filter changes in its own memory and lets pass goes on as it came', () => {
  const { put, sent } = session({
    filter: () => ({
      up: {
        received: (bytes) => {
          bytes.fill(0x21);
          return 'pass';
        },
      },
    }),
  });
  put.up(words('hello'), place);
  expect(sent).toEqual(['up hello 192.0.2.1']);
});

it('a filter may end the session, with a last datagram', () => {
  const { put, sent } = session({ filter: () => ({ down: { sent: () => ({ end: words('bye') }) } }) });
  put.down(words('hello'), place);
  put.down(words('hello again'), place);
  expect(sent).toEqual(['down bye 192.0.2.1', 'end']);
});

it('a filter that fails is taken out of both directions, and the datagram goes on as it came', async () => {
  const failing: Hook = {
    filter: () => ({
      up: {
        sent: () => {
          throw new Error('boom');
        },
      },
      down: { sent: () => new Promise<never>(() => undefined) },
    }),
  };
  const { put, sent, warnings } = session(failing);
  put.down(words('waiting'));
  put.up(words('first'));
  put.up(words('second'));
  await settle(2);
  expect(sent).toEqual(['down waiting nowhere', 'up first nowhere', 'up second nowhere']);
  expect(warnings).toEqual(['hook h1: up.sent: expected no error, got: boom; connection 1']);
});

it('the first of each direction is told of', () => {
  const events: HookEvent[] = [];
  const { put } = session({ on: { 'first-byte': (event) => events.push(event) } });
  for (const direction of ['up', 'up', 'down', 'down'] as const) put[direction](words('x'));
  expect(events.map((event) => ('direction' in event ? event.direction : ''))).toEqual(['up', 'down']);
});

it('ticks count them, also when their session is over', async () => {
  const last = { open: -1, up: 0, down: 0 };
  const hooks = createHooks([{ name: 'h', hook: { on: { tick: (tick) => Object.assign(last, tick) } } }], {
    role: 'forward',
    warn: () => undefined,
    limits: { tickMs: 1 },
  });
  hooks.started([]);
  const connection = hooks.accept(
    () => facts,
    () => undefined,
  );
  const ignored = (): undefined => undefined;
  const put = connection.datagrams({ send: { up: ignored, down: ignored }, dropped: ignored, end: ignored });
  put.up(words('12'));
  put.down(words('123'));
  await vi.waitUntil(() => last.open === 1 && last.up > 0);
  expect(last).toMatchObject({ up: 2, down: 3 });
  connection.closed(undefined, { up: 2, down: 3 });
  await vi.waitUntil(() => last.open === 0);
  expect(last).toMatchObject({ up: 2, down: 3 });
  await hooks.stop();
});
