import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import type { Target } from '../../shared/codec/address.js';
import { checkSaltPrefix, longestPrefix } from '../../shared/codec/salt-prefix.js';
import { RequestOpener, RequestSealer } from '../../shared/codec/stream.js';
import { ConfigError } from '../../shared/errors.js';
import { systemEnvironment } from '../../shared/net/system.js';
import {
  allMethods,
  ascii,
  cipherFor,
  fixedEnvironment,
  methods2022,
  sealed,
  text,
  toHex,
} from '../support/codec.js';

const target: Target = { host: 'example.com', port: 443 };
const methods2017 = allMethods.filter(({ edition }) => edition === 2017);

describe.each(methods2017)('a salt prefix with $name', (method) => {
  const cipher = cipherFor(method);
  const longest = longestPrefix(method);

  test('is how the request begins, and nothing else of it changes', () => {
    const prefix = ascii('POST ');
    const request = new RequestSealer(cipher, target, systemEnvironment, { saltPrefix: prefix });
    const bytes = sealed((out) => {
      request.seal(ascii('hello'), out);
    });
    expect(text(bytes.subarray(0, 5))).toBe('POST ');
    expect(toHex(bytes.subarray(0, method.saltLength))).toBe(toHex(request.salt));
    const opened = new RequestOpener(cipher, fixedEnvironment()).open(bytes);
    expect(opened?.target).toEqual(target);
    expect(text(opened?.payload ?? new Uint8Array(0))).toBe('hello');
  });

  test('leaves the rest of the salt to the dice', () => {
    const salts = Array.from({ length: 200 }, () => {
      const saltPrefix = new Uint8Array(longest).fill(0x41);
      return new RequestSealer(cipher, target, systemEnvironment, { saltPrefix }).salt;
    });
    expect(new Set(salts.map((salt) => toHex(salt.subarray(longest)))).size).toBe(200);
    expect(new Set(salts.map((salt) => toHex(salt.subarray(0, longest))))).toEqual(
      new Set(['41'.repeat(longest)]),
    );
  });

  test('may take half of a long salt, and 6 bytes of a short one', () => {
    expect(longest).toBe(method.saltLength === 32 ? 16 : 6);
    expect(() => {
      checkSaltPrefix(method, new Uint8Array(longest));
    }).not.toThrow();
    const saltPrefix = concat([new Uint8Array(longest), ascii('!')]);
    expect(() => new RequestSealer(cipher, target, systemEnvironment, { saltPrefix })).toThrow(
      `prefix: expected at most ${longest} bytes with ${method.name}, whose salts have ${method.saltLength}, got ${longest + 1}`,
    );
  });
});

test.each(methods2022)('a salt prefix is refused with $name, whose salts are random throughout', (method) => {
  const make = (): RequestSealer =>
    new RequestSealer(cipherFor(method), target, systemEnvironment, { saltPrefix: ascii('P') });
  expect(make).toThrow(ConfigError);
  expect(make).toThrow(`prefix: expected none with ${method.name}, got one`);
});
