import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { clientKeys, generateSecret, masterKey, sameBytes, weakPassword } from '../../shared/codec/keys.js';
import { methods } from '../../shared/codec/methods.js';
import { ConfigError } from '../../shared/errors.js';
import { allMethods, fixedEnvironment, hex, methods2017, pattern, toHex } from '../support/codec.js';

const method = methods['2022-blake3-aes-256-gcm'];

/** 32 bytes whose base64 has both characters in which the two alphabets differ. */
const key = hex('fbefbefbefbefffffffff0102030405060708090a0b0c0d0e0f1011121314150'.padEnd(64, '0'));
const standard = Buffer.from(key).toString('base64');

describe('keys of the 2022 methods', () => {
  test.each([
    ['standard', standard],
    ['standard without padding', standard.replace('=', '')],
  ])('base64 may be %s', (_, secret) => {
    expect(secret).toMatch(/[-+]/);
    expect(secret).toMatch(/[_/]/);
    expect(toHex(masterKey(method, secret))).toBe(toHex(key));
  });

  test.each([
    ['16 bytes', Buffer.from(pattern(16)).toString('base64'), 'got 16'],
    ['31 bytes', Buffer.from(pattern(31)).toString('base64'), 'got 31'],
    ['33 bytes', Buffer.from(pattern(33)).toString('base64'), 'got 33'],
    ['nothing', '', 'got 0'],
    ['a password', 'correct horse battery staple', 'outside that alphabet'],
    ['white space', `${standard}\n`, 'outside that alphabet'],
    ['two keys', `${standard}:${standard}`, 'got a chain of several, which is the password of a client'],
    ['two short texts', 'ann:bob', 'outside that alphabet'],
    ['a letter too many', `${standard.replace('=', '')}A=`, 'expected base64 of 32 bytes, got'],
    ['padding in the middle', `AA==${standard.slice(4)}`, 'outside that alphabet'],
    ['too much padding', `${standard}=`, 'malformed'],
    ['the URL-safe alphabet', Buffer.from(key).toString('base64url'), 'write + for - and / for _'],
    ['the URL-safe alphabet, padded', standard.replaceAll('+', '-').replaceAll('/', '_'), 'write + for -'],
    ['both alphabets', standard.replaceAll('+', '-'), 'outside that alphabet'],
    ['bits that mean nothing', `${standard.slice(0, -2)}B=`, 'malformed'],
  ])('%s is refused, and the message does not repeat it', (_, secret, reason) => {
    const attempt = (): unknown => masterKey(method, secret);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow('key for 2022-blake3-aes-256-gcm: expected base64 of 32 bytes, got');
    expect(attempt).toThrow(reason);
    if (secret.length > 8) expect(attempt).not.toThrow(secret.slice(0, 8));
  });

  test('any 16 or 32 bytes come back', () => {
    for (const { name } of [method, methods['2022-blake3-aes-128-gcm']]) {
      const length = methods[name].keyLength;
      fc.assert(
        fc.property(fc.uint8Array({ minLength: length, maxLength: length }), (bytes) => {
          const secret = Buffer.from(bytes).toString('base64');
          expect(toHex(masterKey(methods[name], secret))).toBe(toHex(bytes));
        }),
      );
    }
  });
});

describe('generated secrets', () => {
  test.each(allMethods)('one for $name fits it', (each) => {
    const secret = generateSecret(each, fixedEnvironment());
    expect(masterKey(each, secret)).toHaveLength(each.keyLength);
    expect(Buffer.from(secret, 'base64').toString('base64')).toBe(secret);
  });

  test.each(methods2017)('a password for $name is not weak', (each) => {
    expect(Buffer.from(generateSecret(each, fixedEnvironment()), 'base64')).toHaveLength(32);
    expect(weakPassword(generateSecret(each, fixedEnvironment()))).toBeUndefined();
  });
});

describe('weak passwords', () => {
  test.each([
    ['', 'expected 16 characters or more, got 0'],
    ['Tr0ub4dor&3', 'got 11'],
    ['x7#Kq9!mZ2$vB4^', 'got 15'],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', 'bits'],
    ['abcabcabcabcabcabcabcabc', 'bits'],
    ['abcdefghijklmnopqrstuvwxyz', 'bits'],
    ['1234567890123456', 'bits'],
    ['8365019274650183', 'bits'],
    ['qwertyuiopasdfghjkl', 'bits'],
    ['Password1Password1Password1', 'bits'],
    ['zyxwvutsrqponmlk', 'bits'],
    ['ξξξξξξξξξξξξξξξξξξ', 'bits'],
  ])('%j is one', (password, reason) => {
    expect(weakPassword(password)).toContain(reason);
    if (password !== '') expect(weakPassword(password)).not.toContain(password);
  });

  test.each(['k3vQ-x9Wm_7RtZ2p', 'violet-anchor-plume-9-kettle', 'wjzrqkxmvhtbfgdn ypcl'])(
    '%j is none',
    (password) => {
      expect(weakPassword(password)).toBeUndefined();
    },
  );

  test('a surrogate pair is one character', () => {
    expect(weakPassword('😀'.repeat(15))).toContain('got 15');
  });
});

test('bytes are compared by value, and lengths count', () => {
  expect(sameBytes(hex('0102'), hex('0102'))).toBe(true);
  expect(sameBytes(hex('0102'), hex('0103'))).toBe(false);
  expect(sameBytes(hex('0102'), hex('010203'))).toBe(false);
});

describe('chains of keys', () => {
  const link = (seed: number, length = 32): string => Buffer.from(pattern(length, seed)).toString('base64');

  test('the last is the own key of the client, those before it are identity keys in their order', () => {
    const { key: own, identityKeys } = clientKeys(method, [link(1), link(2), link(3)].join(':'));
    expect(own).toEqual(pattern(32, 3));
    expect(identityKeys).toEqual([pattern(32, 1), pattern(32, 2)]);
    expect(clientKeys(method, link(1))).toEqual({ key: pattern(32, 1), identityKeys: [] });
  });

  test.each([
    ['five keys', method, [1, 2, 3, 4, 5].map((seed) => link(seed)).join(':'), 'at most 4'],
    ['an empty key', method, `${link(1)}:`, 'got 0'],
    ['a key of another length', method, `${link(1)}:${link(2, 16)}`, 'got 16'],
    [
      'a ChaCha method',
      methods['2022-blake3-chacha20-poly1305'],
      `${link(1)}:${link(2)}`,
      'expected one, got 2',
    ],
  ])('%s is refused', (_, which, secret, why) => {
    const attempt = (): unknown => clientKeys(which, secret);
    expect(attempt).toThrow(ConfigError);
    expect(attempt).toThrow(why);
  });

  test('a colon in a password is no chain', () => {
    expect(clientKeys(methods['aes-256-gcm'], 'a:b')).toEqual({
      key: masterKey(methods['aes-256-gcm'], 'a:b'),
      identityKeys: [],
    });
  });
});
