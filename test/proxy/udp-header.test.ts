import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readUdpHeader, UdpHeaders, writeUdpHeader } from '../../shared/proxy/udp-header.js';
import { toHex } from '../support/codec.js';
import { spacedHex } from '../support/handshake.js';
import { domainAddress, hostileNames, longestName } from '../support/socks.js';

const longestPayload = 65_507;

describe('a datagram of a client', () => {
  const cases: readonly (readonly [string, string, string, number])[] = [
    ['an IPv4 address', '01 c0000201 0035', '192.0.2.1', 53],
    ['an IPv6 address', '04 20010db8000000000000000000000001 0035', '2001:db8::1', 53],
    ['an IPv4-mapped IPv6 address', '04 00000000000000000000ffff7f000001 0035', '127.0.0.1', 53],
    ['a name', domainAddress('example.com'), 'example.com', 80],
    ['a name of 253 bytes', domainAddress(longestName), longestName, 80],
    ['an address as a name', domainAddress('[::1]'), '::1', 80],
    ['the highest port', '01 c0000201 ffff', '192.0.2.1', 65_535],
  ];
  it.each(cases)('to %s names its target and keeps its payload', (_, address, host, port) => {
    for (const payload of ['', '00', '61626364']) {
      const header = readUdpHeader(spacedHex(`000000 ${address} ${payload}`));
      expect(header).toEqual({ fragment: 0, target: { host, port }, payload: spacedHex(payload) });
    }
  });

  it.each([0, 1, 127, 128, 129, 255])('says which piece it is: %i', (fragment) => {
    const datagram = spacedHex(`0000${fragment.toString(16).padStart(2, '0')}01c0000201003561`);
    expect(readUdpHeader(datagram)?.fragment).toBe(fragment);
  });

  it('has its payload as a view: nothing is copied', () => {
    const datagram = spacedHex('00000001c00002010035616263');
    expect(readUdpHeader(datagram)?.payload.buffer).toBe(datagram.buffer);
  });

  it.each([
    ['RSV 1', '0001 00 01 c0000201 0035'],
    ['RSV 256', '0100 00 01 c0000201 0035'],
    ['ATYP 0', '0000 00 00 c0000201 0035'],
    ['ATYP 2', '0000 00 02 c0000201 0035'],
    ['ATYP 255', '0000 00 ff c0000201 0035'],
    ['port 0', '0000 00 01 c0000201 0000 61'],
    ['port 0 of a name', `000000 ${domainAddress('example.com', '0000')} 61`],
    ['a name of no bytes', '0000 00 03 00 0035 61'],
    ['a name of 254 bytes', `000000 ${domainAddress(`${longestName}b`)} 61`],
    ['a name that runs over the end', '0000 00 03 ff 6161'],
  ])('with %s is dropped', (_, datagram) => {
    expect(readUdpHeader(spacedHex(datagram))).toBeUndefined();
  });

  it.each(hostileNames)('is dropped when it names %j', (name) => {
    expect(readUdpHeader(spacedHex(`000000 ${domainAddress(name)} 61`))).toBeUndefined();
  });

  it.each(['00000001c00002010035', `00000004${'20'.repeat(16)}0035`, `000000${domainAddress('a.example')}`])(
    'cut anywhere in its header is dropped: %s',
    (header) => {
      const whole = spacedHex(header);
      for (let length = 0; length < whole.length; length++) {
        expect(readUdpHeader(whole.subarray(0, length))).toBeUndefined();
        // A view into something longer knows where it ends.
        expect(readUdpHeader(Buffer.concat([whole, whole]).subarray(0, length))).toBeUndefined();
      }
      expect(readUdpHeader(whole)?.payload).toHaveLength(0);
    },
  );
});

describe('a datagram for a client', () => {
  it('says where it came from, and stands alone', () => {
    const written = (host: string): string => toHex(writeUdpHeader({ host, port: 53 }, spacedHex('616263')));
    expect(written('192.0.2.1')).toBe('00000001c00002010035616263');
    expect(written('::ffff:192.0.2.1')).toBe('00000001c00002010035616263');
    expect(written('2001:db8::1')).toBe('0000000420010db80000000000000000000000010035616263');
  });

  it('is read as it was written, whatever its length', () => {
    const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constant('a.example'));
    const target = fc.record({ host, port: fc.integer({ min: 1, max: 65_535 }) });
    fc.assert(
      fc.property(target, fc.uint8Array({ maxLength: 2000 }), (source, payload) => {
        const written = writeUdpHeader(source, payload);
        const header = readUdpHeader(written);
        expect(header).toMatchObject({ fragment: 0, payload, target: { port: source.port } });
        expect(writeUdpHeader(header?.target ?? source, payload)).toEqual(written);
      }),
    );
    const longest = new Uint8Array(longestPayload);
    expect(readUdpHeader(writeUdpHeader({ host: '192.0.2.1', port: 1 }, longest))?.payload).toEqual(longest);
  });
});

describe('the headers of one association', () => {
  const address = fc.constantFrom(
    '01 c0000201 0035',
    '01 c0000201 0036',
    '01 c0000202 0035',
    '04 20010db8000000000000000000000001 0035',
    domainAddress('a.example'),
    domainAddress('a.example2'),
    '00',
    '01 c000',
  );
  const start = fc.constantFrom('0000 00', '0000 00', '0000 01', '0000 82', '0001 00', '0100 00', '00');
  const rest = fc.uint8Array({ maxLength: 12 }).map(toHex);

  it('are read as each would be on its own, whatever came before', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(start, address, rest), { maxLength: 30 }), (sequence) => {
        const headers = new UdpHeaders();
        for (const parts of sequence) {
          const datagram = Buffer.from(spacedHex(parts.join(' ')));
          expect(headers.read(datagram)).toEqual(readUdpHeader(datagram));
        }
      }),
    );
  });

  it('are written as each would be on its own', () => {
    const headers = new UdpHeaders();
    const source = { host: '192.0.2.1', port: 53 };
    const sources = [source, source, { host: 'a.example', port: 53 }, source, { ...source, port: 54 }];
    for (const [index, each] of sources.entries()) {
      const payload = Uint8Array.of(index);
      expect(toHex(headers.write(each, payload))).toBe(toHex(writeUdpHeader(each, payload)));
    }
  });

  it('do not change with the datagram that was read before', () => {
    const headers = new UdpHeaders();
    const datagram = Buffer.from(spacedHex('000000 01 c0000201 0035 61'));
    headers.read(datagram);
    datagram[4] = 10;
    expect(headers.read(datagram)?.target.host).toBe('10.0.2.1');
  });
});
