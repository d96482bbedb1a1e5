import { expect, it } from 'vitest';
import { methods } from '../../shared/codec/methods.js';
import { byteByByte, startTap, together } from '../support/tap.js';
import { startTarget } from '../support/targets.js';
import { connectThrough, localHalf, remoteHalf } from '../support/tunnel.js';

/** Paths that cut and join segments as they please (docs/probes.md R-20). */
const paths = [
  ['one byte to a segment', byteByByte, 3000],
  ['64 KiB to a segment', together, 3_000_000],
] as const;

for (const [path, carry, size] of paths) {
  for (const wire of ['raw', 'shadowsocks'] as const) {
    it.each(Object.values(methods))(
      `$name over the ${wire} wire survives a path of ${path}`,
      async ({ name }) => {
        const remote = await remoteHalf({ method: name });
        const tap = await startTap(remote.port, { up: carry, down: carry });
        const local = await localHalf(remote, { wire, port: tap.port });
        const target = await startTarget();
        // Over the raw wire the second one comes behind the first on the same carrier.
        for (const bytes of [size, 1000]) {
          const client = await connectThrough({ local }, target);
          const there = await target.next();
          const [up, down] = await Promise.all([client.pour(bytes), there.pour(bytes)]);
          client.end();
          there.end();
          expect(await there.digest()).toEqual(up);
          expect(await client.digest()).toEqual(down);
          expect([client.ending, there.ending]).toEqual(['fin', 'fin']);
        }
        expect(tap.connections).toHaveLength(wire === 'raw' ? 1 : 2);
      },
    );
  }
}
