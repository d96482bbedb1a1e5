import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { dial } from '../../client/dial.js';
import { spacedHex } from '../support/handshake.js';
import { cuts, scriptedProxy, type Turn } from '../support/scripted-proxy.js';

const target = { host: 'target.example', port: 25 };
const said = Buffer.from('220 first words of the target');
const named = `03 0e ${Buffer.from(target.host).toString('hex')} 0019`;
const greeted: Turn = { hears: '05 01 00', says: '05 00' };

interface Talk {
  readonly scheme: string;
  readonly before: readonly Turn[];
  readonly asks: string | Uint8Array;
  readonly grants: Uint8Array;
}

const talks: readonly Talk[] = [
  {
    scheme: 'socks5',
    before: [greeted],
    asks: `05 01 00 ${named}`,
    grants: spacedHex('05 00 00 01 7f000001 1234'),
  },
  {
    scheme: 'socks5, a name bound',
    before: [greeted],
    asks: `05 01 00 ${named}`,
    grants: spacedHex('05 00 00 03 03 61 2e 62 1234'),
  },
  {
    scheme: 'socks4a',
    before: [],
    asks: `04 01 0019 00000001 00 ${Buffer.from(target.host).toString('hex')} 00`,
    grants: spacedHex('00 5a 1234 7f000001'),
  },
  {
    scheme: 'http',
    before: [],
    asks: Buffer.from('CONNECT target.example:25 HTTP/1.1\r\nHost: target.example:25\r\n\r\n'),
    grants: Buffer.from('HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n'),
  },
];

describe.each(talks)('$scheme', ({ scheme, before, asks, grants }) => {
  it.each(cuts(grants, said).map((pieces) => ({ pieces, at: pieces[0]?.length })))(
    'what the target says at once is not lost when the answer is cut at $at',
    async ({ pieces }) => {
      const proxy = await scriptedProxy([...before, { hears: asks, says: pieces, then: 'ends' }]);
      const [kind = ''] = scheme.split(',');
      const socket = await dial(`${kind}://127.0.0.1:${proxy.at.port}`, target);
      // Whoever dials may do something else first.
      await new Promise((resolve) => setImmediate(resolve));
      socket.end();
      expect(await buffer(socket)).toEqual(said);
    },
  );
});
