import type { MethodName } from '../../../index.js';
import { startConfigured } from './configured.js';
import { recordings, together, waitingSecret } from './differences.js';
import type { Implementation } from './peer.js';

const methods: readonly MethodName[] = ['aes-128-gcm', 'aes-256-gcm', 'chacha20-ietf-poly1305'];
const log = { loglevel: 'none' } as const;

export const v2ray: Implementation = {
  name: 'V2Ray',
  programs: ['v2ray'],
  install: 'apt-get install v2ray',
  version: ['v2ray', '--version'],
  server: {
    methods,
    secret: waitingSecret,
    start: ({ method, secret }) =>
      startConfigured('v2ray', ['-config'], (port) => ({
        log,
        inbounds: [
          {
            protocol: 'shadowsocks',
            listen: '127.0.0.1',
            port,
            settings: { method, password: secret, network: 'tcp,udp' },
          },
        ],
        outbounds: [{ protocol: 'freedom' }],
      })),
  },
  client: {
    methods,
    start({ method, secret, port }) {
      const server = { address: '127.0.0.1', port, method, password: secret };
      return startConfigured('v2ray', ['-config'], (local) => ({
        log,
        inbounds: [
          {
            protocol: 'socks',
            listen: '127.0.0.1',
            port: local,
            settings: { udp: true, ip: '127.0.0.1' },
          },
        ],
        outbounds: [{ protocol: 'shadowsocks', settings: { servers: [server] } }],
      }));
    },
  },
  differs: [
    { cases: /^half-close/, sees: 'cut off', why: together },
    { cases: /^an empty datagram/, sees: 'dropped', why: 'V2Ray drops datagrams without payload.' },
    {
      cases: /^the largest/,
      sees: '1,900 bytes',
      why: 'It has room of 2 KiB for a datagram with all that surrounds it, and drops larger ones.',
    },
    { cases: /^first flight replayed/, side: 'server', sees: 'served', why: recordings },
  ],
};
