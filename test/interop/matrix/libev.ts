import { portOf, startSsLocal, startSsServer, libevMethods } from '../libev.js';
import type { MethodName } from '../../../index.js';
import { together } from './differences.js';
import type { Implementation } from './peer.js';

const methods = libevMethods as readonly MethodName[];

export const libev: Implementation = {
  name: 'shadowsocks-libev',
  programs: ['ss-local', 'ss-server'],
  install: 'apt-get install shadowsocks-libev',
  version: ['ss-server', '-h'],
  required: true,
  server: {
    methods,
    start: async ({ method, secret }) => Number(portOf(await startSsServer({ method, password: secret }))),
  },
  client: {
    methods,
    async start({ method, secret, port }) {
      const listen = await startSsLocal(`${port}`, { method, password: secret });
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
      cases: /^the largest datagram/,
      sees: '1,900 bytes',
      why: 'It has room for datagrams of about twice what an Ethernet frame carries, and drops larger ones.',
    },
  ],
};
