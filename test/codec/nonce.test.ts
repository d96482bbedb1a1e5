import { expect, test } from 'vitest';
import { NonceCounter } from '../../shared/codec/nonce.js';

/** A counter of that width whose first nonce is `first`. */
function counterAt(width: number, first: bigint): NonceCounter {
  return new NonceCounter(littleEndian(width, first));
}

function littleEndian(width: number, value: bigint): Uint8Array {
  return Uint8Array.from({ length: width }, (_, at) => Number((value >> BigInt(8 * at)) & 0xffn));
}

test.each([12, 24])('a nonce of %i bytes begins at zero and counts up, little-endian', (width) => {
  const counter = counterAt(width, 0n);
  for (let value = 0n; value < 1000n; value++) expect(counter.take()).toEqual(littleEndian(width, value));
});

test.each([8, 16, 32, 53, 64, 95])('it carries over 2^%i', (power) => {
  const counter = counterAt(12, 2n ** BigInt(power) - 1n);
  expect(counter.take()).toEqual(littleEndian(12, 2n ** BigInt(power) - 1n));
  expect(counter.take()).toEqual(littleEndian(12, 2n ** BigInt(power)));
  expect(counter.take()).toEqual(littleEndian(12, 2n ** BigInt(power) + 1n));
});

test('24 bytes carry over 2^96', () => {
  const counter = counterAt(24, 2n ** 96n - 1n);
  counter.take();
  expect(counter.take()).toEqual(littleEndian(24, 2n ** 96n));
});

test.each([12, 24])('%i bytes stop after the last nonce instead of beginning again', (width) => {
  const last = 2n ** BigInt(8 * width) - 1n;
  const counter = counterAt(width, last - 1n);
  counter.take();
  expect(counter.take()).toEqual(littleEndian(width, last));
  expect(() => counter.take()).toThrow(RangeError);
  expect(() => counter.take()).toThrow(RangeError);
});
