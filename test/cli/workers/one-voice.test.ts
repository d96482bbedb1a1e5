import { expect, it } from 'vitest';
import { type OneVoice, oneVoice } from '../../../cli/workers/one-voice.js';
import type { ObservedEvent } from '../../../shared/observe/events.js';

function listening(): { readonly voice: OneVoice; readonly told: readonly ObservedEvent[] } {
  const told: ObservedEvent[] = [];
  return { told, voice: oneVoice((event) => told.push(event)) };
}

const lost = { event: 'remote-lost', detail: 'gone' } as const;
const back = { event: 'remote-back' } as const;

it('tells of a lost remote when the first has lost it, and of its return when the last has it back', () => {
  const { voice, told } = listening();
  voice.hear(1, lost);
  voice.hear(2, lost);
  voice.hear(1, back);
  expect(told).toEqual([lost]);
  voice.hear(2, back);
  expect(told).toEqual([lost, back]);
  voice.hear(2, lost);
  expect(told).toEqual([lost, back, lost]);
});

it('keeps several servers apart', () => {
  const { voice, told } = listening();
  for (const server of ['tokyo', 'osaka'])
    for (const worker of [1, 2]) voice.hear(worker, { ...lost, server });
  expect(told).toEqual([
    { ...lost, server: 'tokyo' },
    { ...lost, server: 'osaka' },
  ]);
});

it('forgets what a worker has lost that has ended', () => {
  const { voice, told } = listening();
  voice.hear(1, lost);
  voice.left(1);
  voice.hear(2, lost);
  voice.hear(2, back);
  expect(told).toEqual([lost, lost, back]);
});

it('tells once which servers take the conversations', () => {
  const { voice, told } = listening();
  const change = { event: 'servers-changed', from: ['a'], to: ['b'], why: 'gone' } as const;
  voice.hear(1, change);
  voice.hear(2, change);
  voice.hear(2, { ...change, from: ['b'], to: ['a'] });
  expect(told).toHaveLength(2);
});

it('tells a warning once for all, and again for the same worker', () => {
  const { voice, told } = listening();
  const warning = { event: 'warning', detail: 'too many' } as const;
  for (const worker of [1, 2, 3, 1]) voice.hear(worker, warning);
  expect(told).toHaveLength(2);
});

it('tells everything else as often as it happens', () => {
  const { voice, told } = listening();
  for (const worker of [1, 2]) voice.hear(worker, { event: 'absorbed', why: 'replayed salt' });
  expect(told).toHaveLength(2);
});
