import type { MethodName } from '../../../index.js';
import { portOf } from '../libev.js';
import { startListening } from '../listening.js';
import { recordings, together } from './differences.js';
import type { Implementation } from './peer.js';

const methods: readonly MethodName[] = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-ietf-poly1305'];

export const pproxy: Implementation = {
  name: 'pproxy',
  programs: ['pproxy'],
  install: 'pip install pproxy pycryptodome',
  version: ['pproxy', '--version'],
  server: {
    methods,
    streamsOnly: true,
    async start({ method, secret }) {
      const listen = await startListening('pproxy', (port) => {
        const uri = `ss://${method}:${secret}@127.0.0.1:${port}`;
        return ['-l', uri];
      });
      return Number(portOf(listen));
    },
  },
  client: {
    methods,
    streamsOnly: true,
    async start({ method, secret, port }) {
      const far = `ss://${method}:${secret}@127.0.0.1:${port}`;
      const listen = await startListening('pproxy', (own) => ['-l', `socks5://127.0.0.1:${own}`, '-r', far]);
      return Number(portOf(listen));
    },
  },
  differs: [
    {
      cases: /^half-close/,
      sees: 'cut off',
      why: together,
    },
    {
      cases: /^first flight replayed/,
      side: 'server',
      sees: 'served',
      why: recordings,
    },
    {
      cases: /^unknown user: our local/,
      side: 'server',
      sees: 'not said',
      why: 'It ends such a connection as it ends any other, so there is nothing to be seen.',
    },
  ],
  remark:
    'Its datagrams with these methods are not those of the standard (shadowsocks-libev refuses them, too), so only streams are tried.',
};
