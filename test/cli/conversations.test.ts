import { expect, it } from 'vitest';
import { countConversations, stoppingLine } from '../../cli/conversations.js';
import type { ObservedEvent } from '../../shared/observe/events.js';

it('open conversations of one half are counted, and every event is passed on', () => {
  const heard: ObservedEvent[] = [];
  const { observer, open } = countConversations('local', (event) => heard.push(event));
  const events: readonly ObservedEvent[] = [
    { event: 'opened', id: 1, role: 'local' },
    { event: 'opened', id: 2, role: 'remote' },
    { event: 'opened', id: 3, role: 'local' },
    { event: 'opened', id: 4, role: 'local', transport: 'udp' },
    { event: 'closed', id: 1, up: 0, down: 0, ms: 0 },
    { event: 'closed', id: 2, up: 0, down: 0, ms: 0 },
  ];
  const counts = events.map((event) => {
    observer(event);
    return open();
  });
  expect(counts).toEqual([1, 1, 2, 2, 1, 1]);
  expect(heard).toEqual(events);
});

it('whoever stops a program with open conversations is told how long it may take', () => {
  expect([0, 1, 2].map(stoppingLine)).toEqual([
    'stopping',
    'stopping: waiting up to 10 s for 1 conversation; a second signal ends at once',
    'stopping: waiting up to 10 s for 2 conversations; a second signal ends at once',
  ]);
});
