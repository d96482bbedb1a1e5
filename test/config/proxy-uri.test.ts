import { describe, expect, it } from 'vitest';
import { parseHop } from '../../shared/config/proxy-uri.js';
import { parseServerUri } from '../../shared/config/uri.js';
import { canaryKey } from '../support/config.js';

const tunnel = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@vm.example`;
const at = (host: string, port: number): object => ({ host, port });

describe('a proxy as one line of text', () => {
  it.each([
    [
      'socks4://h',
      { kind: 'socks4', names: 'socks4', at: at('h', 1080), user: '', name: 'socks4://h:1080', dns: 'local' },
    ],
    [
      'socks4a://joe@h:9',
      {
        kind: 'socks4',
        names: 'socks4a',
        at: at('h', 9),
        user: 'joe',
        name: 'socks4a://joe@h:9',
        dns: 'remote',
      },
    ],
    ['socks5://h', { kind: 'socks5', at: at('h', 1080), name: 'socks5://h:1080', dns: 'remote' }],
    ['socks5h://[::1]:9', { kind: 'socks5', at: at('::1', 9), name: 'socks5h://[::1]:9', dns: 'remote' }],
    [
      'SOCKS://joe:s%3Acret@192.0.2.1/',
      {
        kind: 'socks5',
        at: at('192.0.2.1', 1080),
        credential: { user: 'joe', password: 's:cret' },
        name: 'socks://joe:***@192.0.2.1:1080',
        dns: 'remote',
      },
    ],
    ['http://h', { kind: 'http', at: at('h', 8080), name: 'http://h:8080', tls: false, dns: 'remote' }],
    [
      'https://token@h:443/?timeout=2s&dns=local',
      {
        kind: 'http',
        at: at('h', 443),
        credential: { user: 'token', password: '' },
        name: 'https://***@h:443',
        tls: true,
        dns: 'local',
        timeoutMs: 2000,
      },
    ],
    ['direct:', { kind: 'direct', name: 'direct:', dns: 'local' }],
    ['DIRECT://', { kind: 'direct', name: 'direct:', dns: 'local' }],
  ])('%s', (text, hop) => {
    expect(parseHop(text)).toEqual(hop);
  });

  it.each([
    ['?timeout=250ms', { dns: 'remote', timeoutMs: 250 }],
    ['?timeout=5s&dns=local', { dns: 'local', timeoutMs: 5000 }],
    ['?dns=remote', { dns: 'remote' }],
    ['?rdns=true', { dns: 'remote' }],
    ['?rdns=1', { dns: 'remote' }],
    ['?rdns=Yes', { dns: 'remote' }],
    ['?rdns=false', { dns: 'local' }],
    ['?rdns=0', { dns: 'local' }],
    ['?rdns=NO', { dns: 'local' }],
    ['?rdns=no&dns=LOCAL', { dns: 'local' }],
    ['/?dns=local', { dns: 'local' }],
    ['?', { dns: 'remote' }],
  ])('%s', (query, said) => {
    for (const start of ['socks5://h:1', 'socks4a://h:1', 'https://h:1', tunnel]) {
      const { dns, timeoutMs } = parseHop(`${start}${query}`);
      expect({ dns, ...(timeoutMs !== undefined && { timeoutMs }) }).toEqual(said);
    }
  });

  it('takes from its caller what it does not say', () => {
    const options = { dns: 'local', timeoutMs: 9 } as const;
    for (const start of ['socks5://h:1', 'socks4a://h:1', 'https://h:1', tunnel]) {
      expect(parseHop(start, options)).toMatchObject({ dns: 'local', timeoutMs: 9 });
      expect(parseHop(`${start}?timeout=1s&dns=remote`, options)).toMatchObject({
        dns: 'remote',
        timeoutMs: 1000,
      });
    }
    expect(parseHop('direct:', options)).toMatchObject({ dns: 'local', timeoutMs: 9 });
    expect(parseHop('socks4://h', options)).toMatchObject({ dns: 'local', timeoutMs: 9 });
    expect(parseHop('socks5://h', { dns: undefined, timeoutMs: undefined })).not.toHaveProperty('timeoutMs');
  });

  it('may be a URL, as that writes it', () => {
    expect(parseHop(new URL('socks5://joe:a b@h?dns=local'))).toEqual(
      parseHop('socks5://joe:a%20b@h?dns=local'),
    );
    expect(parseHop(new URL('http://H:3128'))).toEqual(parseHop('http://h:3128'));
    expect(parseHop(new URL('https://joe:pw@h:8443/'))).toEqual(parseHop('https://joe:pw@h:8443'));
    expect(parseHop(new URL('direct:'))).toEqual(parseHop('direct:'));
    expect(parseHop(new URL(tunnel))).toEqual(parseHop(tunnel));
  });
});

describe('a remote as a proxy', () => {
  it('is read as a remote is everywhere, and its name hides the key', () => {
    const text = `${tunnel}/?timeout=2s&auth=remote&unknown=1#vm`;
    const hop = parseHop(text);
    expect(hop).toMatchObject({ kind: 'tunnel', dns: 'remote', timeoutMs: 2000, uri: parseServerUri(text) });
    expect(hop.name).toBe('halflight://2022-blake3-aes-256-gcm:***@vm.example:8388?auth=remote#vm');
  });

  it('may be a link of others: one base64 block, or the user part alone', () => {
    const user = Buffer.from('aes-256-gcm:pass/word?').toString('base64');
    const whole = Buffer.from('aes-256-gcm:pass/word?@192.0.2.7:9').toString('base64');
    for (const text of [`ss://${user}@192.0.2.7:9?dns=local#a`, `ss://${whole}?dns=local#a`]) {
      expect(parseHop(text)).toMatchObject({
        kind: 'tunnel',
        dns: 'local',
        uri: { secret: 'pass/word?', host: '192.0.2.7', port: 9, tag: 'a' },
        name: 'ss://aes-256-gcm:***@192.0.2.7:9#a',
      });
    }
  });
});
