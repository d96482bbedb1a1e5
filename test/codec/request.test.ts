import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { encodeTarget, reservedTarget } from '../../shared/codec/address.js';
import type { Target } from '../../shared/codec/address.js';
import { RequestOpener, RequestSealer } from '../../shared/codec/stream.js';
import type { Cipher, OpenedRequest } from '../../shared/codec/stream.js';
import {
  allMethods,
  ascii,
  backends,
  cipherFor,
  fixedEnvironment,
  hex,
  methods2022,
  openAll,
  pattern,
  sealed,
  split,
  text,
  toHex,
  vectorTime,
} from '../support/codec.js';

const env = fixedEnvironment();
const target: Target = { host: 'example.com', port: 443 };

function requestOf(cipher: Cipher, ...payloads: readonly Uint8Array[]): Uint8Array {
  const request = new RequestSealer(cipher, target, fixedEnvironment());
  return sealed((out) => {
    if (payloads.length === 0) request.open(out);
    for (const payload of payloads) request.seal(payload, out);
  });
}

function openRequest(cipher: Cipher, bytes: Uint8Array): OpenedRequest {
  return new RequestOpener(cipher, env).open(bytes) ?? expect.fail('a whole request asked for more');
}

/** Everything a request says, header and all that follows. */
function payloadOf(cipher: Cipher, bytes: Uint8Array, sizes: readonly number[] = []): string {
  const request = openRequest(cipher, bytes);
  const rest = openAll(request.opener, split(bytes.subarray(request.consumed), sizes));
  return toHex(concat([request.payload, rest.plaintext]));
}

describe.each(backends)('requests, %s', (backend) => {
  describe.each(allMethods)('$name', (method) => {
    const cipher = cipherFor(method, backend);

    test('the first bytes go out with the header, in one piece', () => {
      const pieces: Uint8Array[] = [];
      const request = new RequestSealer(cipher, target, env);
      request.seal(ascii('hello'), pieces);
      expect(pieces).toHaveLength(1);
      const opened = openRequest(cipher, concat(pieces));
      expect(opened.target).toEqual(target);
      expect(text(opened.payload)).toBe('hello');
      expect(toHex(opened.salt)).toBe(toHex(request.salt));
      expect(opened.consumed).toBe(concat(pieces).length);
      expect(opened.timestamp).toBe(method.edition === 2022 ? vectorTime : undefined);
    });

    test('a header alone can go ahead', () => {
      const pieces: Uint8Array[] = [];
      const request = new RequestSealer(cipher, target, env);
      request.open(pieces);
      expect(pieces).toHaveLength(1);
      request.open(pieces);
      expect(pieces).toHaveLength(1);
      request.seal(ascii('later'), pieces);
      const opened = openRequest(cipher, concat(pieces));
      expect(opened.payload).toHaveLength(0);
      expect(text(openAll(opened.opener, pieces.slice(1)).plaintext)).toBe('later');
    });

    test('nothing is sent for an empty first payload', () => {
      const request = new RequestSealer(cipher, target, env);
      expect(
        sealed((out) => {
          request.seal(new Uint8Array(0), out);
        }),
      ).toHaveLength(0);
    });

    test('a request fed byte by byte asks for more until it is whole, and opens as the whole does', () => {
      for (const bytes of [requestOf(cipher, ascii('hello')), requestOf(cipher)]) {
        const whole = openRequest(cipher, bytes);
        const opener = new RequestOpener(cipher, env);
        const lent = Buffer.alloc(bytes.length);
        for (let length = 0; length < whole.consumed; length++) {
          lent.set(bytes.subarray(0, length));
          expect(opener.open(lent.subarray(0, length)), `after ${length} bytes`).toBeUndefined();
          // What an opener keeps of lent bytes must be its own.
          lent.fill(0xee);
        }
        const opened = opener.open(bytes.subarray(0, whole.consumed)) ?? expect.fail('more was wanted');
        expect(opened.target).toEqual(whole.target);
        expect(toHex(opened.payload)).toBe(toHex(whole.payload));
        expect(toHex(opened.salt)).toBe(toHex(whole.salt));
      }
    });

    test('a long first payload arrives whole, its chunks of nearly one size', () => {
      for (const length of [900, 2048, 16_383, 16_384, 16_385, 65_535, 65_536, 200_000]) {
        const payload = pattern(length);
        const bytes = requestOf(cipher, payload);
        expect(payloadOf(cipher, bytes)).toBe(toHex(payload));
        const { consumed } = openRequest(cipher, bytes);
        expect(consumed).toBeGreaterThan(Math.min(length, 8000));
        expect(consumed).toBeLessThan(17_000);
      }
    });

    test('an end mark is one only behind the reserved target', () => {
      for (const [to, ended] of [
        [reservedTarget, true],
        [target, false],
      ] as const) {
        const request = new RequestSealer(cipher, to, env);
        const bytes = sealed((out) => {
          request.seal(ascii('hello'), out);
          request.end(out);
        });
        const opened = openRequest(cipher, bytes);
        expect(text(opened.payload)).toBe('hello');
        expect(opened.opener.ended).toBe(false);
        openAll(opened.opener, [bytes.subarray(opened.consumed)]);
        expect(opened.opener.ended).toBe(ended);
        expect(opened.opener.atBoundary).toBe(true);
      }
    });

    test('the end and the cut of a request that said nothing come behind its header', () => {
      const ended = new RequestSealer(cipher, reservedTarget, env);
      const endBytes = sealed((out) => {
        ended.end(out);
      });
      const endOpener = openRequest(cipher, endBytes);
      openAll(endOpener.opener, [endBytes.subarray(endOpener.consumed)]);
      expect(endOpener.opener.ended).toBe(true);

      const cut = new RequestSealer(cipher, target, env);
      const cutBytes = sealed((out) => {
        cut.cut(out);
      });
      const cutOpener = openRequest(cipher, cutBytes);
      openAll(cutOpener.opener, [cutBytes.subarray(cutOpener.consumed)]);
      expect(cutOpener.opener.atBoundary).toBe(false);
    });

    test('the target may be anything that has an address', () => {
      for (const host of ['192.0.2.1', '2001:db8::1', 'a'.repeat(255)]) {
        const request = new RequestSealer(cipher, { host, port: 1 }, env);
        expect(
          openRequest(
            cipher,
            sealed((out) => {
              request.open(out);
            }),
          ).target,
        ).toEqual({ host, port: 1 });
      }
    });
  });
});

test.each(allMethods)('$name: whatever is said arrives, however it is cut', (method) => {
  const cipher = cipherFor(method);
  const said = fc.array(
    fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 50 }),
      fc.integer({ min: 1, max: 40_000 }).map((n) => pattern(n)),
    ),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  fc.assert(
    fc.property(said, fc.array(fc.nat(3000)), (payloads, sizes) => {
      expect(payloadOf(cipher, requestOf(cipher, ...payloads), sizes)).toBe(toHex(concat(payloads)));
    }),
    { numRuns: 30 },
  );
});

test('a salt of zeros is drawn again', () => {
  const cipher = cipherFor(allMethods[0] ?? expect.fail('no method'));
  const dice = [new Uint8Array(32), new Uint8Array(32), pattern(32)];
  expect(toHex(new RequestSealer(cipher, target, fixedEnvironment(dice)).salt)).toBe(toHex(pattern(32)));
});

describe.each(methods2022)('padding, $name', (method) => {
  const overhead = method.saltLength + 27 + encodeTarget(target).length + 2 + 16;

  /** The padding of a first flight with that payload, when the dice fall like that. */
  function paddingOf(payload: number, dice: string): number {
    const salt = pattern(method.saltLength);
    const request = new RequestSealer(cipherFor(method), target, fixedEnvironment([salt, hex(dice)]));
    const bytes = sealed((out) => {
      if (payload === 0) request.open(out);
      else request.seal(pattern(payload), out);
    });
    return bytes.length - overhead - payload;
  }

  test.each([
    [0, 1, 900],
    [1, 0, 899],
    [5, 0, 895],
    [899, 0, 1],
  ])('with a first payload of %i it is from %i to %i bytes', (payload, least, most) => {
    expect(paddingOf(payload, '00000000')).toBe(least);
    expect(paddingOf(payload, 'ffffffff')).toBe(most);
  });

  test.each([900, 901, 5000])('with a first payload of %i there is none', (payload) => {
    expect(paddingOf(payload, 'ffffffff')).toBe(0);
  });
});
