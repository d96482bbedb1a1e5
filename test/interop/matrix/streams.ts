/** What streams have to stand. */
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { Peer } from '../../support/peer.js';
import { byteByByte, type Carry } from '../../support/tap.js';
import { startTarget, type TestTarget } from '../../support/targets.js';
import { type Case, unless } from './case.js';
import { setStage, type Cast, type Staging } from './stage.js';

/** A client and a target that have each other's ear. */
interface Pair {
  readonly client: Peer;
  readonly far: Peer;
}

async function pairUp(cast: Cast, target: TestTarget, staging: Staging = {}): Promise<Pair> {
  const stage = await setStage(cast, staging);
  const client = await stage.connect(target);
  // Some clients open nothing before they are told something.
  void client.send('!');
  const far = await target.next();
  await far.read(1);
  return { client, far };
}

/** The first write of so many bytes, and as many back. */
async function exchange(client: Peer, target: TestTarget, size: number): Promise<string> {
  const up = randomBytes(size);
  const down = randomBytes(size);
  void client.send(up);
  const far = await target.next();
  if (!up.equals(await far.read(size))) return 'garbled on the way up';
  void far.send(down);
  return down.equals(await client.read(size)) ? 'intact' : 'garbled on the way down';
}

/** The very first byte is read before the second comes, however slow the reader. */
const dribbled: Carry = async (from, to) => {
  let first = true;
  async function* held(): AsyncGenerator<Buffer> {
    for await (const piece of from) {
      if (first) {
        first = false;
        to.write(piece.subarray(0, 1));
        await pause(100);
        yield piece.subarray(1);
      } else yield piece;
    }
  }
  await byteByByte(held(), to);
};

function firstWrite(size: number): Case {
  return {
    name: `first write of ${size.toLocaleString('en')} bytes`,
    wants: 'intact',
    async run(cast) {
      const target = await startTarget();
      const client = await (await setStage(cast)).connect(target);
      return exchange(client, target, size);
    },
  };
}

function targetAs(name: string, host: string, listen = host): Case {
  return {
    name: `target named by ${name}`,
    wants: 'intact',
    async run(cast) {
      const target = await startTarget({ host: listen });
      const client = await (await setStage(cast)).connect({ host, port: target.port });
      return exchange(client, target, 100);
    },
  };
}

export const streamCases: readonly Case[] = [
  {
    name: 'server speaks first, client says nothing',
    wants: 'heard',
    async run(cast) {
      const greeting = '220 hello\r\n';
      const target = await startTarget({ serve: (peer) => void peer.send(greeting) });
      const client = await (await setStage(cast)).connect(target);
      return unless('nothing came', async () => {
        return (await client.read(greeting.length)).toString() === greeting ? 'heard' : 'garbled';
      });
    },
  },
  ...[1, 65_535, 65_536, 200_000].map(firstWrite),
  {
    name: 'half-close by the client',
    wants: 'answered',
    async run(cast) {
      const { client, far } = await pairUp(cast, await startTarget());
      return unless('not told of the end', async () => {
        void client.send('question');
        client.end();
        await far.rest();
        void far.send('answer');
        far.end();
        return (await client.rest()).toString() === 'answer' ? 'answered' : 'cut off';
      });
    },
  },
  {
    name: 'half-close by the target',
    wants: 'answered',
    async run(cast) {
      const { client, far } = await pairUp(cast, await startTarget());
      return unless('not told of the end', async () => {
        void far.send('question');
        far.end();
        await client.rest();
        // Some take the answer only when it comes at once.
        await pause(200);
        void client.send('answer');
        const answer = await far.read(6).catch(() => 'cut off');
        return answer.toString() === 'answer' ? 'answered' : 'cut off';
      });
    },
  },
  {
    name: 'target closes without a word',
    wants: 'a clean end',
    async run(cast) {
      const target = await startTarget();
      const client = await (await setStage(cast)).connect(target);
      void client.send('hello');
      const far = await target.next();
      await far.read(5);
      far.end();
      return unless('not told of the end', async () => {
        const { length } = await client.rest();
        if (length > 0) return `${length} bytes`;
        return client.ending === 'fin' ? 'a clean end' : 'a reset';
      });
    },
  },
  targetAs('a domain', 'localhost', '::'),
  targetAs('IPv4', '127.0.0.1'),
  targetAs('IPv6', '::1'),
  {
    name: 'first flight byte by byte',
    wants: 'intact',
    async run(cast) {
      const target = await startTarget();
      const client = await (await setStage(cast, { up: dribbled })).connect(target);
      return unless('refused', () => exchange(client, target, 100));
    },
  },
];
