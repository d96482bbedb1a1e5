import { describe, expect, it } from 'vitest';
import { classicHalf, isClassic } from '../../shared/config/classic.js';
import { readOurs } from '../../shared/config/file.js';
import { understand } from '../../shared/config/file-open.js';
import type { Half } from '../../shared/config/file-schema.js';
import { type JsonFile, parseJsonFile } from '../../shared/config/file-text.js';
import { ConfigError } from '../../shared/errors.js';

const file = (content: object): JsonFile => parseJsonFile('x.json', Buffer.from(JSON.stringify(content)));

describe('a file of another program', () => {
  it.each([
    [{ server: 'h' }, true],
    [{ servers: [{ server: 'h' }] }, true],
    [{ servers: [{ address: 'h' }] }, true],
    [{ shadowsocks: [] }, true],
    [{ manager_address: 'x' }, true],
    [{ online_config: {} }, true],
    [{ servers: ['ss://x'] }, false],
    [{ servers: [{ uri: 'ss://x' }] }, false],
    [{ servers: [{ uri: 'ss://x', server: 'h' }] }, false],
    [{ servers: [] }, false],
    [{ servers: {} }, false],
    [{ ports: [{ listen: ':1' }] }, false],
    [{ method: 'aes-256-gcm', password: 'x' }, false],
  ])('is told from ours: %j', (content, expected) => {
    expect(isClassic(file(content))).toBe(expected);
  });

  it.each([
    [{ server: 'h' }, 'local'],
    [{ server: '192.0.2.1' }, 'local'],
    [{ server: ['one', 'two'] }, 'local'],
    [{ servers: [{ address: 'h' }, { address: 'i' }] }, 'local'],
    [{ server: '0.0.0.0' }, 'remote'],
    [{ server: '::' }, 'remote'],
    [{ server: ['[::0]', '0.0.0.0'] }, 'remote'],
    [{ servers: [{ address: '::' }] }, 'remote'],
    [{ server: 'h', port_password: {} }, 'remote'],
    [{ locals: [{}], online_config: {} }, 'local'],
    [{ manager_address: '127.0.0.1:1' }, 'remote'],
    // A server of shadowsocks-rust, which a newcomer found read as a local's.
    [{ server: 'h', users: [] }, 'remote'],
    [{ servers: [{ server: '127.0.0.1', users: [] }] }, 'remote'],
    [{ server: 'h', users: [], local_port: 1080 }, 'local'],
    [{ server: 'h', users: [], locals: [] }, 'local'],
    [{ server_port: 8388, password: 'x' }, 'remote'],
    [{ server_port: 8388, password: 'x', local_address: '127.0.0.1' }, 'local'],
  ])('is probably for a half: %j', (content, half) => {
    expect(classicHalf(file(content))).toBe(half);
  });
});

it('a secret is not judged by a method that nobody knows', () => {
  let thrown: unknown;
  try {
    readOurs(file({ method: 'aes-255-gcm', password: 'x' }), 'remote');
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ConfigError);
  expect((thrown as ConfigError).message).toContain('method: ');
  expect((thrown as ConfigError).others).toEqual([]);
});

it("libev's one-time authentication is no door of ours", () => {
  const old = file({ server: 'h', method: 'aes-256-gcm', password: 'x', auth: true });
  const { warnings } = understand({ file: old, mode: 0o600 }, 'remote', {});
  expect(warnings).toEqual(['x.json:1:53 "auth": not supported, and ignored']);
});

describe('the mistakes in a file of another program are told together', () => {
  it.each([
    [
      'server_port 88388 and AES-256-GCM',
      { server: '::', server_port: 88388, password: 'x', method: 'AES-256-GCM' },
      [/:1:\d+ method: expected one of /, /:1:\d+ server_port: expected a port from 0 to 65535, got 88388$/],
    ],
    [
      'pasword',
      { server: '::', pasword: 'x', method: 'aes-256-gcm' },
      [
        / password: expected a password, got none$/,
        /:1:16 settings: .*, got "pasword" \(did you mean "password"\?\)$/,
      ],
    ],
    [
      'port_password without server',
      { port_password: { 8381: '', x: '...', 8383: {} }, method: 'aes-256-gcm' },
      [/ port_password.8381: /, / port_password.8383: /, / port_password: expected a port/],
    ],
    [
      'a misspelt key of a server in a list',
      { servers: [{ server: '::', server_prot: 1, method: 'aes-256-gcm' }] },
      [/ password: expected a password, got none$/, /"server_prot" \(did you mean "server_port"\?\)$/],
    ],
  ])('%s', (_, content, expected) => {
    let thrown: unknown;
    try {
      understand({ file: file(content), mode: 0o600 }, 'remote', {});
    } catch (error) {
      thrown = error;
    }
    const { message, others } = thrown as ConfigError;
    expect([message, ...others.map((each) => each.message)]).toEqual(
      expected.map((words): unknown => expect.stringMatching(words)),
    );
  });
});

describe('the line that config show names', () => {
  const lines = (text: string, half: Half): object => {
    const read = parseJsonFile('x.json', Buffer.from(text));
    const { nodes } = understand({ file: read, mode: 0o600 }, half, {});
    return Object.fromEntries(Array.from(nodes, ([name, node]) => [name, read.line(node)]));
  };

  it.each([
    [
      'rustserver.json',
      `{
        "servers": [{
          "server": "::", "server_port": 8388,
          "method": "aes-256-gcm",
          "password": "x"
        }, { "server": "::", "server_port": 8389, "method": "aes-256-gcm", "password": "y" }],
        "mode": "tcp_and_udp"
      }`,
      'remote',
      { listen: 3, method: 4, password: 5, udp: 7, ports: 2 },
    ],
    [
      'rustlocal.json',
      `{
        "locals": [
          { "local_port": 1081 }],
        "servers": [
          { "server": "h", "method": "aes-256-gcm", "password": "x" },
          { "server": "i", "method": "aes-256-gcm", "password": "x" }]
      }`,
      'local',
      { listen: 3, udp: 5, servers: 4 },
    ],
    [
      'libev.json',
      `{ "local_port": 1080,
        "server": "h",
        "method": "aes-256-gcm", "password": "x",
        "mode": "tcp_only",
        "plugin": "obfs-local"
      }`,
      'local',
      { listen: 1, uri: 2, udp: 4, plugin: 5 },
    ],
  ] as const)('is the line of the setting itself in %s', (_, text, half, expected) => {
    expect(lines(text, half)).toEqual(expected);
  });
});
