import { expect, it } from 'vitest';
import { SummedUsage } from '../../../cli/workers/summed-usage.js';
import type { UserTraffic } from '../../../shared/serve/usage-store.js';

function traffic(up: number, streams: number): UserTraffic {
  const rest = { datagramsUp: 0, datagramsDown: 0, associations: 0, openedAssociations: 0 };
  return { up, down: 2 * up, streams, openedStreams: streams + 1, ...rest };
}

/** With what its workers say, by their numbers. */
function summed(workers: Map<number, Record<string, UserTraffic>>): SummedUsage {
  const usage = new SummedUsage(() => {
    for (const [worker, users] of workers) usage.learn(worker, new Map(Object.entries(users)));
    return Promise.resolve();
  });
  return usage;
}

it('adds up what all workers have carried for a user', async () => {
  const usage = summed(
    new Map([
      [1, { ann: traffic(10, 1), ben: traffic(1, 0) }],
      [2, { ann: traffic(5, 2) }],
    ]),
  );
  expect(await usage.of('ann')).toMatchObject({ up: 15, down: 30, streams: 3, openedStreams: 5 });
  expect(await usage.of('eve')).toMatchObject({ up: 0, streams: 0 });
  expect([...(await usage.all()).keys()]).toEqual(['ann', 'ben']);
});

it('keeps what a worker has carried that has ended, and nothing of it is open', async () => {
  const workers = new Map([
    [1, { ann: traffic(10, 1) }],
    [2, { ann: traffic(5, 2) }],
  ]);
  const usage = summed(workers);
  await usage.all();
  workers.delete(1);
  usage.left(1);
  expect(await usage.of('ann')).toMatchObject({ up: 15, streams: 2, openedStreams: 5 });
  workers.set(3, { ann: traffic(100, 0) });
  expect(await usage.of('ann')).toMatchObject({ up: 115, streams: 2, openedStreams: 6 });
});

it('does not tell again what was cleared, but what is open', async () => {
  const workers = new Map([[1, { ann: traffic(10, 1) }]]);
  const usage = summed(workers);
  expect((await usage.all({ clear: true })).get('ann')).toMatchObject({ up: 10, streams: 1 });
  expect(await usage.of('ann')).toMatchObject({ up: 0, down: 0, openedStreams: 0, streams: 1 });
  workers.set(1, { ann: traffic(17, 1) });
  expect(await usage.of('ann')).toMatchObject({ up: 7, streams: 1 });
});

it('begins at 0 for whoever comes after somebody who was removed', async () => {
  const workers = new Map<number, Record<string, UserTraffic>>([[1, { ann: traffic(10, 1) }]]);
  const usage = summed(workers);
  await usage.all({ clear: true });
  usage.left(1);
  workers.set(1, {});
  usage.forget('ann');
  expect((await usage.all()).has('ann')).toBe(false);
  expect(await usage.of('ann')).toMatchObject({ up: 0, openedStreams: 0 });
});
