import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError } from '../../shared/errors.js';
import type { Handshake } from '../../shared/proxy/handshake.js';
import { byteByByte } from '../support/codec.js';
import { converse, cutAt, type Outcome } from '../support/handshake.js';

/** One side of one protocol, and what its peer may say to it. */
export interface HandshakeUnderTest {
  readonly start: () => Handshake<unknown>;
  /** All that a peer says until the handshake is done, well or badly: one conversation each. */
  readonly said: readonly Uint8Array[];
  /** The most bytes it ever has to hold before it is done. */
  readonly longest: number;
}

/** What every handshake has to do, whichever protocol it speaks and on whichever side. */
export function handshakeContract({ start, said, longest }: HandshakeUnderTest): void {
  const rubbish = fc.uint8Array({ maxLength: 600 });
  const nearly = fc
    .tuple(fc.constantFrom(...said), fc.nat(600), rubbish)
    .map(([whole, cut, tail]) => Uint8Array.from([...whole.subarray(0, cut % (whole.length + 1)), ...tail]));
  const anything = fc.oneof(rubbish, nearly);
  const trailing = Uint8Array.of(0x47, 0x45, 0x54);

  describe.each(said.map((bytes) => [Buffer.from(bytes).toString('hex'), bytes] as const))(
    'told %s',
    (_, bytes) => {
      const whole = converse(start(), [bytes]);

      test('it comes to the same whole, byte by byte and with bytes behind', () => {
        expect(whole.waiting).toBe(false);
        expect(whole.rest).toHaveLength(0);
        expect(converse(start(), byteByByte(bytes))).toEqual(whole);
        expect(converse(start(), [bytes, trailing])).toEqual({ ...whole, rest: trailing });
        expect(converse(start(), [Uint8Array.from([...bytes, ...trailing])])).toEqual({
          ...whole,
          rest: trailing,
        });
      });

      test('it waits at every byte before the last, and has written no more than it will', () => {
        for (let length = 0; length < bytes.length; length++) {
          const { waiting, written } = converse(start(), [bytes.subarray(0, length)]);
          expect(waiting).toBe(true);
          expect(whole.written.subarray(0, written.length)).toEqual(written);
        }
      });
    },
  );

  test('any bytes come to the same under any split, and to nothing worse than a protocol error', () => {
    fc.assert(
      fc.property(anything, fc.array(fc.nat(600), { maxLength: 8 }), (bytes, places) => {
        const whole = settled(converse(start(), [bytes]));
        if (whole.error !== undefined) expect(whole.error).toBeInstanceOf(ProtocolError);
        expect(settled(converse(start(), cutAt(bytes, places)))).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });

  test('it never waits for more than the longest conversation there is', () => {
    fc.assert(
      fc.property(anything, (bytes) => {
        if (converse(start(), [bytes]).waiting) expect(bytes.length).toBeLessThan(longest);
      }),
    );
  });
}

/** While a handshake waits, what it has not taken yet is no result of it: that depends on the split. */
function settled(outcome: Outcome<unknown>): Partial<Outcome<unknown>> {
  return outcome.waiting ? { ...outcome, rest: new Uint8Array(0) } : outcome;
}
