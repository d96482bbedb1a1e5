import { describe, expect, it } from 'vitest';
import { ConfigError, ProtocolError } from '../../shared/errors.js';
import { DeniedError } from '../../shared/proxy/request.js';
import { acceptSocks5 } from '../../shared/proxy/socks5.js';
import { readCredentials, sendCredentials } from '../../shared/proxy/socks5-auth.js';
import { toHex } from '../support/codec.js';
import { converse, type Outcome, spacedHex } from '../support/handshake.js';
import { credentials, knowsAlice, threeFeedings, trailing } from '../support/socks.js';

const request = '05010001c00002010050';
const alice = credentials('alice', 'b:c');

/** Greets with method 2 and says `words`. */
function authenticate(words: string): Outcome<unknown> & { readonly message: string } {
  return threeFeedings(() => acceptSocks5(knowsAlice), spacedHex(`050102${words}`));
}

describe('a proxy that wants credentials', () => {
  it.each(['050102', '05020002', '0503020100', '0503000102'])('asks for them when offered %s', (greeting) => {
    const { result, written } = threeFeedings(
      () => acceptSocks5(knowsAlice),
      spacedHex(greeting + alice + request),
    );
    expect(toHex(written)).toBe('0502 0100'.replace(' ', ''));
    expect(toHex(result?.words ?? trailing)).toBe(greeting + alice + request);
    expect(result).toMatchObject({ command: 'connect', target: { host: '192.0.2.1', port: 80 } });
  });

  it.each(['050100', '0500', '05020001', '050180'])('answers 05 FF when offered %s', (greeting) => {
    const { error, written } = threeFeedings(() => acceptSocks5(knowsAlice), spacedHex(greeting));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: 'denied' });
    expect(error).not.toBeInstanceOf(DeniedError);
    expect(toHex(written)).toBe('05ff');
  });

  const wrong: readonly (readonly [name: string, words: string])[] = [
    ['a wrong password', credentials('alice', 'b:d')],
    ['a password cut short', credentials('alice', 'b:')],
    ['an unknown user', credentials('bob', 'b:c')],
    ['user and password cut at another place', credentials('alice:b', 'c')],
    ['255 bytes of each', credentials('u'.repeat(255), 'p'.repeat(255))],
    ['version 5', '05'],
    ['version 0', '00'],
    ['no user', credentials('', 'b:c')],
    ['no password', credentials('alice', '')],
    ['neither', '010000'],
  ];
  it.each(wrong)('denies %s, and leaves the saying of it to others', (_, words) => {
    const { error, written, message } = authenticate(words);
    expect(error).toBeInstanceOf(DeniedError);
    expect(error).toMatchObject({ code: 'denied', protocol: 'SOCKS5', reply: Uint8Array.of(1, 1) });
    expect(message).toBe('SOCKS5 credentials: expected those of a user, got others');
    expect(toHex(written)).toBe('0502');
  });

  it('does not ask about a user without a name or a password, whoever might have none', () => {
    for (const words of [credentials('', ''), credentials('alice', ''), credentials('', 'b:c')]) {
      const outcome = converse(
        acceptSocks5(() => true),
        [spacedHex(`050102${words}`)],
      );
      expect(outcome.error).toBeInstanceOf(DeniedError);
    }
  });

  it('checks the bytes as they came, whatever they encode', () => {
    const seen: string[] = [];
    const check = (user: Uint8Array, password: Uint8Array): boolean => {
      seen.push(toHex(user), toHex(password));
      return true;
    };
    converse(acceptSocks5(check), [spacedHex(`050102 01 02 ff00 03 0001c3`)]);
    expect(seen).toEqual(['ff00', '0001c3']);
  });

  it('asks about a client once, and after it has said everything', () => {
    let asked = 0;
    const check = (): boolean => ++asked > 0;
    const words = spacedHex(`050102${alice}`);
    converse(acceptSocks5(check), [words.subarray(0, -1)]);
    expect(asked).toBe(0);
    threeFeedings(() => acceptSocks5(check), words);
    expect(asked).toBe(3);
  });

  it('refuses a request after that as it would any other', () => {
    const { written, message } = authenticate(`${alice}05040001c00002010050`);
    expect(message).toContain('command');
    expect(toHex(written)).toBe(`0502 0100 05070001 00000000 0000`.replaceAll(' ', ''));
  });
});

describe('credentials that are read to be passed on', () => {
  it.each([alice, credentials('', ''), credentials('x', ''), credentials('', 'y'), '05', '00'])(
    '%s are returned as they came, and not answered',
    (words) => {
      const { result, written } = threeFeedings(readCredentials, spacedHex(words));
      expect(toHex(result ?? trailing)).toBe(words);
      expect(written).toHaveLength(0);
    },
  );
});

describe('a client with credentials', () => {
  it('says who it is, and returns when that is known', () => {
    const { error, waiting, written } = threeFeedings(
      () => sendCredentials({ user: 'alice', password: 'b:c' }),
      spacedHex('0100'),
    );
    expect({ error, waiting, written: toHex(written) }).toEqual({
      error: undefined,
      waiting: false,
      written: alice,
    });
  });

  it('says it in UTF-8', () => {
    const { written } = converse(sendCredentials({ user: 'ü', password: '€' }), []);
    expect(toHex(written)).toBe('0102c3bc03e282ac');
  });

  it.each([
    ['0101', 'denied', 'SOCKS5 authentication: expected user and password to be right, got status 1'],
    ['01ff', 'denied', 'SOCKS5 authentication: expected user and password to be right, got status 255'],
    ['0500', 'protocol', 'SOCKS5 authentication version: expected 1, got 5'],
  ])('answered %s is told so by an error of code %s', (answer, code, message) => {
    const { error } = threeFeedings(
      () => sendCredentials({ user: 'alice', password: 'b:c' }),
      spacedHex(answer),
    );
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code, message });
  });

  it.each([
    ['user', { user: '', password: 'secret' }, 0],
    ['user', { user: 'ü'.repeat(128), password: 'secret' }, 256],
    ['password', { user: 'alice', password: '' }, 0],
    ['password', { user: 'alice', password: 'p'.repeat(256) }, 256],
  ])('cannot say a %s that the protocol has no room for', (what, credential, length) => {
    const message = `SOCKS5 ${what}: expected 1 to 255 bytes, got ${length}`;
    expect(() => sendCredentials(credential)).toThrow(new ConfigError(message));
  });
});
