import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat, writeU16 } from '../../shared/bytes.js';
import { cipherBackends } from '../../shared/codec/aead.js';
import type { Aead } from '../../shared/codec/aead.js';
import { ChunkOpener, ChunkSealer } from '../../shared/codec/chunks.js';
import { NonceCounter } from '../../shared/codec/nonce.js';
import { AuthError, ProtocolError } from '../../shared/errors.js';
import { byteByByte, openAll, pattern, sealed, split, toHex } from '../support/codec.js';

const aead: Aead = cipherBackends.native('aes-128-gcm', pattern(16));
const large = 0xffff;

function opener(endMarks = false, maxPayload = large): ChunkOpener {
  return new ChunkOpener(aead, maxPayload, { endMarks });
}

/** The payload sizes of the chunks in a sealed stream. */
function sizesOf(bytes: Uint8Array): number[] {
  const nonce = new NonceCounter(new Uint8Array(12));
  const sizes: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = aead.open(nonce.take(), bytes.subarray(at, at + 2), bytes.subarray(at + 2, at + 18));
    const size = ((length[0] ?? 0) << 8) | (length[1] ?? 0);
    nonce.take();
    sizes.push(size);
    at += 18 + size + 16;
  }
  return sizes;
}

/** A length chunk with any number in it, then nothing. */
function lengthOf(value: number): Uint8Array {
  const plain = new Uint8Array(2);
  writeU16(plain, 0, value);
  const { body, tag } = aead.seal(new Uint8Array(12), plain);
  return concat([body, tag]);
}

describe('sealing chunks', () => {
  test('a payload is split evenly, never into a full chunk and a crumb', () => {
    const bulk = new ChunkSealer(aead, large);
    const bytes = sealed((out) => {
      for (let early = 0; early < 16; early++) bulk.seal(pattern(0x4000), out);
      bulk.seal(pattern(65_536), out);
      bulk.seal(pattern(65_535), out);
      bulk.seal(pattern(200_001), out);
    });
    expect(sizesOf(bytes).slice(16)).toEqual([32_768, 32_768, 65_535, 50_001, 50_001, 50_001, 49_998]);
  });

  test('chunks are small at the beginning of a flow and large once it is bulk', () => {
    const sealer = new ChunkSealer(aead, large);
    const bytes = sealed((out) => {
      for (let piece = 0; piece < 6; piece++) sealer.seal(pattern(0x10000), out);
    });
    expect(sizesOf(bytes)).toEqual([
      ...new Array<number>(16).fill(0x4000),
      ...new Array<number>(4).fill(0x8000),
    ]);
  });

  test('no chunk is longer than the 2017 edition allows', () => {
    const sealer = new ChunkSealer(aead, 0x3fff);
    const bytes = sealed((out) => {
      sealer.seal(pattern(0x4000), out);
      sealer.seal(pattern(0x3fff), out);
    });
    expect(sizesOf(bytes)).toEqual([0x2000, 0x2000, 0x3fff]);
  });

  test('a small payload is one piece, a large one is not copied together with its framing', () => {
    const sealer = new ChunkSealer(aead, large);
    const pieces: Uint8Array[] = [];
    sealer.seal(pattern(2048), pieces);
    expect(pieces.map(({ length }) => length)).toEqual([18 + 2048 + 16]);
    pieces.length = 0;
    sealer.seal(pattern(40_000), pieces);
    expect(pieces.map(({ length }) => length)).toEqual([18, 13_334, 34, 13_334, 34, 13_332, 16]);
  });

  test('an empty payload is nothing, for it would read as an end mark', () => {
    const sealer = new ChunkSealer(aead, large);
    expect(
      sealed((out) => {
        sealer.seal(new Uint8Array(0), out);
      }),
    ).toHaveLength(0);
  });

  test('the payload is lent', () => {
    for (const length of [100, 5000]) {
      const payload = pattern(length);
      const pieces: Uint8Array[] = [];
      new ChunkSealer(aead, large).seal(payload, pieces);
      payload.fill(0);
      expect(toHex(openAll(opener(), pieces).plaintext)).toBe(toHex(pattern(length)));
    }
  });
});

describe('opening chunks', () => {
  const payloads = [pattern(1), pattern(2048), pattern(2049), pattern(40_000), pattern(17)];
  const stream = sealed((out) => {
    const sealer = new ChunkSealer(aead, large);
    for (const payload of payloads) sealer.seal(payload, out);
  });
  const plaintext = toHex(concat(payloads));

  test('what was sealed is opened, whole and byte by byte', () => {
    for (const portions of [[stream], byteByByte(stream)]) {
      const chunks = opener();
      expect(toHex(openAll(chunks, portions).plaintext)).toBe(plaintext);
      expect(chunks.atBoundary).toBe(true);
      expect(chunks.ended).toBe(false);
    }
  });

  test('what was sealed is opened under any split', () => {
    const sizes = fc.array(fc.oneof(fc.nat(40), fc.nat(5000)), { maxLength: 60 });
    const inputs = fc.array(
      fc.oneof(
        fc.uint8Array({ maxLength: 100 }),
        fc.nat(9000).map((n) => pattern(n)),
      ),
    );
    fc.assert(
      fc.property(inputs, sizes, fc.constantFrom(0x3fff, large), (inputsOfRun, cuts, maxPayload) => {
        const sealer = new ChunkSealer(aead, maxPayload);
        const bytes = sealed((out) => {
          for (const input of inputsOfRun) sealer.seal(input, out);
          sealer.end(out);
        });
        const chunks = opener(true, maxPayload);
        const opened = openAll(chunks, split(bytes, cuts));
        expect(opened.consumed).toBe(bytes.length);
        expect(chunks.ended).toBe(true);
        expect(toHex(opened.plaintext)).toBe(toHex(concat([...inputsOfRun, new Uint8Array(0)])));
      }),
      { numRuns: 60 },
    );
  });

  test('the bytes of a large chunk are released by its tag and not before', () => {
    const bytes = sealed((out) => {
      new ChunkSealer(aead, large).seal(pattern(10_000), out);
    });
    const chunks = opener();
    const out: Uint8Array[] = [];
    chunks.open(bytes.subarray(0, -1), out);
    expect(out).toHaveLength(0);
    chunks.open(bytes.subarray(-1), out);
    expect(toHex(concat(out))).toBe(toHex(pattern(10_000)));
  });

  test('an end mark stops the opener right behind it', () => {
    const sealer = new ChunkSealer(aead, large);
    const bytes = sealed((out) => {
      sealer.seal(pattern(5), out);
      sealer.end(out);
      sealer.seal(pattern(7), out);
    });
    const chunks = opener(true);
    const { plaintext: before, consumed } = openAll(chunks, [bytes]);
    expect(toHex(before)).toBe(toHex(pattern(5)));
    expect(consumed).toBe(18 + 5 + 16 + 34);
    expect(chunks.ended).toBe(true);
    expect(chunks.open(bytes.subarray(consumed), [])).toBe(0);
  });

  test('on the standard wire 16 empty chunks in a row are skipped, and the 17th is a ProtocolError', () => {
    const sealer = new ChunkSealer(aead, large);
    const empties = (count: number): Uint8Array =>
      sealed((out) => {
        for (let each = 0; each < count; each++) sealer.end(out);
      });
    const chunks = opener();
    expect(openAll(chunks, [empties(16)]).plaintext).toHaveLength(0);
    expect(
      openAll(chunks, [
        sealed((out) => {
          sealer.seal(pattern(3), out);
        }),
      ]).plaintext,
    ).toHaveLength(3);
    expect(openAll(chunks, [empties(16)]).plaintext).toHaveLength(0);
    expect(chunks.ended).toBe(false);
    expect(() => openAll(chunks, [empties(1)])).toThrow(ProtocolError);
  });

  test.each([0x4000, 0x8001, 0xffff])(
    'a 2017 length of %i is authentic, so it is a ProtocolError',
    (length) => {
      expect(() => opener(false, 0x3fff).open(lengthOf(length), [])).toThrow(ProtocolError);
      expect(opener(false, large).open(lengthOf(length), [])).toBe(18);
    },
  );

  test('a cut never looks clean', () => {
    const bytes = sealed((out) => {
      new ChunkSealer(aead, large).cut(out);
    });
    const chunks = opener();
    expect(openAll(chunks, [bytes]).plaintext).toHaveLength(0);
    expect(chunks.atBoundary).toBe(false);
  });

  test('a stream that ends inside a chunk is not at a boundary', () => {
    const bytes = sealed((out) => {
      const sealer = new ChunkSealer(aead, large);
      sealer.seal(pattern(9), out);
      sealer.seal(pattern(4), out);
    });
    const boundaries = new Set([0, 18 + 9 + 16, bytes.length]);
    for (let length = 0; length <= bytes.length; length++) {
      const chunks = opener();
      openAll(chunks, [bytes.subarray(0, length)]);
      expect(chunks.atBoundary, `after ${length} bytes`).toBe(boundaries.has(length));
    }
  });

  test('an opener can begin inside a chunk whose length is known', () => {
    const nonce = new NonceCounter(new Uint8Array(12));
    const sealer = new ChunkSealer(aead, large, { nonce });
    const { body, tag } = sealer.sealPayload(pattern(30));
    const rest = sealed((out) => {
      sealer.seal(pattern(4), out);
    });
    const chunks = new ChunkOpener(aead, large, { endMarks: false, firstLength: 30 });
    expect(chunks.atBoundary).toBe(false);
    const { plaintext: opened } = openAll(chunks, byteByByte(concat([body, tag, rest])));
    expect(toHex(opened)).toBe(toHex(concat([pattern(30), pattern(4)])));
  });

  test('after a bad chunk nothing is opened any more, not even what fits the next nonce', () => {
    const nonce = new NonceCounter(new Uint8Array(12));
    nonce.take();
    const next = sealed((out) => {
      new ChunkSealer(aead, large, { nonce }).seal(pattern(5), out);
    });
    const chunks = opener();
    expect(() => chunks.open(new Uint8Array(18), [])).toThrow(AuthError);
    const out: Uint8Array[] = [];
    expect(() => chunks.open(next, out)).toThrow(AuthError);
    expect(out).toHaveLength(0);
  });
});
