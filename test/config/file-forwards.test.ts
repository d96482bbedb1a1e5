import { describe, expect, it } from 'vitest';
import { holdsSecret } from '../../shared/config/file-secrets.js';
import { rolesOf } from '../../shared/config/file.js';
import { understand } from '../../shared/config/file-open.js';
import type { FileSettings } from '../../shared/config/file-schema.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { tell } from '../../shared/config/layers.js';
import { ConfigError } from '../../shared/errors.js';
import type { Role } from '../../shared/observe/events.js';

const secret = 'socks5://user:canary@a:1';

function opened(text: string): Parameters<typeof understand>[0] {
  return { file: parseJsonFile('/etc/x.json', Buffer.from(text)), mode: 0o600 };
}

function read(text: string, role: Role = 'forward'): FileSettings {
  return understand(opened(text), role, {}).settings;
}

/** The lines of all that is wrong. */
function mistakes(text: string, role: Role = 'forward'): readonly string[] {
  try {
    read(text, role);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error, ...error.others].map(({ message }) => message);
  }
}

describe('the forwards of a config file', () => {
  it('stand behind the places where they listen', () => {
    const text = `{
      forwards: {
        "8000": "example.com:80",
        "127.0.0.1:5353/udp": { to: "1.1.1.1:53", via: "${secret}" },
        "./x.sock": { to: "unix:y.sock", via: ["direct"] },
      },
      via: ["http://a:1", "socks5://b:2"],
    }`;
    expect(read(text)).toEqual({
      forwards: [
        { from: '8000', to: 'example.com:80' },
        { from: '127.0.0.1:5353/udp', to: '1.1.1.1:53', via: [secret] },
        { from: '/etc/x.sock', to: '/etc/y.sock', via: ['direct'] },
      ],
      via: ['http://a:1', 'socks5://b:2'],
    });
  });

  it.each([
    ['{ forwards: [] }', ['/etc/x.json:1:13 forwards: expected an object, got an array']],
    ['{ forwards: {} }', ['/etc/x.json:1:13 forwards: expected at least one, got none']],
    [
      '{ forwards: { "8000": "a:1",\n  "8000": "b:1" } }',
      ['/etc/x.json:2:3 "8000": expected it once, got it again (first in line 1)'],
    ],
    [
      '{ forwards: { "8000": "a:1",\n  "127.0.0.1:8000": "b:1" } }',
      [
        '/etc/x.json:2:3 forwards 127.0.0.1:8000: expected another place than 127.0.0.1:8000, got the same (first in line 1)',
      ],
    ],
    [
      '{ forwards: { ":53/udp": "a:1",\n "53/udp": "a:2", "53": "a:1" } }',
      [
        '/etc/x.json:2:2 forwards 53/udp: expected another place than :53/udp, got the same (first in line 1)',
      ],
    ],
    [
      '{ forwards: { "8000": "127.0.0.1:8000" } }',
      ['/etc/x.json:1:15 forwards 8000: expected another target than itself, got the same'],
    ],
    [
      '{ forwards: { "x": "a", "8001": { via: "direct" }, "8002": 80 } }',
      [
        '/etc/x.json:1:15 forwards x: expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or a path like /x.sock or ./x.sock, got "x"',
        '/etc/x.json:1:20 forwards x: expected HOST:PORT, [IPv6]:PORT or a path like /x.sock or ./x.sock, got "a"',
        '/etc/x.json:1:33 forwards 8001: expected to, got none',
        '/etc/x.json:1:60 forwards 8002: expected a string or an object, got a number',
      ],
    ],
    [
      '{ forwards: { "53/udp": "/run/y.sock" } }',
      ['/etc/x.json:1:15 forwards 53/udp: expected HOST:PORT for UDP, got a unix socket'],
    ],
    [
      '{ forwards: { "53/udp": "a:1", "54/udp": { to: "a:1", via: "direct" } },\n via: "http://b:1" }',
      ['/etc/x.json:1:15 forwards 53/udp: expected a way that carries UDP, got an HTTP proxy'],
    ],
    [
      '{ forwards: { "1": { to: "a:1", via: ["direct", "socks5://b:1"] } } }',
      ['/etc/x.json:1:15 forwards 1: expected direct or the URIs of proxies, got both'],
    ],
    [
      '{ forwards: { "1": { to: "a:1", from: "x" } } }',
      ['/etc/x.json:1:33 forwards 1: expected a name of a setting, got "from" (did you mean "to"?)'],
    ],
  ])('%s is refused with every place', (text, words) => {
    const found = mistakes(text);
    expect(found.map((line) => line.replace(/\(known: [^)]*\)/, '(did you mean "to"?)'))).toEqual(words);
  });

  it('are told of without a secret, wherever it stands', () => {
    for (const text of [
      `{ forwards: { "${secret}": "a:1" } }`,
      `{ forwards: { "1": "${secret}" } }`,
      `{ forwards: { "1": { to: "a:1", via: "${secret}x:" } } }`,
      `{ forwards: { "1": "a:1" }, via: ["direct", "${secret}:"] }`,
    ]) {
      expect(mistakes(text).join('\n')).toMatch(/expected(?!.*canary)/);
      expect(mistakes(text).join('\n')).not.toContain('canary');
    }
  });

  it('of a local go through its servers, and may lead to their own port there', () => {
    const text = '{ forwards: { "8000": "127.0.0.1:8000" } }';
    expect(read(text, 'local')).toEqual({ forwards: [{ from: '8000', to: '127.0.0.1:8000' }] });
    expect(mistakes('{ forwards: { "1": { to: "localhost:1", via: "direct" } } }', 'local')).toHaveLength(1);
    expect(mistakes('{ via: "socks5://a:1" }', 'local')).toEqual([
      '/etc/x.json:1:3 via: expected a setting of a local, got one of a forward',
    ]);
    expect(mistakes(text, 'remote')).toEqual([
      '/etc/x.json:1:3 forwards: expected a setting of a remote, got one of a local or a forward',
    ]);
  });
});

describe('a file', () => {
  it.each<[string, readonly Role[]]>([
    ['{ forwards: { "1": "a:1" } }', ['local', 'forward']],
    ['{ forwards: { "1": "a:1" }, via: "direct" }', ['forward']],
    ['{ forwards: { "1": "a:1" }, uri: "ss://x" }', ['local']],
    ['{ listen: "1080", hooks: "informer" }', ['local', 'remote']],
    ['{ json: true }', ['local', 'remote', 'forward']],
    ['{ allowBind: true, json: true }', ['remote']],
    ['{ forwards: { "1": "a:1" }, listen: "1" }', ['local']],
  ])('%s is for %j', (text, roles) => {
    expect(rolesOf(opened(text).file)).toEqual(roles);
  });

  it('of another program is for no forward', () => {
    expect(() => read('{ server: "a", server_port: 1, password: "p" }')).toThrow(
      '/etc/x.json:1:1 settings: expected those of a forward, got a file of another program',
    );
  });

  it('is private where a way has a secret in it', () => {
    const holds = (text: string): boolean => holdsSecret(read(text));
    expect(
      holds('{ forwards: { "1": "a:1" }, hooks: ["./a.js"], via: ["socks5://a:1", "http://b:2"] }'),
    ).toBe(false);
    expect(holds('{ forwards: { "1": { to: "a:1", via: "direct" } } }')).toBe(false);
    expect(holds(`{ forwards: { "1": { to: "a:1", via: "${secret}" } } }`)).toBe(true);
    expect(holds(`{ via: ["socks5://a:1", "${secret}"] }`)).toBe(true);
  });

  it('is shown without secrets', () => {
    const text = `{ forwards: { "1": "a:1", "2": { to: "b:1", via: "${secret}" } }, via: "${secret}", hooks: ["a.js"] }`;
    const told = tell({
      role: 'forward',
      typed: {},
      variables: {},
      file: understand(opened(text), 'forward', {}),
    });
    const values = Object.fromEntries(told.map(({ name, value }) => [name, value]));
    expect(values).toMatchObject({
      forwards: '1 → a:1, 2 → b:1 (via socks5://user:***@a:1)',
      via: 'socks5://user:***@a:1',
      hooks: '/etc/a.js',
      dumpFormat: 'text, pcapng',
    });
  });
});

describe('the hooks of a config file', () => {
  it('are in its directory, unless they come with halflight', () => {
    const text = `{ hooks: ["informer", "mine.js", "/a.ts", "dumper"], dumpDir: "d", dumpFormat: "text",
      dumpTarget: [":80"], dumpFileSize: 8192, dumpFiles: 7, dumpSecrets: true, informerForm: "wide" }`;
    for (const role of ['local', 'remote', 'forward'] as const) {
      expect(read(text, role)).toEqual({
        hooks: ['informer', '/etc/mine.js', '/a.ts', 'dumper'],
        dumpDir: '/etc/d',
        dumpFormat: ['text'],
        dumpTarget: [':80'],
        dumpFileSize: '8192',
        dumpFiles: '7',
        dumpSecrets: true,
        informerForm: 'wide',
      });
    }
  });

  it.each([
    ['{ hooks: "informr" }', 'hooks: expected informer, dumper or a file like ./mine.js, got "informr"'],
    ['{ dumpFormat: ["pcap"] }', 'dumpFormat: expected one of text, pcapng, got "pcap"'],
    ['{ dumpFileSize: 12 }', 'dumpFileSize: expected 0 (no limit) or at least 4k, got 12 bytes'],
    ['{ dumpTarget: "a:b" }', 'dumpTarget: expected a port from 1 to 65535, got another'],
    ['{ hook: "informer" }', 'settings: expected a name of a setting, got "hook" (did you mean "hooks"?)'],
  ])('%s is refused', (text, words) => {
    expect(mistakes(text)[0]).toContain(words);
  });
});
