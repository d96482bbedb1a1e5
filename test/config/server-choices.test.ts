import { describe, expect, it } from 'vitest';
import { UsageError } from '../../shared/config/exit.js';
import { parseProbeTarget, readServers } from '../../shared/config/server-choices.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey } from '../support/config.js';

const at = (host: string, query = ''): string =>
  `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@${host}:8388${query}#${host}`;

describe('the servers of a local', () => {
  it('are of an order each, that of the list, and of the same weight, where nothing else is said', () => {
    const servers = readServers(undefined, { servers: [{ uri: at('a') }, { uri: at('b') }] }, {});
    expect(servers.map(({ uri, order, weight }) => [uri.host, order, weight])).toEqual([
      ['a', 0, 1],
      ['b', 1, 1],
    ]);
  });

  it('have the order, the weight and the plugin that is said', () => {
    const servers = [
      { uri: at('a'), order: 7, weight: 0.5 },
      { uri: at('b'), order: 7, plugin: 'p;o' },
      { uri: at('c') },
    ];
    expect(
      readServers(undefined, { servers }, {}).map(({ uri, order, weight }) => [
        uri.plugin?.name,
        order,
        weight,
      ]),
    ).toEqual([
      [undefined, 7, 0.5],
      ['p', 7, 1],
      [undefined, 2, 1],
    ]);
  });

  it('are heard before a variable, and a list of one is one', () => {
    const variables = { HALFLIGHT_URI: at('variable') };
    const hosts = (flags: Parameters<typeof readServers>[1], uri?: string): readonly string[] =>
      readServers(uri, flags, variables).map((server) => server.uri.host);
    expect(hosts({ servers: [{ uri: at('a') }] })).toEqual(['a']);
    expect(hosts({ servers: [{ uri: at('a') }, { uri: at('b') }] })).toEqual(['a', 'b']);
    expect(hosts({}, at('argument'))).toEqual(['argument']);
    expect(hosts({})).toEqual(['variable']);
  });

  it('are named by their place when one cannot be used, and never by their key', () => {
    const servers = [{ uri: at('a') }, { uri: at('b').replace('8388', '0') }];
    const read = (): unknown => readServers(undefined, { servers }, {});
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/^server 2: URI: expected a port/);
    expect(read).not.toThrow(canaryKey);
  });

  it('have no one plugin for all', () => {
    const flags = { servers: [{ uri: at('a') }, { uri: at('b') }], plugin: 'p' };
    expect(() => readServers(undefined, flags, {})).toThrow(UsageError);
    expect(() => readServers(undefined, flags, {})).toThrow('--plugin: expected one server, got 2');
    const twice = {
      servers: [{ uri: at('a', '?plugin=p'), plugin: 'p' }, { uri: at('b') }],
      allowPlugin: ['p'],
    };
    expect(() => readServers(undefined, twice, {})).toThrow('expected one of plugin and plugin= in the URI');
  });

  it('run no plugin that a URI names, unless it is allowed', () => {
    const servers = [{ uri: at('a', '?plugin=p') }, { uri: at('b') }];
    expect(() => readServers(undefined, { servers }, {})).toThrow('server 1: URI: expected no plugin');
    expect(readServers(undefined, { servers, allowPlugin: ['p'] }, {})[0]?.uri.plugin).toEqual({ name: 'p' });
  });
});

describe('a probe target', () => {
  it.each([
    ['1.1.1.1:53', { host: '1.1.1.1', port: 53 }],
    ['[2606:4700::1111]:53', { host: '2606:4700::1111', port: 53 }],
    ['dns.example:5353', { host: 'dns.example', port: 5353 }],
  ])('is read from %s', (text, target) => {
    expect(parseProbeTarget(text)).toEqual(target);
  });

  it.each([
    '',
    '53',
    ':53',
    '1.1.1.1',
    '1.1.1.1:0',
    '1.1.1.1:65536',
    '2606:4700::1111',
    '[1.1.1.1]:53',
    'a b:53',
  ])('is not %j', (text) => {
    expect(() => parseProbeTarget(text)).toThrow(ConfigError);
    expect(() => parseProbeTarget(text)).toThrow(/^probe target: expected .*, got /);
  });
});
