import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { entropyOf, type Exemption, judgeFirstPacket } from '../../shared/codec/first-packet.js';
import { ascii, hex } from '../support/codec.js';

/** The payload of the paper's artifact. */
const random = hex(
  'dadd034913c52da75fd9f05dc76803917134808efed97ef8884f2151b712f60fed634f609f132033a15b77ed3ccaa2d20f5b',
);
const before = (start: Uint8Array): Uint8Array => concat([start, random]);

/** `length` bytes with `bits` bits set in all, none of them printable: 0x80 and up, or below 0x20. */
function withBits(length: number, bits: number): Uint8Array {
  const bytes = new Uint8Array(length);
  // 1f has 5 bits, 9f 6, 0 none: any sum can be had without a printable byte.
  const steps = [0x00, 0x01, 0x03, 0x07, 0x0f, 0x1f, 0x9f, 0xdf, 0xff];
  const base = Math.floor(bits / length);
  bytes.fill(steps[base] ?? 0);
  for (let at = 0; at < bits - base * length; at++) bytes[at] = steps[base + 1] ?? 0;
  return bytes;
}

/** Bytes of 4.1 bits on average without a printable one, and `run` printable ones in their middle. */
function withRun(run: number): Uint8Array {
  const side = withBits(200, 820);
  return concat([side, ascii('7'.repeat(run)), side]);
}

/** 100 bytes, `printable` of them printable but never two in a row unless there are more than 50. */
function withPrintable(printable: number): Uint8Array {
  const bytes = withBits(100, 410);
  // 0x37 has 5 bits: the average stays within the band.
  for (let at = 0; at < printable; at++)
    bytes[at < 50 ? 2 * at + 1 : 2 * (at - 50)] = at % 2 === 0 ? 0x37 : 0x33;
  return bytes;
}

const rows: readonly (readonly [
  what: string,
  bytes: Uint8Array,
  verdict: string,
  why: readonly Exemption[],
])[] = [
  ['the random payload', random, 'eligible', []],
  ['6 printable bytes before it', before(ascii('aaaaaa')), 'exempt', ['printable-start']],
  ['5 printable bytes before it', before(ascii('aaaaa')), 'eligible', []],
  ['a TLS handshake', before(hex('160309')), 'exempt', ['protocol']],
  ['TLS application data', before(hex('170303')), 'exempt', ['protocol']],
  ['TLS 0a, of which comment and code think otherwise', before(hex('16030a')), 'ambiguous', []],
  ['TLS 0f, of which comment and code think otherwise', before(hex('16030f')), 'ambiguous', []],
  ['TLS 10', before(hex('160310')), 'eligible', []],
  ['a TLS alert', before(hex('150303')), 'eligible', []],
  ['GET', before(ascii('GET ')), 'exempt', ['protocol']],
  ['PUT', before(ascii('PUT ')), 'exempt', ['protocol']],
  ['HEAD', before(ascii('HEAD ')), 'exempt', ['protocol']],
  ['POST', before(ascii('POST ')), 'exempt', ['protocol']],
  ['GETx', before(ascii('GETx')), 'eligible', []],
  ['CONNECT', before(ascii('CONNECT ')), 'exempt', ['printable-start']],
  ['20 printable bytes in a row', withRun(20), 'eligible', []],
  ['21 printable bytes in a row', withRun(21), 'exempt', ['printable-run']],
  ['50 of 100 bytes printable', withPrintable(50), 'eligible', []],
  ['340 of 800 bits', withBits(100, 340), 'exempt', ['popcount']],
  ['341 of 800 bits', withBits(100, 341), 'eligible', []],
  ['459 of 800 bits', withBits(100, 459), 'eligible', []],
  ['460 of 800 bits', withBits(100, 460), 'exempt', ['popcount']],
  ['nothing but zeros', new Uint8Array(50), 'exempt', ['popcount']],
];

describe('the first packet', () => {
  test.each(rows)('%s', (_what, bytes, verdict, exemptions) => {
    expect(judgeFirstPacket(bytes)).toMatchObject({ verdict, exemptions });
  });

  test('51 of 100 bytes printable', () => {
    expect(judgeFirstPacket(withPrintable(51))).toMatchObject({ verdict: 'exempt', printable: 51 });
    expect(judgeFirstPacket(withPrintable(51)).exemptions).toContain('printable-half');
  });

  test.each([
    ['', 205, 50],
    ['616161616161', 223, 56],
    ['6161616161', 220, 55],
    ['160309', 212, 53],
    ['170303', 213, 53],
    ['16030f', 214, 53],
    ['160310', 211, 53],
    ['47455478', 219, 54],
    ['434f4e4e45435420', 231, 58],
  ])('%s before the random payload has the bits of the published table', (start, setBits, length) => {
    expect(judgeFirstPacket(before(hex(start)))).toMatchObject({ setBits, length });
  });

  test('is only what fits into one segment', () => {
    const bytes = concat([withBits(100, 410), ascii('x'.repeat(400))]);
    expect(judgeFirstPacket(bytes)).toMatchObject({ length: 500, verdict: 'exempt' });
    expect(judgeFirstPacket(bytes, 100)).toMatchObject({ length: 100, verdict: 'eligible' });
    expect(judgeFirstPacket(new Uint8Array(3000)).length).toBe(1460);
  });

  test('is judged the same whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
        const report = judgeFirstPacket(bytes);
        const isPrintable = (byte: number): boolean => byte >= 0x20 && byte <= 0x7e;
        const text = Array.from(bytes, (byte) => (isPrintable(byte) ? 'p' : '-')).join('');
        expect(report.printable).toBe(text.replaceAll('-', '').length);
        expect(report.printableStart).toBe((/^p*/.exec(text)?.[0] ?? '').length);
        expect(report.printableRun).toBe(Math.max(...text.split('-').map((run) => run.length)));
        const bits = Array.from(bytes, (byte) => byte.toString(2).replaceAll('0', '')).join('').length;
        expect(report.setBits).toBe(bits);
        expect(report.verdict === 'exempt').toBe(report.exemptions.length > 0);
      }),
    );
  });
});

test('the entropy of bytes is between that of one value and that of all', () => {
  expect(entropyOf(new Uint8Array(100))).toBe(0);
  expect(entropyOf(Uint8Array.from({ length: 512 }, (_, at) => at & 0xff))).toBe(8);
});
