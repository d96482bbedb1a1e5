import { describe, expect, it } from 'vitest';
import { parseHop } from '../../shared/config/proxy-uri.js';

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
});
