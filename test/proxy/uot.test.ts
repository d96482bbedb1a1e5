import { describe, expect, it } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { encodeTarget } from '../../shared/codec/address.js';
import { ProtocolError } from '../../shared/errors.js';
import { UotCodec, uotVersion } from '../../shared/proxy/uot.js';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const payload = Uint8Array.from(Buffer.from('hello'));
const port = [0x01, 0xbb];
const sized = [0, 5, ...payload];

/** One datagram for each family, as sing-box writes them. */
const rows = [
  ['IPv4', [0, 192, 0, 2, 1, ...port], { host: '192.0.2.1', port: 443 }],
  [
    'IPv6',
    [1, 0x20, 1, 0xd, 0xb8, ...Array<number>(11).fill(0), 1, ...port],
    { host: '2001:db8::1', port: 443 },
  ],
  ['a name', [2, 11, ...Buffer.from('example.com'), ...port], { host: 'example.com', port: 443 }],
] as const;

/** Feeds whole, byte by byte, and in two parts. */
function feedings(bytes: Uint8Array): readonly (readonly Uint8Array[])[] {
  const half = bytes.length >> 1;
  return [
    [bytes],
    Array.from(bytes, (byte) => Uint8Array.of(byte)),
    [bytes.subarray(0, half), bytes.subarray(half)],
  ];
}

function opened(
  version: 1 | 2,
  bytes: Uint8Array,
): readonly (readonly { host: string; port: number; text: string }[])[] {
  return feedings(bytes).map((pieces) => {
    const codec = new UotCodec(version);
    return pieces
      .flatMap((piece) => codec.open(piece))
      .map(({ target, payload: bytes }) => ({ ...target, text: text(bytes) }));
  });
}

function bytes(...values: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  return concat(values.map((each) => Uint8Array.from(each)));
}

describe('UDP over TCP', () => {
  it('is asked for by two names, whatever the port', () => {
    expect(uotVersion({ host: 'sp.udp-over-tcp.arpa', port: 0 })).toBe(1);
    expect(uotVersion({ host: 'sp.v2.udp-over-tcp.arpa', port: 443 })).toBe(2);
    expect(uotVersion({ host: 'udp-over-tcp.arpa', port: 0 })).toBeUndefined();
  });

  it.each(rows)(
    'brings datagrams to %s, in version 1 at once and in version 2 behind a request',
    (_name, address, target) => {
      const two = bytes(address, sized, address, [0, 0]);
      const expected = [
        { ...target, text: 'hello' },
        { ...target, text: '' },
      ];
      for (const found of opened(1, two)) expect(found).toEqual(expected);
      const request = bytes([0], encodeTarget(target));
      for (const found of opened(2, bytes(request, two))) expect(found).toEqual(expected);
    },
  );

  it.each(rows)('brings datagrams to the only target, %s, without its address', (_name, _address, target) => {
    const stream = bytes([1], encodeTarget(target), sized, sized);
    for (const found of opened(2, stream)) {
      expect(found).toEqual([
        { ...target, text: 'hello' },
        { ...target, text: 'hello' },
      ]);
    }
  });

  it('takes answers back in the same form', () => {
    const [[, address, source]] = rows;
    expect(new UotCodec(1).seal(source, payload)).toEqual(bytes(address, sized));
    const connected = new UotCodec(2);
    connected.open(bytes([1], encodeTarget(source)));
    expect(connected.only).toEqual(source);
    expect(connected.seal(source, payload)).toEqual(bytes(sized));
  });

  it('leaves out what is addressed to nobody, and goes on', () => {
    const bad = [2, 3, ...Buffer.from('a b'), ...port];
    const portless = [0, 192, 0, 2, 1, 0, 0];
    for (const found of opened(1, bytes(bad, sized, portless, sized, rows[0][1], sized))) {
      expect(found).toEqual([{ ...rows[0][2], text: 'hello' }]);
    }
    for (const found of opened(2, bytes([1, 3, 3], Buffer.from('a b'), port, sized, sized)))
      expect(found).toEqual([]);
  });

  it.each([
    ['an unknown family', 1, [3], 'expected a family of 0 to 2, got 3'],
    ['an unknown request', 2, [2], 'expected 0 or 1, got 2'],
    ['an unknown ATYP', 2, [0, 2], 'expected a known ATYP, got 2'],
  ] as const)('ends at %s', (_name, version, start, message) => {
    expect(() => new UotCodec(version).open(Uint8Array.from(start))).toThrow(ProtocolError);
    expect(() => new UotCodec(version).open(Uint8Array.from(start))).toThrow(message);
  });

  it('seals what a length can say, and no more', () => {
    const codec = new UotCodec(1);
    expect(codec.open(codec.seal(rows[0][2], new Uint8Array(0xffff)))[0]?.payload).toHaveLength(0xffff);
    expect(() => codec.seal(rows[0][2], new Uint8Array(0x10000))).toThrow('expected at most 65535 bytes');
  });
});
