import type { MethodName } from '../../../index.js';
import { startConfigured } from './configured.js';
import { oneRead, recordings } from './differences.js';
import type { Implementation } from './peer.js';

const methods: readonly MethodName[] = [
  'aes-128-gcm',
  'aes-256-gcm',
  'chacha20-ietf-poly1305',
  '2022-blake3-aes-128-gcm',
  '2022-blake3-aes-256-gcm',
  '2022-blake3-chacha20-poly1305',
];
const both = { mode: 'tcp_and_udp' } as const;

export const rust: Implementation = {
  name: 'shadowsocks-rust',
  programs: ['sslocal', 'ssserver'],
  install: 'cargo install --locked shadowsocks-rust',
  version: ['ssserver', '--version'],
  server: {
    methods,
    identities: true,
    start({ method, secret, users }) {
      const named = users.map((user) => ({ name: user.name, password: user.secret }));
      return startConfigured('ssserver', ['-c'], (port) => ({
        ...both,
        servers: [
          {
            ...both,
            server: '127.0.0.1',
            server_port: port,
            method,
            password: secret,
            // An empty list would ask for names as well.
            ...(named.length > 0 && { users: named }),
          },
        ],
      }));
    },
  },
  client: {
    methods,
    identities: true,
    start({ method, secret, port }) {
      const server = { ...both, server: '127.0.0.1', server_port: port, method, password: secret };
      return startConfigured('sslocal', ['-c'], (local) => ({
        servers: [server],
        locals: [{ ...both, local_address: '127.0.0.1', local_port: local }],
      }));
    },
  },
  differs: [
    {
      cases: /^an empty datagram/,
      side: 'server',
      sees: 'dropped',
      why: 'The server of shadowsocks-rust drops datagrams without payload.',
    },
    {
      cases: /^first flight byte by byte/,
      side: 'server',
      methods: /^2022-/,
      sees: 'refused',
      why: oneRead,
    },
    {
      cases: /^first flight replayed/,
      side: 'server',
      methods: /^(?!2022-)/,
      sees: 'served',
      why: recordings,
    },
  ],
  remark: 'As it is installed by default it has not got `xchacha20-ietf-poly1305`.',
};
