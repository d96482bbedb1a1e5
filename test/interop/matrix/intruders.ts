/** Who should not get in: recordings, and those with a key that nobody has given them. */
import { vi } from 'vitest';
import { connect, type Peer } from '../../support/peer.js';
import { startTarget } from '../../support/targets.js';
import { udpEcho } from '../../support/udp.js';
import { type Case, unless } from './case.js';
import { answered, openLine } from './datagrams.js';
import { setStage, type Stage } from './stage.js';

/** How long whoever is not served is watched, ms. */
const watchMs = 700;

/** What a server of theirs makes of it shows only in what it does. */
async function reactionOf(prober: Peer, served: () => boolean): Promise<string> {
  await vi
    .waitUntil(() => served() || prober.ending !== undefined, { timeout: watchMs, interval: 5 })
    .catch(() => false);
  return served() ? 'served' : 'not served';
}

/** Ours says it; nobody else may hear anything. */
async function absorbedBy({ remote }: Stage, prober: Peer): Promise<string> {
  return unless('not absorbed', async () => {
    await vi.waitUntil(() => (remote?.seen('absorbed').length ?? 0) > 0, { interval: 5 });
    return prober.waiting === 0 ? 'not served' : `answered with ${prober.waiting} bytes`;
  });
}

export const intruderCases: readonly Case[] = [
  {
    name: 'first flight replayed',
    wants: 'not served',
    async run(cast) {
      const stage = await setStage(cast);
      const target = await startTarget({ serve: (peer) => void peer.send('yes') });
      const client = await stage.connect(target);
      void client.send('do it once');
      await client.read(3);
      const prober = await connect(stage.port);
      await prober.send(stage.tap.connections.at(-1)?.up ?? Buffer.alloc(0));
      const seen =
        stage.remote === undefined
          ? await reactionOf(prober, () => target.accepted > 1)
          : await absorbedBy(stage, prober);
      return target.accepted > 1 ? 'served' : seen;
    },
  },
  {
    name: 'unknown user',
    wants: 'not served',
    async run(cast) {
      const stage = await setStage(cast, { stranger: true });
      const target = await startTarget({ serve: (peer) => void peer.send('yes') });
      const client = await stage.connect(target);
      void client.send('hello');
      const seen =
        stage.remote === undefined
          ? await reactionOf(client, () => target.accepted > 0)
          : await absorbedBy(stage, client);
      return target.accepted > 0 ? 'served' : seen;
    },
  },
  {
    name: 'unknown user: our local says that something is wrong',
    wants: 'said',
    // Where the server keeps silent it takes seconds.
    fits: ({ side, method }) => side === 'server' && method.endsWith('aes-256-gcm'),
    async run(cast) {
      const stage = await setStage(cast, { stranger: true });
      const client = await stage.connect(await startTarget());
      void client.send('hello');
      await vi.waitUntil(() => client.ending !== undefined, { timeout: watchMs }).catch(() => false);
      return (await stage.complaint()) === undefined ? 'not said' : 'said';
    },
  },
  {
    name: 'datagrams of an unknown user',
    datagrams: true,
    wants: 'not served',
    async run(cast) {
      const line = await openLine(cast, await udpEcho(), { stranger: true });
      return (await answered(line, watchMs)) ? 'served' : 'not served';
    },
  },
];
