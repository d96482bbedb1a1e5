import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Peer } from '../support/peer.js';
import { startTarget } from '../support/targets.js';
import { connectThrough, startTunnel } from '../support/tunnel.js';

const MiB = 1024 * 1024;
const answer = `HTTP/1.1 413 Content Too Large\r\n\r\n${'?'.repeat(2000)}`;

/** How web servers end an upload they do not want (security.md R-24). */
const endings: Readonly<Record<string, (there: Peer) => Promise<void>>> = {
  'ends and closes': async (there) => {
    await there.read(1);
    there.socket.end(answer);
    there.socket.destroySoon();
  },
  'closes without having read the upload, which is a reset': async (there) => {
    await there.read(1);
    there.socket.pause();
    // What comes from here on stays unread in the kernel.
    for (let turn = 0; turn < 5; turn++) await nextTurn();
    await there.send(answer);
    there.socket.destroy();
  },
  'resets right behind its answer': async (there) => {
    await there.read(1);
    there.socket.write(answer);
    there.reset();
  },
};

describe.each(['raw', 'shadowsocks'] as const)('over the %s wire', (wire) => {
  it.each(Object.entries(endings))(
    'the answer of a target that %s while the client uploads arrives whole, 100 times',
    async (_how, end) => {
      const tunnel = await startTunnel({ local: { wire } });
      const target = await startTarget({ serve: (there) => void end(there) });
      const run = async (): Promise<void> => {
        const client = await connectThrough(tunnel, target);
        const uploading = client.pour(MiB);
        expect((await client.rest()).toString()).toBe(answer);
        client.socket.destroy();
        await uploading;
      };
      for (let runs = 0; runs < 100; runs += 10) await Promise.all(Array.from({ length: 10 }, run));
    },
  );
});
