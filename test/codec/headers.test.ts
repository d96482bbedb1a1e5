import { describe, expect, test } from 'vitest';
import { concat, writeU16 } from '../../shared/bytes.js';
import { encodeTarget, reservedTarget } from '../../shared/codec/address.js';
import { createSession, sealMessage } from '../../shared/codec/session.js';
import { RequestOpener, ResponseOpener } from '../../shared/codec/stream.js';
import type { Cipher, OpenedRequest } from '../../shared/codec/stream.js';
import { AuthError, ProtocolError } from '../../shared/errors.js';
import {
  ascii,
  cipherFor,
  fixedEnvironment,
  hex,
  methods2017,
  methods2022,
  openAll,
  pattern,
  text,
  vectorTime,
} from '../support/codec.js';

const env = fixedEnvironment();
const target = { host: 'example.com', port: 443 };
const address = encodeTarget(target);

/** A stream whose messages are sealed with the right key, whatever they say. */
function craft(cipher: Cipher, messages: readonly Uint8Array[]): Uint8Array {
  const salt = pattern(cipher.method.saltLength);
  const session = createSession(cipher, salt);
  return concat([salt, ...messages.map((message) => sealMessage(session, message))]);
}

function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  writeU16(bytes, 0, value);
  return bytes;
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

/** The bytes of a zero-filled padding and the length that goes before it. */
function padded(length: number): Uint8Array {
  return concat([u16(length), new Uint8Array(length)]);
}

const now = BigInt(vectorTime);

describe.each(methods2022)('requests sealed with the right key, $name', (method) => {
  const cipher = cipherFor(method);
  const good = concat([address, padded(3)]);

  function requestWith(variable: Uint8Array, fixed: { type?: number; timestamp?: bigint } = {}): Uint8Array {
    const { type = 0, timestamp = now } = fixed;
    return craft(cipher, [concat([Uint8Array.of(type), u64(timestamp), u16(variable.length)]), variable]);
  }

  function open(bytes: Uint8Array): OpenedRequest | undefined {
    return new RequestOpener(cipher, env).open(bytes);
  }

  test.each([-30n, 0n, 30n])('a timestamp %d s from our own is accepted (T-12)', (difference) => {
    expect(open(requestWith(good, { timestamp: now + difference }))?.timestamp).toBe(
      Number(now + difference),
    );
  });

  test.each([
    [now - 31n, '31 s behind'],
    [now + 31n, '31 s ahead'],
    [0n, '1700000000 s behind'],
    [2n ** 63n, '9223372035154775808 s ahead'],
    [2n ** 64n - 1n, '18446744072009551615 s ahead'],
    [now + 2n ** 53n, '9007199254740992 s ahead'],
    [now + 2n ** 32n, '4294967296 s ahead'],
  ])('a timestamp of %d is refused, to the second (T-12)', (timestamp, words) => {
    const attempt = (): unknown => open(requestWith(good, { timestamp }));
    expect(attempt).toThrow(AuthError);
    expect(attempt).toThrow(words);
    expect(attempt).toThrow(expect.objectContaining({ code: 'clock' }));
  });

  test('our own fraction of a second does not widen the window', () => {
    const late = { ...env, now: () => vectorTime * 1000 + 999 };
    const request = requestWith(good, { timestamp: now - 30n });
    expect(new RequestOpener(cipher, late).open(request)).toBeDefined();
    expect(() => new RequestOpener(cipher, late).open(requestWith(good, { timestamp: now - 31n }))).toThrow(
      AuthError,
    );
  });

  test.each([1, 2, 255])('type %i is refused', (type) => {
    const attempt = (): unknown => open(requestWith(good, { type }));
    expect(attempt).toThrow(AuthError);
    expect(attempt).toThrow(`header type: expected 0, got ${type}`);
  });

  test.each([
    ['neither padding nor payload', concat([address, padded(0)]), 'expected padding or payload'],
    [
      'padding that leaves the header',
      concat([address, u16(4), new Uint8Array(3)]),
      'padding: expected at most 3',
    ],
    ['padding of 65,535 in a short header', concat([address, u16(0xffff), new Uint8Array(8)]), 'got 65535'],
    ['half a padding length', concat([address, hex('00')]), 'expected a whole target'],
    ['no padding length', address, 'expected a whole target'],
    ['half an address', address.subarray(0, 9), 'expected a whole target'],
    ['nothing', new Uint8Array(0), 'expected a whole target'],
    ['an unknown ATYP', concat([hex('13'), good.subarray(1)]), 'ATYP: expected 1, 3 or 4, got 19'],
    ['a domain of no bytes', concat([hex('030001bb'), padded(3)]), 'target domain'],
    ['a domain with a NUL', concat([hex('03036100620050'), padded(3)]), 'NUL'],
    ['port 0', concat([encodeTarget({ ...target, port: 0 }), padded(3)]), 'target port: expected 1 to 65535'],
  ])('%s is an AuthError like any other', (_, variable, words) => {
    const attempt = (): unknown => open(requestWith(variable));
    expect(attempt).toThrow(AuthError);
    expect(attempt).toThrow(words);
  });

  test('padding beyond what clients send is accepted, and not looked at', () => {
    for (const length of [901, 5000, 65_535 - address.length - 2]) {
      const variable = concat([address, u16(length), pattern(length)]);
      expect(open(requestWith(variable))?.payload).toHaveLength(0);
    }
    expect(text(open(requestWith(concat([good, ascii('hi')])))?.payload ?? hex(''))).toBe('hi');
  });

  test('a header of the greatest length is awaited to its last byte', () => {
    const bytes = requestWith(concat([address, u16(0), pattern(65_535 - address.length - 2)]));
    const opener = new RequestOpener(cipher, env);
    expect(opener.open(bytes.subarray(0, -1))).toBeUndefined();
    expect(opener.open(bytes)?.payload).toHaveLength(65_535 - address.length - 2);
  });

  test('a response that announces nothing is refused', () => {
    const requestSalt = pattern(method.saltLength, 42);
    const bytes = craft(cipher, [concat([Uint8Array.of(1), u64(now), requestSalt, u16(0)])]);
    const opener = new ResponseOpener(cipher, requestSalt, env, { endMarks: false });
    expect(() => opener.open(bytes, [])).toThrow('first payload of 1 byte or more');
  });

  test.each([0, 2])('a response of type %i is refused', (type) => {
    const requestSalt = pattern(method.saltLength, 42);
    const bytes = craft(cipher, [concat([Uint8Array.of(type), u64(now), requestSalt, u16(1)])]);
    const opener = new ResponseOpener(cipher, requestSalt, env, { endMarks: false });
    expect(() => opener.open(bytes, [])).toThrow(`header type: expected 1, got ${type}`);
  });
});

describe.each(methods2017)('requests sealed with the right key, $name', (method) => {
  const cipher = cipherFor(method);

  function chunked(...payloads: readonly Uint8Array[]): Uint8Array {
    return craft(
      cipher,
      payloads.flatMap((payload) => [u16(payload.length), payload]),
    );
  }

  function open(bytes: Uint8Array): OpenedRequest | undefined {
    return new RequestOpener(cipher, env).open(bytes);
  }

  test('an address may be spread over chunks, with empty ones between them', () => {
    const bytes = chunked(
      address.subarray(0, 1),
      new Uint8Array(0),
      address.subarray(1, 9),
      concat([address.subarray(9), ascii('hello')]),
      ascii('world'),
    );
    const request = open(bytes) ?? expect.fail('more was wanted');
    expect(request.target).toEqual(target);
    expect(text(request.payload)).toBe('hello');
    expect(text(openAll(request.opener, [bytes.subarray(request.consumed)]).plaintext)).toBe('world');
  });

  test('an end mark right behind the reserved address is met by the opener, not skipped', () => {
    const bytes = chunked(encodeTarget(reservedTarget), new Uint8Array(0));
    const request = open(bytes) ?? expect.fail('more was wanted');
    expect(request.consumed).toBe(bytes.length - 34);
    openAll(request.opener, [bytes.subarray(request.consumed)]);
    expect(request.opener.ended).toBe(true);
  });

  test('more than 16 empty chunks before the address are refused', () => {
    const empties = (count: number): Uint8Array[] => new Array<Uint8Array>(count).fill(new Uint8Array(0));
    expect(open(chunked(...empties(16), address))?.target).toEqual(target);
    expect(() => open(chunked(...empties(17), address))).toThrow(AuthError);
  });

  test.each([0x4000, 0x8000, 0xffff])(
    'a first length of %i is refused before its chunk has come',
    (length) => {
      expect(() => open(craft(cipher, [u16(length)]))).toThrow(AuthError);
    },
  );

  test('a later length above the limit is a ProtocolError: the peer has proved who it is', () => {
    const bytes = craft(cipher, [u16(address.length), address, u16(0x4000)]);
    const request = open(bytes) ?? expect.fail('more was wanted');
    expect(() => request.opener.open(bytes.subarray(request.consumed), [])).toThrow(ProtocolError);
  });

  test.each([
    ['an unknown ATYP', hex('02')],
    ['a domain of no bytes', hex('0300')],
    ['port 0', encodeTarget({ ...target, port: 0 })],
  ])('%s is an AuthError like any other', (_, payload) => {
    expect(() => open(chunked(payload))).toThrow(AuthError);
  });

  test('a response whose first length is above the limit is a ProtocolError', () => {
    const opener = new ResponseOpener(cipher, pattern(method.saltLength, 42), env, { endMarks: false });
    expect(() => opener.open(craft(cipher, [u16(0x4000)]), [])).toThrow(ProtocolError);
  });

  test('a response may begin with an empty chunk', () => {
    const opener = new ResponseOpener(cipher, pattern(method.saltLength, 42), env, { endMarks: false });
    expect(text(openAll(opener, [chunked(new Uint8Array(0), ascii('hi'))]).plaintext)).toBe('hi');
  });
});
