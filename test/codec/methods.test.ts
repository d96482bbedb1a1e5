import { describe, expect, test } from 'vitest';
import { defaultMethod, findMethod, methods } from '../../shared/codec/methods.js';
import { ConfigError } from '../../shared/errors.js';

function complaint(name: string): string {
  try {
    findMethod(name);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return expect.fail(`${name} was accepted`);
}

describe('methods', () => {
  test('every method is found under its own name', () => {
    for (const [name, method] of Object.entries(methods)) {
      expect(method.name).toBe(name);
      expect(findMethod(name)).toBe(method);
    }
  });

  test('sizes are those of SIP004 and SIP022', () => {
    const sizes = Object.values(methods).map(({ name, keyLength, saltLength, maxPayload }) => [
      name,
      keyLength,
      saltLength,
      maxPayload,
    ]);
    expect(sizes).toEqual([
      ['2022-blake3-aes-256-gcm', 32, 32, 65_535],
      ['2022-blake3-aes-128-gcm', 16, 16, 65_535],
      ['2022-blake3-chacha20-poly1305', 32, 32, 65_535],
      ['aes-256-gcm', 32, 32, 16_383],
      ['aes-128-gcm', 16, 16, 16_383],
      ['chacha20-ietf-poly1305', 32, 32, 16_383],
      ['xchacha20-ietf-poly1305', 32, 32, 16_383],
    ]);
  });

  test('the default is a 2022 method', () => {
    expect(findMethod(defaultMethod).edition).toBe(2022);
  });

  test.each(['hunter2', 'SECRETpassword12', 'c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHM=', 'aes-hunter2'])(
    'a method that may be the password, as %j, is not shown',
    (name) => {
      expect(complaint(name)).toMatch(/got another text$/);
    },
  );

  test.each(['chacha20-poly1305', 'AES-GCM', ''])('%j is shown: it is no secret', (name) => {
    expect(complaint(name)).toContain(`got ${JSON.stringify(name)}`);
  });

  test.each([
    ['2022-blake3-aes-256gcm', '2022-blake3-aes-256-gcm'],
    ['AES-256-GCM', 'aes-256-gcm'],
    ['aes_128_gcm', 'aes-128-gcm'],
    ['chacha20-poly1305', undefined],
    ['chacha20-ietf-poly1350', 'chacha20-ietf-poly1305'],
    ['', undefined],
    ['rot13', undefined],
    ['x'.repeat(10_000), undefined],
  ])('an unknown method %j is answered with the list, and a guess when it is near', (name, guess) => {
    const message = complaint(name);
    for (const supported of Object.keys(methods)) expect(message).toContain(supported);
    expect(/did you mean (\S+)\?/.exec(message)?.[1]).toBe(guess);
    expect(message).not.toContain('\n');
    expect(message.length).toBeLessThan(400);
  });

  test.each([
    ['aes-256-cfb', 'stream cipher'],
    ['aes-128-ctr', 'stream cipher'],
    ['rc4-md5', 'stream cipher'],
    ['chacha20-ietf', 'stream cipher'],
    ['salsa20', 'stream cipher'],
    ['camellia-256-cfb', 'stream cipher'],
    ['none', 'does not encrypt'],
    ['plain', 'does not encrypt'],
    ['table', 'no encryption'],
  ])('%s is refused with the reason and the alternatives', (name, reason) => {
    expect(complaint(name)).toContain(reason);
    expect(complaint(name)).toContain(defaultMethod);
  });

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty'])('%s is no method', (name) => {
    expect(complaint(name)).toContain('expected one of');
  });
});
