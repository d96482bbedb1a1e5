import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { content, digest } from './content.js';
import { curl } from './curl.js';
import { type RemoteHalf, startLocal, startRemote } from './halves.js';
import { type Agreement, portOf, startSsLocal, startSsServer, uriOf } from './libev.js';
import { startTarget } from './target.js';

const length = 20 * 2 ** 20;
const method = 'aes-256-gcm';

/** The plugins of both sides, as `--plugin` has them. */
interface Pair {
  readonly client: string;
  readonly server: string;
}

const pairs: Readonly<Record<string, Pair>> = {
  'simple-obfs, http': {
    client: 'obfs-local;obfs=http;obfs-host=www.example.com',
    server: 'obfs-server;obfs=http',
  },
  'simple-obfs, tls': {
    client: 'obfs-local;obfs=tls;obfs-host=www.example.com',
    server: 'obfs-server;obfs=tls',
  },
  'v2ray-plugin, websocket': { client: 'ss-v2ray-plugin', server: 'ss-v2ray-plugin;server' },
};

function ourRemote({ password }: Agreement, { server }: Pair): Promise<RemoteHalf> {
  return startRemote(['--allow-private', '--method', method, '--plugin', server], {
    variables: { HALFLIGHT_PASSWORD: password },
  });
}

/** Who stands on which side; each gives the HOST:PORT of its SOCKS5 port. */
const tunnels = {
  'a remote and a local of ours': async (agreement: Agreement, pair: Pair) => {
    const { uri } = await ourRemote(agreement, pair);
    return (await startLocal(uri, { flags: ['--plugin', pair.client] })).listen;
  },
  'our local and ss-server': async (agreement: Agreement, pair: Pair) => {
    const server = await startSsServer(agreement, pair.server);
    return (await startLocal(uriOf(agreement, server), { flags: ['--plugin', pair.client] })).listen;
  },
  'ss-local and our remote': async (agreement: Agreement, pair: Pair) => {
    const { listen } = await ourRemote(agreement, pair);
    return startSsLocal(portOf(listen), agreement, pair.client);
  },
} as const;

describe.each(Object.entries(tunnels))('curl through %s', (_name, startTunnel) => {
  describe.each(Object.entries(pairs))('with %s', (_plugin, pair) => {
    const agree = (): Agreement => ({ method, password: randomBytes(24).toString('base64url') });

    it('downloads 20 MiB as they were sent', async () => {
      const target = await startTarget();
      const proxy = await startTunnel(agree(), pair);
      const outcome = await curl(proxy, [`http://127.0.0.1:${target.port}/${length}/1`]);
      expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(length, 1)) });
    });

    it('uploads 20 MiB as they were given', async () => {
      const target = await startTarget();
      const words = ['--upload-file', '-', `http://127.0.0.1:${target.port}/`];
      const { exitCode, complaint } = await curl(await startTunnel(agree(), pair), words, content(length, 1));
      expect({ exitCode, complaint }).toEqual({ exitCode: 0, complaint: '' });
      expect(target.uploads).toEqual([await digest(content(length, 1))]);
    });
  });
});
