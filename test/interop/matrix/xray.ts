import type { MethodName } from '../../../index.js';
import { startConfigured } from './configured.js';
import { oneRead, recordings, together, waitingSecret } from './differences.js';
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
const room = 'It has room of 8 KiB for a datagram, and drops larger ones.';
const untold =
  'With the methods of 2022 the client of Xray does not tell its programs that a target has ended, until they end themselves.';
const untoldTarget =
  'With the methods of 2022 the server of Xray does not tell targets that a client has ended.';
const log = { loglevel: 'none' } as const;

export const xray: Implementation = {
  name: 'Xray',
  programs: ['xray'],
  install: 'go install github.com/xtls/xray-core/main@latest',
  version: ['xray', 'version'],
  server: {
    methods,
    secret: waitingSecret,
    identities: true,
    start({ method, secret, users }) {
      const clients = users.map((user) => ({ email: user.name, password: user.secret }));
      const keys = { method, password: secret, ...(clients.length > 0 && { clients }) };
      return startConfigured('xray', ['run', '-c'], (port) => ({
        log,
        inbounds: [
          {
            protocol: 'shadowsocks',
            listen: '127.0.0.1',
            port,
            settings: { ...keys, network: 'tcp,udp' },
          },
        ],
        outbounds: [{ protocol: 'freedom' }],
      }));
    },
  },
  client: {
    methods,
    identities: true,
    overTcp: true,
    start({ method, secret, port, overTcp }) {
      const server = { address: '127.0.0.1', port, method, password: secret };
      const way = overTcp ? { uot: true, UoTVersion: 2 } : {};
      return startConfigured('xray', ['run', '-c'], (local) => ({
        log,
        inbounds: [
          {
            protocol: 'socks',
            listen: '127.0.0.1',
            port: local,
            settings: { udp: true, ip: '127.0.0.1' },
          },
        ],
        outbounds: [{ protocol: 'shadowsocks', settings: { servers: [{ ...server, ...way }] } }],
      }));
    },
  },
  differs: [
    {
      cases: /^half-close by the target|^target closes/,
      side: 'client',
      methods: /^2022-/,
      sees: 'not told of the end',
      why: untold,
    },
    {
      cases: /^half-close by the client/,
      side: 'server',
      methods: /^2022-/,
      sees: 'not told of the end',
      why: untoldTarget,
    },
    { cases: /^half-close/, methods: /^(?!2022-)/, sees: 'cut off', why: together },
    { cases: /^an empty datagram/, sees: 'dropped', why: 'Xray drops datagrams without payload.' },
    { cases: /^the largest/, sees: '8,000 bytes', why: room },
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
