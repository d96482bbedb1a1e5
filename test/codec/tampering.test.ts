import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { RequestOpener, RequestSealer, ResponseOpener, ResponseSealer } from '../../shared/codec/stream.js';
import type { Cipher } from '../../shared/codec/stream.js';
import { AuthError } from '../../shared/errors.js';
import {
  allMethods,
  cipherFor,
  fixedEnvironment,
  flipBit,
  pattern,
  sealed,
  split,
  toHex,
} from '../support/codec.js';

const env = fixedEnvironment();
const target = { host: 'example.com', port: 443 };
const payloads = [pattern(20, 1), pattern(30, 2), pattern(3000, 3), pattern(5, 4)] as const;
const everything = concat([...payloads]);

/** A request and its payloads, a request that only opens, and a response, all with one key. */
function record(cipher: Cipher): {
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  readonly salt: Uint8Array;
} {
  const client = new RequestSealer(cipher, target, fixedEnvironment());
  const remote = new ResponseSealer(
    cipher,
    client.salt,
    fixedEnvironment([pattern(cipher.method.saltLength, 99)]),
  );
  return {
    request: sealed((out) => {
      for (const payload of payloads) client.seal(payload, out);
    }),
    response: sealed((out) => {
      for (const payload of payloads) remote.seal(payload, out);
    }),
    salt: client.salt,
  };
}

/** What a reader gets out of a stream before it fails, whether it failed, and whether the end looks clean. */
interface Reading {
  readonly released: Uint8Array;
  readonly error: unknown;
  readonly clean: boolean;
}

function readRequest(cipher: Cipher, bytes: Uint8Array, sizes: readonly number[] = []): Reading {
  const opening = new RequestOpener(cipher, env);
  const out: Uint8Array[] = [];
  try {
    const request = opening.open(bytes);
    if (request === undefined) return { released: concat([]), error: undefined, clean: bytes.length === 0 };
    out.push(request.payload);
    for (const part of split(bytes.subarray(request.consumed), sizes)) request.opener.open(part, out);
    return { released: concat([...out]), error: undefined, clean: request.opener.atBoundary };
  } catch (error) {
    return { released: concat([...out]), error, clean: false };
  }
}

function readResponse(
  cipher: Cipher,
  salt: Uint8Array,
  bytes: Uint8Array,
  sizes: readonly number[] = [],
): Reading {
  const opener = new ResponseOpener(cipher, salt, env, { endMarks: false });
  const out: Uint8Array[] = [];
  try {
    for (const part of split(bytes, sizes)) opener.open(part, out);
    return { released: concat([...out]), error: undefined, clean: opener.atBoundary };
  } catch (error) {
    return { released: concat([...out]), error, clean: false };
  }
}

/** Sums of the first payloads: all that a reader may ever have got. */
const prefixes = new Set([0, 20, 50, 3050, 3055]);

function expectPrefix(released: Uint8Array): void {
  expect(prefixes.has(released.length), `released ${released.length} bytes`).toBe(true);
  expect(toHex(released)).toBe(toHex(everything.subarray(0, released.length)));
}

describe.each(allMethods)('tampering with $name', (method) => {
  const cipher = cipherFor(method);
  const { request, response, salt } = record(cipher);

  test('what was recorded is read when it is left alone', () => {
    expect(toHex(readRequest(cipher, request).released)).toBe(toHex(everything));
    expect(toHex(readResponse(cipher, salt, response).released)).toBe(toHex(everything));
  });

  test('any flipped bit of a first flight is an AuthError that releases nothing (T-04)', () => {
    const { consumed } = new RequestOpener(cipher, env).open(request) ?? expect.fail('more was wanted');
    const flight = request.subarray(0, consumed);
    for (let bit = 0; bit < 8 * consumed; bit++) {
      const { released, error } = readRequest(cipher, flipBit(flight, bit));
      expect(error, `bit ${bit}`).toBeInstanceOf(AuthError);
      expect(released).toHaveLength(0);
    }
  });

  test('any flipped bit releases whole payloads before it and nothing behind it (T-13)', () => {
    fc.assert(
      fc.property(fc.nat(8 * request.length - 1), fc.array(fc.nat(500)), (bit, sizes) => {
        const { released, error } = readRequest(cipher, flipBit(request, bit), sizes);
        expect(error).toBeInstanceOf(AuthError);
        expectPrefix(released);
        expect(released.length).toBeLessThan(everything.length);
      }),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.nat(8 * response.length - 1), fc.array(fc.nat(500)), (bit, sizes) => {
        const { released, error } = readResponse(cipher, salt, flipBit(response, bit), sizes);
        expect(error).toBeInstanceOf(AuthError);
        expectPrefix(released);
        expect(released.length).toBeLessThan(everything.length);
      }),
      { numRuns: 300 },
    );
  });

  test('a stream cut anywhere looks clean only where a payload ends', () => {
    for (let length = 1; length <= response.length; length += length < 400 ? 1 : 17) {
      const { released, error, clean } = readResponse(cipher, salt, response.subarray(0, length));
      expect(error).toBeUndefined();
      expectPrefix(released);
      if (clean) expect(released.length).toBeGreaterThan(0);
    }
    const last = readResponse(cipher, salt, response.subarray(0, -1));
    expect(last.clean).toBe(false);
    expect(readRequest(cipher, request.subarray(0, -1)).clean).toBe(false);
  });

  test('chunks that are dropped, doubled or exchanged are an AuthError (T-13)', () => {
    const { consumed } = new RequestOpener(cipher, env).open(request) ?? expect.fail('more was wanted');
    const head = request.subarray(0, consumed);
    const second = request.subarray(consumed, consumed + 18 + 30 + 16);
    const rest = request.subarray(consumed + second.length);
    for (const parts of [
      [head, rest],
      [head, second, second, rest],
      [head, rest, second],
      [head, head, second, rest],
    ]) {
      const { released, error } = readRequest(cipher, concat(parts));
      expect(error).toBeInstanceOf(AuthError);
      expectPrefix(released);
    }
  });

  test('another key opens nothing', () => {
    const other = cipherFor(method, 'native', 8);
    expect(readRequest(other, request).error).toBeInstanceOf(AuthError);
    expect(readResponse(other, salt, response).error).toBeInstanceOf(AuthError);
  });

  test('random bytes of any length are an AuthError or too few (T-01)', () => {
    for (let length = 0; length <= 300; length++) {
      const { released, error } = readRequest(cipher, pattern(length, length));
      expect(released).toHaveLength(0);
      if (error !== undefined) expect(error).toBeInstanceOf(AuthError);
      else expect(length).toBeLessThan(method.saltLength + 27);
    }
  });

  test('a failure is told with nothing of key or payload in it', () => {
    const { error } = readRequest(cipher, flipBit(request, 8 * method.saltLength));
    const message = error instanceof Error ? error.message : expect.fail('no error');
    expect(message).toBe('tag: expected one made with our key, got another');
  });
});

test('a first flight of another method is refused, whichever two they are', () => {
  for (const one of allMethods) {
    for (const other of allMethods) {
      if (one === other) continue;
      const { request } = record(cipherFor(one));
      const { error, released } = readRequest(cipherFor(other), request);
      expect(error, `${one.name} read as ${other.name}`).toBeInstanceOf(AuthError);
      expect(released).toHaveLength(0);
    }
  }
});
