/** Lengths of chunks against the cipher that they are a special case of. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { cipherBackends } from '../../shared/codec/aead.js';
import { type Lengths, PlainLengths } from '../../shared/codec/lengths.js';
import { NonceCounter } from '../../shared/codec/nonce.js';
import { AuthError } from '../../shared/errors.js';
import { flipBit, hex, toHex } from '../support/codec.js';

const { native, noble } = cipherBackends;
/** So many that the masks have to be made anew several times. */
const many = 120;

/** The nonces of lengths, from `first` on: the ones between them belong to the payloads. */
function* nonces(first: Uint8Array = new Uint8Array(12)): Generator<Uint8Array> {
  const counter = new NonceCounter(Uint8Array.from(first));
  for (;;) {
    yield Uint8Array.from(counter.take());
    counter.take();
  }
}

function sealed(lengths: Pick<Lengths, 'seal'>, nonce: Uint8Array, length: number): Uint8Array {
  const frame = new Uint8Array(18 + 3);
  lengths.seal(nonce, length, frame, 3);
  expect([...frame.subarray(0, 3)]).toEqual([0, 0, 0]);
  return frame.subarray(3);
}

describe.each([
  ['aes-128-gcm', 16],
  ['aes-256-gcm', 32],
] as const)('a length under %s', (name, keyLength) => {
  const anyKey = fc.uint8Array({ minLength: keyLength, maxLength: keyLength });
  const anyNonce = fc.uint8Array({ minLength: 12, maxLength: 12 }).map((bytes) => {
    // A counter that would come to its end within the test.
    if (bytes.every((byte) => byte === 0xff)) bytes[11] = 0;
    return bytes;
  });

  it('is sealed as any message is, at whatever place in a stream', () => {
    fc.assert(
      fc.property(
        anyKey,
        anyNonce,
        fc.array(fc.nat(0xffff), { minLength: many, maxLength: many }),
        (key, first, all) => {
          const [ours, theirs] = [native(name, key).lengths(), native(name, key)];
          const counter = nonces(first);
          for (const length of all) {
            const nonce = counter.next().value as Uint8Array;
            const { body, tag } = theirs.seal(nonce, Uint8Array.of(length >>> 8, length & 0xff));
            expect(toHex(sealed(ours, nonce, length))).toBe(toHex(concat([body, tag])));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('is sealed as the reference seals it, and read by it', () => {
    const key = hex('0f'.repeat(keyLength));
    const [ours, reader, theirs] = [
      native(name, key).lengths(),
      native(name, key).lengths(),
      noble(name, key).lengths(),
    ];
    const counter = nonces();
    for (let length = 0; length < 0xffff; length += 997) {
      const nonce = counter.next().value as Uint8Array;
      const one = sealed(ours, nonce, length);
      expect(toHex(one)).toBe(toHex(sealed(theirs, nonce, length)));
      expect(theirs.open(nonce, one)).toBe(length);
      expect(reader.open(nonce, one)).toBe(length);
    }
  });

  it('is right for a nonce that nobody expected, too', () => {
    fc.assert(
      fc.property(anyKey, fc.array(anyNonce, { minLength: 20, maxLength: 50 }), (key, all) => {
        const [ours, theirs] = [native(name, key).lengths(), new PlainLengths(native(name, key))];
        for (const nonce of all)
          expect(toHex(sealed(ours, nonce, 0x1234))).toBe(toHex(sealed(theirs, nonce, 0x1234)));
      }),
    );
  });

  it('is refused with any bit flipped, early and late in a stream', () => {
    const key = hex('a5'.repeat(keyLength));
    for (const before of [0, many]) {
      for (let bit = 0; bit < 18 * 8; bit++) {
        const [ours, reader] = [native(name, key).lengths(), native(name, key).lengths()];
        const counter = nonces();
        for (let at = 0; at < before; at++) {
          const nonce = counter.next().value as Uint8Array;
          expect(reader.open(nonce, sealed(ours, nonce, at))).toBe(at);
        }
        const nonce = counter.next().value as Uint8Array;
        const one = flipBit(sealed(ours, nonce, 0x2345), bit);
        expect(() => reader.open(nonce, one)).toThrow(AuthError);
      }
    }
  });
});
