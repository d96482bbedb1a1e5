import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { RequestOpener, RequestSealer, ResponseOpener, ResponseSealer } from '../../shared/codec/stream.js';
import type { Cipher } from '../../shared/codec/stream.js';
import { AuthError } from '../../shared/errors.js';
import {
  allMethods,
  ascii,
  backends,
  byteByByte,
  cipherFor,
  fixedEnvironment,
  methods2017,
  methods2022,
  openAll,
  pattern,
  sealed,
  split,
  text,
  toHex,
  vectorTime,
} from '../support/codec.js';

const target = { host: 'example.com', port: 443 };
const env = fixedEnvironment();

function requestSalt(cipher: Cipher): Uint8Array {
  return pattern(cipher.method.saltLength, 42);
}

function responseOf(cipher: Cipher, ...payloads: readonly Uint8Array[]): Uint8Array {
  const response = new ResponseSealer(cipher, requestSalt(cipher), fixedEnvironment());
  return sealed((out) => {
    for (const payload of payloads) response.seal(payload, out);
  });
}

function openerFor(
  cipher: Cipher,
  seconds = vectorTime,
  salt: Uint8Array = requestSalt(cipher),
): ResponseOpener {
  return new ResponseOpener(cipher, salt, fixedEnvironment([], seconds), { endMarks: true });
}

describe.each(backends)('responses, %s', (backend) => {
  describe.each(allMethods)('$name', (method) => {
    const cipher = cipherFor(method, backend);

    test('nothing is said before the first payload', () => {
      const response = new ResponseSealer(cipher, requestSalt(cipher), env);
      const silence = sealed((out) => {
        response.seal(new Uint8Array(0), out);
        response.end(out);
      });
      expect(silence).toHaveLength(0);
      expect(openerFor(cipher).atBoundary).toBe(true);
    });

    test('a small first payload is one piece with salt and header, then come chunks and the end mark', () => {
      const response = new ResponseSealer(cipher, requestSalt(cipher), env);
      const pieces: Uint8Array[] = [];
      response.seal(ascii('hi'), pieces);
      expect(pieces).toHaveLength(1);
      expect(toHex(pieces[0]?.subarray(0, method.saltLength) ?? new Uint8Array(0))).toBe(
        toHex(response.salt),
      );
      response.seal(ascii('bye'), pieces);
      response.end(pieces);
      const opener = openerFor(cipher);
      expect(text(openAll(opener, pieces).plaintext)).toBe('hibye');
      expect(opener.ended).toBe(true);
      expect(opener.atBoundary).toBe(true);
    });

    test('payloads of all sizes arrive, whole and in portions', () => {
      for (const length of [1, 2048, 2049, 16_384, 16_385, 65_536, 200_000]) {
        const bytes = responseOf(cipher, pattern(length), pattern(3));
        const expected = toHex(concat([pattern(length), pattern(3)]));
        expect(toHex(openAll(openerFor(cipher), [bytes]).plaintext)).toBe(expected);
        expect(toHex(openAll(openerFor(cipher), split(bytes, [7, 30, 50, 1000, 9999])).plaintext)).toBe(
          expected,
        );
      }
    });

    test('fed byte by byte it is clean only at the ends of chunks', () => {
      const bytes = responseOf(cipher, ascii('hi'), ascii('bye'));
      const opener = openerFor(cipher);
      const clean: number[] = [];
      const out: Uint8Array[] = [];
      for (const [at, byte] of byteByByte(bytes).entries()) {
        expect(opener.open(byte, out)).toBe(1);
        if (opener.atBoundary) clean.push(at + 1);
      }
      expect(text(concat(out))).toBe('hibye');
      expect(clean.slice(-2)).toEqual([bytes.length - 18 - 3 - 16, bytes.length]);
      expect(clean).toHaveLength(2);
    });

    test('a cut never looks clean, neither before the first payload nor after', () => {
      for (const payloads of [[], [ascii('hi')]]) {
        const response = new ResponseSealer(cipher, requestSalt(cipher), env);
        const bytes = sealed((out) => {
          for (const payload of payloads) response.seal(payload, out);
          response.cut(out);
        });
        const opener = openerFor(cipher);
        expect(text(openAll(opener, [bytes]).plaintext)).toBe(payloads.length === 0 ? '' : 'hi');
        expect(opener.atBoundary).toBe(false);
        expect(opener.ended).toBe(false);
      }
    });

    test('a request served back to its client is refused', () => {
      const request = new RequestSealer(cipher, target, env);
      const bytes = sealed((out) => {
        request.seal(pattern(100), out);
      });
      const opener = openerFor(cipher, vectorTime, request.salt);
      expect(() => opener.open(bytes, [])).toThrow(AuthError);
    });
  });
});

test.each(allMethods)('$name: whatever is said arrives, however it is cut', (method) => {
  const cipher = cipherFor(method);
  const said = fc.array(fc.uint8Array({ minLength: 1, maxLength: 100 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(said, fc.array(fc.nat(60)), (payloads, sizes) => {
      const { plaintext } = openAll(openerFor(cipher), split(responseOf(cipher, ...payloads), sizes));
      expect(toHex(plaintext)).toBe(toHex(concat(payloads)));
    }),
  );
});

describe.each(methods2022)('what a client of $name refuses (T-06, T-12)', (method) => {
  const cipher = cipherFor(method);
  const bytes = responseOf(cipher, ascii('hi'));

  test.each([-30, -1, 0, 1, 30])('a clock that differs by %i s is near enough', (difference) => {
    const opener = openerFor(cipher, vectorTime + difference);
    expect(text(openAll(opener, [bytes]).plaintext)).toBe('hi');
  });

  test.each([
    [-31, '31 s ahead'],
    [31, '31 s behind'],
    [86_400, '86400 s behind'],
  ])('a clock that differs by %i s is told from other failures, with the difference', (difference, words) => {
    const out: Uint8Array[] = [];
    const attempt = (): unknown => openerFor(cipher, vectorTime + difference).open(bytes, out);
    expect(attempt).toThrow(AuthError);
    expect(attempt).toThrow(`timestamp: expected within 30 s of our clock, got ${words}`);
    expect(out).toHaveLength(0);
  });

  test('the response to another request is refused', () => {
    const other = openerFor(cipher, vectorTime, pattern(method.saltLength, 43));
    const out: Uint8Array[] = [];
    expect(() => other.open(bytes, out)).toThrow('expected the answer to our request');
    expect(() => other.open(bytes, out)).toThrow(AuthError);
    expect(out).toHaveLength(0);
  });

  test('a response sent to the remote is refused', () => {
    // Its fixed-length header is longer than that of a request, so it cannot even be opened.
    const long = responseOf(cipher, pattern(200));
    expect(() => new RequestOpener(cipher, env).open(long)).toThrow(AuthError);
  });

  test('a request of somebody else is refused', () => {
    const request = new RequestSealer(cipher, target, env);
    const foreign = sealed((out) => {
      request.seal(pattern(200), out);
    });
    expect(() => openerFor(cipher).open(foreign, [])).toThrow(AuthError);
  });
});

test.each(methods2017)(
  '$name: a response sent to the remote holds no address, or not the one meant',
  (method) => {
    const cipher = cipherFor(method);
    const bytes = responseOf(cipher, ascii('HTTP/1.1 200 OK\r\n'));
    expect(() => new RequestOpener(cipher, env).open(bytes)).toThrow('ATYP: expected 1, 3 or 4, got 72');
  },
);
