import { describe, expect, it } from 'vitest';
import { ConfigError, ProtocolError } from '../../shared/errors.js';
import { acceptSocks4 } from '../../shared/proxy/socks4.js';
import { requestSocks4, socks4Request, type Socks4Words } from '../../shared/proxy/socks4-client.js';
import { converse, spacedHex } from '../support/handshake.js';
import { longestName, threeFeedings } from '../support/socks.js';

const plain: Socks4Words = { user: '', names: 'socks4' };
const named: Socks4Words = { user: 'me', names: 'socks4a' };

describe('asking a SOCKS4 proxy', () => {
  it.each<['connect' | 'bind', string, Socks4Words, string]>([
    ['connect', '192.0.2.1', plain, '0401 01bb c0000201 00'],
    ['bind', '192.0.2.1', { ...plain, user: 'ü' }, '0402 01bb c0000201 c3bc 00'],
    ['connect', '::ffff:192.0.2.1', plain, '0401 01bb c0000201 00'],
    ['connect', '192.0.2.1', named, '0401 01bb c0000201 6d65 00'],
    ['connect', 'example.com', named, '0401 01bb 00000001 6d65 00 6578616d706c652e636f6d 00'],
    ['bind', '2001:db8::1', named, '0402 01bb 00000001 6d65 00 323030313a6462383a3a31 00'],
    ['bind', '0.0.0.0', plain, '0402 01bb 00000000 00'],
  ])('to %s %s it says what the edition has words for', (command, host, words, said) => {
    const target = { host, port: 443 };
    expect(socks4Request(command, target, words)).toEqual(spacedHex(said));
    const reply = spacedHex('005a 1234 c0000207');
    const { written, result } = threeFeedings(() => requestSocks4(command, target, words), reply);
    expect(written).toEqual(spacedHex(said));
    expect(result).toEqual({ refusal: undefined, bound: { host: '192.0.2.7', port: 0x1234 }, bytes: reply });
  });

  it.each([
    ['an IPv4 address', '192.0.2.1', plain],
    ['the longest name', longestName, named],
    ['an IPv6 address', '2001:db8::1', named],
  ])('%s arrives as it was meant at the other side', (_, host, words) => {
    const said = socks4Request('connect', { host, port: 443 }, words);
    expect(converse(acceptSocks4(), [said]).result?.target).toEqual({ host, port: 443 });
  });

  it.each([
    ['a name where names have no room', 'example.com', plain, 'expected an IPv4 address, got a name'],
    ['an IPv6 address there', '::1', plain, 'expected an IPv4 address, got an IPv6 address'],
    ['an address that announces a name', '0.0.0.7', named, 'expected an address of a host, got 0.0.0.x'],
    ['a user that ends early', '192.0.2.1', { ...plain, user: 'a\0b' }, 'expected text, got a NUL byte'],
  ])('%s is a mistake, found before a word is said', (_, host, words, message) => {
    const ask = (): unknown => requestSocks4('connect', { host, port: 443 }, words);
    expect(ask).toThrow(ConfigError);
    expect(ask).toThrow(message);
  });

  it.each(['', 'a\0b', 'a'.repeat(256)])('nothing can name %o', (host) => {
    expect(() => requestSocks4('connect', { host, port: 443 }, named)).toThrow(ProtocolError);
  });

  it('a port that is none is none here, either', () => {
    expect(() => requestSocks4('connect', { host: '192.0.2.1', port: 65_536 }, plain)).toThrow(ProtocolError);
  });
});
