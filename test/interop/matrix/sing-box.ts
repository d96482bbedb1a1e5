import type { MethodName } from '../../../index.js';
import { startConfigured } from './configured.js';
import { oneRead, recordings, together } from './differences.js';
import type { Implementation } from './peer.js';

const methods: readonly MethodName[] = [
  'aes-128-gcm',
  'aes-256-gcm',
  'chacha20-ietf-poly1305',
  'xchacha20-ietf-poly1305',
  '2022-blake3-aes-128-gcm',
  '2022-blake3-aes-256-gcm',
  '2022-blake3-chacha20-poly1305',
];
/** Targets by name are looked up as every program of this machine does. */
const resolving = {
  dns: { servers: [{ type: 'local', tag: 'system' }] },
  route: { default_domain_resolver: 'system' },
} as const;
const room = 'It has room of 16 KiB for a datagram with all that surrounds it, and drops larger ones.';
const log = { level: 'error' } as const;

export const singBox: Implementation = {
  name: 'sing-box',
  programs: ['sing-box'],
  install: 'go install github.com/sagernet/sing-box/cmd/sing-box@latest',
  version: ['sing-box', 'version'],
  server: {
    methods,
    identities: true,
    overTcp: true,
    start({ method, secret, users }) {
      const named = users.map((user) => ({ name: user.name, password: user.secret }));
      const listen = { type: 'shadowsocks', listen: '127.0.0.1' };
      return startConfigured('sing-box', ['run', '-c'], (port) => ({
        ...resolving,
        log,
        inbounds: [
          {
            ...listen,
            listen_port: port,
            method,
            password: secret,
            ...(named.length > 0 && { users: named }),
          },
        ],
        outbounds: [{ type: 'direct' }],
      }));
    },
  },
  client: {
    methods,
    identities: true,
    overTcp: true,
    start({ method, secret, port, overTcp }) {
      const server = { server: '127.0.0.1', server_port: port, method, password: secret };
      const udp = overTcp ? { udp_over_tcp: { enabled: true, version: 2 } } : {};
      return startConfigured('sing-box', ['run', '-c'], (local) => ({
        log,
        inbounds: [{ type: 'socks', listen: '127.0.0.1', listen_port: local }],
        outbounds: [{ type: 'shadowsocks', ...server, ...udp }],
      }));
    },
  },
  differs: [
    { cases: /^half-close/, sees: 'cut off', why: together },
    { cases: /^the largest/, methods: /^2022-/, sees: '8,000 bytes', why: room },
    { cases: /^the largest/, sees: '16,000 bytes', why: room },
    {
      cases: /^first flight replayed/,
      side: 'server',
      methods: /^(?!2022-)/,
      sees: 'served',
      why: recordings,
    },
    { cases: /^first flight byte/, side: 'server', methods: /^2022-/, sees: 'refused', why: oneRead },
  ],
};
