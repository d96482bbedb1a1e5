import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joined, roomFor } from '../../shared/codec/room.js';
import { toHex } from '../support/codec.js';

test('each gets zeros of its own, however many have written into theirs', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20_000), { maxLength: 40 }), (lengths) => {
      const rooms = lengths.map((length, index) => {
        const room = roomFor(length);
        expect(room.length).toBe(length);
        expect(room.every((byte) => byte === 0)).toBe(true);
        return room.fill(index + 1);
      });
      rooms.forEach((room, index) => {
        expect(room.every((byte) => byte === index + 1)).toBe(true);
      });
    }),
    { numRuns: 30 },
  );
});

test('pieces are joined in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 50 })), (pieces) => {
      expect(toHex(joined(...pieces))).toBe(toHex(Uint8Array.from(pieces.flatMap((piece) => [...piece]))));
    }),
  );
});

test('a lone piece is copied: what comes back is owned', () => {
  const piece = Uint8Array.of(1, 2);
  expect(joined(piece)).not.toBe(piece);
});
