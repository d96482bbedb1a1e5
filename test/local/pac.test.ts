import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { pacPage } from '../../local/pac.js';

/** What a browser makes of the script: the two functions that it brings, as every browser has them. */
function findProxy(script: string, host: string): unknown {
  const browser = {
    isPlainHostName: (name: string) => !name.includes('.'),
    dnsDomainIs: (name: string, domain: string) => name.endsWith(domain),
  };
  return runInNewContext(`${script}; FindProxyForURL(url, host)`, {
    ...browser,
    url: `http://${host}/`,
    host,
  });
}

const open = { direct: true, asksForCredentials: false };
const strict = { direct: false, asksForCredentials: false };

describe('the PAC file', () => {
  it('sends what is elsewhere to the port that it was asked for at, SOCKS5 first, and in the end straight', () => {
    const page = pacPage(open)('/proxy.pac', '127.0.0.1:1080');
    expect(page?.type).toBe('application/x-ns-proxy-autoconfig');
    expect(findProxy(page?.body ?? '', 'example.com')).toBe(
      'SOCKS5 127.0.0.1:1080; PROXY 127.0.0.1:1080; DIRECT',
    );
  });

  it('is found whatever is asked behind it, and at the port that HTTP leaves out', () => {
    const page = pacPage(strict)('/proxy.pac?1', 'proxy.example');
    expect(findProxy(page?.body ?? '', 'example.com')).toBe(
      'SOCKS5 proxy.example:80; PROXY proxy.example:80',
    );
  });

  it('offers no way without the tunnel where that is not wanted', () => {
    const page = pacPage(strict)('/proxy.pac', '[::1]:1080');
    expect(findProxy(page?.body ?? '', 'example.com')).toBe('SOCKS5 [::1]:1080; PROXY [::1]:1080');
  });

  it('says nothing of SOCKS5 where credentials are asked for: no browser sends them by it', () => {
    const page = pacPage({ direct: false, asksForCredentials: true })('/proxy.pac', '127.0.0.1:1080');
    expect(findProxy(page?.body ?? '', 'example.com')).toBe('PROXY 127.0.0.1:1080');
  });

  it.each(['localhost', 'printer', '127.0.0.1', '[::1]', '::1', 'dev.localhost'])(
    'leaves %s to this computer: at the remote the name means another',
    (host) => {
      expect(findProxy(pacPage(strict)('/proxy.pac', '127.0.0.1:1080')?.body ?? '', host)).toBe('DIRECT');
    },
  );

  it.each(['/', '/proxy.pac/', '//proxy.pac'])('is not at %s', (path) => {
    expect(pacPage(open)(path, '127.0.0.1:1080')).toBeUndefined();
  });

  it.each(['', 'a"b:80', "a'b:80", 'a\\b:80', 'a b:80', 'a:80;b', 'ä.example:80', 'a:123456'])(
    'is not given to a Host of %s, which it would have to repeat',
    (host) => {
      expect(pacPage(open)('/proxy.pac', host)).toBeUndefined();
    },
  );
});
