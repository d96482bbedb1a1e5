import { describe, expect, it } from 'vitest';
import { localPage, upPage } from '../../shared/config/local-page.js';
import type { CheckResult } from '../../shared/observe/events.js';
import { canaryKey, method } from '../support/config.js';

const works = { ok: true, ms: 41.6, verified: true } as const;
const page = {
  listen: '127.0.0.1:1081',
  others: undefined,
  user: undefined,
} as const;
type Changes = Partial<Parameters<typeof localPage>[0]> & { readonly check?: CheckResult };
const textOf = ({ check = works, ...changes }: Changes = {}): string =>
  localPage({ ...page, remote: 'h:1', checks: [{ server: 'h:1', check }], ...changes }).join('\n');

describe('the page of a local', () => {
  it('has the curl line, those for a shell, the settings of browsers and the PAC address', () => {
    const text = textOf();
    expect(text).toContain('halflight local listens on 127.0.0.1:1081, remote h:1.');
    expect(text).toContain('The remote answered in 42 ms and has the same key.');
    expect(text).toContain('speaks SOCKS4, SOCKS5 and HTTP');
    expect(text).toContain('curl -x socks5h://127.0.0.1:1081 https://example.com');
    expect(text).toContain('npx halflight run --listen 127.0.0.1:1081 -- ');
    expect(text).toContain('eval "$(npx halflight env --listen 127.0.0.1:1081)"');
    expect(text).toContain('SOCKS Host 127.0.0.1, Port 1081');
    expect(text).toContain('--proxy-server="socks5://127.0.0.1:1081"');
    expect(text).toContain('http://127.0.0.1:1081/proxy.pac');
    expect(text).not.toContain('HALFLIGHT_AUTH');
  });

  it('leaves out what is the default', () => {
    expect(textOf({ listen: '127.0.0.1:1080' })).toContain('eval "$(npx halflight env)"');
    expect(textOf({ listen: '0.0.0.0:1080' })).toContain('npx halflight run -- ');
  });

  it('of a port that asks names the user, lets programs ask for the password, and browsers speak HTTP', () => {
    const text = textOf({ user: 'ann' });
    expect(text).toContain('curl -x socks5h://127.0.0.1:1081 --proxy-user ann https://example.com');
    expect(text).toContain("  HALFLIGHT_AUTH='USER:PASS' npx halflight run --listen 127.0.0.1:1081 -- ");
    expect(text).toContain(`eval "$(HALFLIGHT_AUTH='USER:PASS' npx halflight env --listen 127.0.0.1:1081)"`);
    expect(text).toContain('The port speaks SOCKS5 and HTTP.');
    expect(text).toContain('HTTP Proxy 127.0.0.1, Port 1081');
    expect(text).toContain('--proxy-server="http://127.0.0.1:1081"');
    expect(text).not.toContain('--proxy-server="socks5');
    expect(textOf({ user: "o'neil $(x)" })).toContain(`--proxy-user 'o'\\''neil $(x)' https`);
  });

  it('has an address for other machines when the port has one', () => {
    expect(textOf()).not.toContain('Other machines');
    const text = textOf({ listen: '[::]:1081', others: '2001:db8::7' });
    expect(text).toContain('curl -x socks5h://127.0.0.1:1081');
    expect(text).toContain(
      'Other machines find the port at [2001:db8::7]:1081, and its PAC file at http://[2001:',
    );
  });

  it('does not promise what the standard wire cannot prove', () => {
    const text = textOf({ check: { ok: true, ms: 5, verified: false } });
    expect(text).toContain('the standard wire cannot prove the key');
    expect(text).not.toContain('has the same key');
  });

  it('has a line for each of several servers, with what it takes or what is wrong', () => {
    const gone = { ok: false, stage: 'tcp', detail: 'h:1 refused', advice: 'start it' } as const;
    const checks = [
      { server: 'tokyo', check: works },
      { server: 'os\u001b[31maka', check: gone },
      { server: 'h:2', check: { ...works, verified: false } },
    ];
    const lines = localPage({ ...page, remote: 'unsaid', checks });
    expect(lines.slice(0, 6)).toEqual([
      'halflight local listens on 127.0.0.1:1081, 3 servers.',
      '',
      '  tokyo            answered in 42 ms and has the same key',
      '  os\\u001b[31maka  failed at stage tcp: h:1 refused; likely cause: start it',
      '  h:2              answered in 42 ms',
      '',
    ]);
    expect(lines.join()).not.toContain('It keeps running');
    const none = checks.map(({ server }) => ({ server, check: gone }));
    expect(localPage({ ...page, remote: 'unsaid', checks: none })).toContain(
      'It keeps running and works as soon as one of them does.',
    );
  });

  it('says which stage of the check failed, the likely cause, and that it goes on', () => {
    const text = textOf({
      check: { ok: false, stage: 'tcp', detail: 'h:1 refused the connection', advice: 'start it' },
    });
    expect(text).toContain('failed at stage tcp: h:1 refused the connection');
    expect(text).toContain('Likely cause: start it');
    expect(text).toContain('It keeps running');
    expect(text).toContain('curl -x');
  });

  it.each([
    ['0.0.0.0:1080', 'socks5h://127.0.0.1:1080'],
    ['[::]:1080', 'socks5h://127.0.0.1:1080'],
    ['[::1]:1080', 'socks5h://[::1]:1080'],
    ['192.168.1.2:1080', 'socks5h://192.168.1.2:1080'],
  ])('on %s names %s', (listen, proxy) => {
    expect(textOf({ listen })).toContain(proxy);
  });
});

describe('the page of up', () => {
  const uri = { wire: 'raw', method: method(), secret: canaryKey, host: '192.0.2.1', port: 8388 } as const;
  const up = { listen: '127.0.0.1:1080', others: undefined, user: undefined, uri, check: works } as const;

  it('has the URI of its remote as well', () => {
    const text = upPage({ ...up, byNpm: false }).join('\n');
    expect(text).toContain(
      `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@192.0.2.1:8388`,
    );
    expect(text).toContain('curl -x socks5h://127.0.0.1:1080');
    expect(text).not.toContain('this directory');
  });

  it('of npm start says where the lines with npx work', () => {
    const lines = upPage({ ...up, byNpm: true });
    expect(lines).toContain('npx finds halflight in this directory; elsewhere install it first.');
  });
});
