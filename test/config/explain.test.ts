import { describe, expect, it } from 'vitest';
import { explain, explanation } from '../../shared/config/explain.js';
import { parseServerUri } from '../../shared/config/uri.js';
import { canaryKey } from '../support/config.js';

const key = encodeURIComponent(canaryKey);

describe('what a link contains', () => {
  it('is said in a line for each part', () => {
    const uri = parseServerUri('ss://chacha20-ietf-poly1305:hunter2@[2001:db8::1]:443?prefix=POST%20#home');
    expect(explain(uri)).toEqual([
      'ss://chacha20-ietf-poly1305:***@[2001:db8::1]:443?prefix=POST%20#home',
      '  wire    standard Shadowsocks: any server or client that has the method',
      '  method  chacha20-ietf-poly1305: ChaCha20-Poly1305, edition of 2017: the key is made from a password, and a request does not say when it was made',
      '  key     a password, not shown; whoever has the link has it',
      '  host    2001:db8::1, an IPv6 address',
      '  port    443',
      '  name    home',
      '  prefix  "POST ": every connection begins with the same 5 bytes, which can be looked for as well; 27 of the 32 bytes of each salt stay random',
    ]);
  });

  it('has no line for what is not there', () => {
    const words = explain(parseServerUri(`halflight://2022-blake3-aes-256-gcm:${key}@192.0.2.1`)).join('\n');
    expect(words).toContain('clocks must agree');
    expect(words).toContain('a key, not shown');
    expect(words).toContain('port    8388');
    expect(words).not.toMatch(/^ {2}(name|auth|prefix)/m);
  });

  it('says that the remote asks, and shows a prefix that is no text in hex', () => {
    const uri = parseServerUri('halflight://aes-256-gcm:pw@h:1?auth=remote&prefix=%16%03%01');
    expect(explain(uri).join('\n')).toContain('auth    the remote asks programs for a user and a password');
    expect(explain(uri).join('\n')).toContain('prefix  bytes 160301:');
    expect(explanation(uri)).toMatchObject({ auth: 'remote', prefix: '160301' });
  });

  it('names a plugin, and nowhere what it is told: that may be a password', () => {
    const link = 'ss://aes-256-gcm:pw@h:1/?plugin=kcptun%3Bkey%3Dcanary%3Bmode%3Dfast';
    const uri = parseServerUri(link, { plugins: 'any' });
    expect(explain(uri)[0]).toBe('ss://aes-256-gcm:***@h:1/?plugin=kcptun%3B***');
    expect(explain(uri).join('\n')).toContain('plugin  kcptun;***: a program to install');
    expect(explanation(uri)).toMatchObject({ plugin: 'kcptun;***' });
    expect(JSON.stringify([explain(uri), explanation(uri)])).not.toMatch(/canary|fast/);
  });

  it('counts the keys of a chain', () => {
    const uri = parseServerUri(`ss://2022-blake3-aes-256-gcm:${key}%3A${key}@h:1`);
    expect(explanation(uri).keys).toBe(2);
    expect(explain(uri).join('\n')).toContain("a chain of 2 keys, the last of which is the user's own");
    expect(explanation(parseServerUri('ss://aes-256-gcm:a:b:c@h:1'))).not.toHaveProperty('keys');
  });

  it('never has the secret in it', () => {
    const uri = parseServerUri(`ss://2022-blake3-aes-256-gcm:${key}@h:1`);
    for (const text of [explain(uri).join('\n'), JSON.stringify(explanation(uri))]) {
      expect(text).not.toContain(canaryKey.slice(0, 12));
    }
  });
});
