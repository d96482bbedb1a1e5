import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { parseIp } from '../../shared/codec/ip.js';
import { ProtocolError } from '../../shared/errors.js';
import { checkHostname } from '../../shared/proxy/hostname.js';
import { UotCodec, type UotVersion } from '../../shared/proxy/uot.js';
import { fuzzRuns } from '../support/fuzz.js';

const version = fc.constantFrom<UotVersion>(1, 2);

function openAll(version: UotVersion, pieces: readonly Uint8Array[]): unknown {
  const codec = new UotCodec(version);
  const found: unknown[] = [];
  try {
    for (const piece of pieces) found.push(...codec.open(piece));
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
  return found;
}

test('any bytes are datagrams to plain hosts or a ProtocolError, however they are cut', () => {
  const family = fc
    .tuple(fc.nat(4), fc.uint8Array({ maxLength: 30 }))
    .map(([type, rest]) => Uint8Array.of(type, ...rest));
  fc.assert(
    fc.property(version, fc.array(fc.oneof(family, fc.uint8Array({ maxLength: 60 }))), (version, pieces) => {
      const single = Array.from(concat(pieces), (byte) => Uint8Array.of(byte));
      const found = openAll(version, single);
      for (const { target } of found as { target: { host: string; port: number } }[]) {
        expect(target.port).toBeGreaterThan(0);
        expect(parseIp(target.host) ?? checkHostname(target.host)).not.toBeTypeOf('string');
      }
    }),
    { numRuns: fuzzRuns(1500) },
  );
});

test('what is sealed is opened, under any split', () => {
  const source = fc.record({
    host: fc.oneof(fc.ipV4(), fc.constant('2001:db8::1')),
    port: fc.integer({ min: 1, max: 0xffff }),
  });
  const datagrams = fc.array(fc.tuple(source, fc.uint8Array({ maxLength: 50 })), { maxLength: 6 });
  fc.assert(
    fc.property(datagrams, fc.integer({ min: 1, max: 70 }), (all, size) => {
      const sealed = concat(all.map(([from, payload]) => new UotCodec(1).seal(from, payload)));
      const pieces = Array.from({ length: Math.ceil(sealed.length / size) }, (_, at) =>
        sealed.subarray(at * size, (at + 1) * size),
      );
      expect(openAll(1, pieces)).toEqual(all.map(([target, payload]) => ({ target, payload })));
    }),
    { numRuns: fuzzRuns(1500) },
  );
});
