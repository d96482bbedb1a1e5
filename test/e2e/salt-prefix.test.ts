import { describe, expect, it, onTestFinished } from 'vitest';
import { parseServerUri, systemEnvironment } from '../../index.js';
import { startLocal } from '../../local/local.js';
import { startTap } from '../support/tap.js';
import { startEcho } from '../support/targets.js';
import { soleServer } from '../../shared/config/server-choices.js';
import { expectServed, remoteHalf } from '../support/tunnel.js';

describe('a prefix in the link of a local', () => {
  it.each([
    ['ss', 'aes-256-gcm', 'POST%20', 'POST '],
    ['halflight', 'aes-256-gcm', '%16%03%01%00%C2%A8%01%01', '\x16\x03\x01\x00\xa8\x01\x01'],
    ['ss', 'aes-128-gcm', 'GET%20/', 'GET /'],
  ] as const)(
    'is how every connection over %s:// with %s begins, and no answer',
    async (scheme, method, written, prefix) => {
      const [remote, echo] = await Promise.all([remoteHalf({ method }), startEcho()]);
      const tap = await startTap(remote.port);
      const secret = encodeURIComponent(remote.settings.secret);
      const local = await startLocal(
        {
          listen: { host: '127.0.0.1', port: 0 },
          servers: [
            soleServer(
              parseServerUri(`${scheme}://${method}:${secret}@127.0.0.1:${tap.port}?prefix=${written}`),
            ),
          ],
          cipherBackend: 'native',
          credentials: [],
          udp: true,
          pacDirect: true,
          // Each conversation opens a carrier of its own.
          timeouts: { warmForMs: 0, carrierAgeMs: 0 },
        },
        systemEnvironment,
        () => undefined,
      );
      onTestFinished(() => local.stop(0));
      const port = Number(local.listen.split(':').at(-1));
      await expectServed({ local: { port } }, echo);
      await expectServed({ local: { port } }, echo);
      expect(await local.check()).toMatchObject({ ok: true });
      const { connections } = tap;
      expect(connections.length).toBeGreaterThanOrEqual(3);
      for (const { up, down } of connections) {
        expect(up.subarray(0, prefix.length).toString('latin1')).toBe(prefix);
        expect(down.subarray(0, prefix.length).toString('latin1')).not.toBe(prefix);
      }
      const salts = connections.map(({ up }) =>
        up.subarray(0, remote.settings.method.saltLength).toString('hex'),
      );
      expect(new Set(salts).size).toBe(connections.length);
    },
  );
});
