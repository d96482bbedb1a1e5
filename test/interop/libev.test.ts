import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { content, digest } from './content.js';
import { curl } from './curl.js';
import { startLocal, startRemote } from './halves.js';
import { type Agreement, libevMethods, portOf, startSsLocal, startSsServer, uriOf } from './libev.js';
import { startTarget } from './target.js';

const length = 100 * 2 ** 20;

/** Who stands on which side; each gives the HOST:PORT of its SOCKS5 port. */
const tunnels = {
  'our local and ss-server': async (agreement: Agreement) => {
    const server = await startSsServer(agreement);
    return (await startLocal(uriOf(agreement, server))).listen;
  },
  'ss-local and our remote': async (agreement: Agreement) => {
    const remote = await startRemote(['--allow-private', '--method', agreement.method], {
      variables: { HALFLIGHT_PASSWORD: agreement.password },
    });
    return startSsLocal(portOf(remote.listen), agreement);
  },
} as const;

describe.each(Object.entries(tunnels))('curl through %s', (_name, startTunnel) => {
  describe.each(libevMethods)('with %s', (method) => {
    const agree = (): Agreement => ({ method, password: randomBytes(24).toString('base64url') });

    it('downloads 100 MiB as they were sent', async () => {
      const target = await startTarget();
      const outcome = await curl(await startTunnel(agree()), [`http://127.0.0.1:${target.port}/${length}/1`]);
      expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(length, 1)) });
    });

    it('uploads 100 MiB as they were given', async () => {
      const target = await startTarget();
      const words = ['--upload-file', '-', `http://127.0.0.1:${target.port}/`];
      const { exitCode, complaint } = await curl(await startTunnel(agree()), words, content(length, 1));
      expect({ exitCode, complaint }).toEqual({ exitCode: 0, complaint: '' });
      expect(target.uploads).toEqual([await digest(content(length, 1))]);
    });
  });
});
