import { describe, expect, it } from 'vitest';
import { readLocalFlags } from '../../shared/config/local-flags.js';
import { formatPlugin, readPlugin } from '../../shared/config/plugin.js';
import { UsageError } from '../../shared/config/exit.js';
import { formatServerUri, parseServerUri, redactServerUri } from '../../shared/config/uri.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey } from '../support/config.js';

const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1`;

describe('a plugin in a flag', () => {
  it.each([
    ['obfs-local', { name: 'obfs-local' }],
    ['obfs-local;', { name: 'obfs-local' }],
    ['obfs-local;obfs=http', { name: 'obfs-local', options: 'obfs=http' }],
    ['/opt/my plugin;a=b\\;c;d', { name: '/opt/my plugin', options: 'a=b\\;c;d' }],
  ])('%s is a program, and what it is told', (text, plugin) => {
    expect(readPlugin('--plugin', text)).toEqual(plugin);
  });

  it.each([
    ['', '--plugin: expected NAME or NAME;OPTIONS, got no name'],
    [';obfs=http', '--plugin: expected NAME or NAME;OPTIONS, got no name'],
    ['obfs\0-local', '--plugin: expected no control characters, got one'],
    ['obfs-local;a\nb', '--plugin: expected no control characters, got one'],
  ])('%j is none', (text, message) => {
    expect(() => readPlugin('--plugin', text)).toThrow(new ConfigError(message));
  });

  it.each(['', '?auth=remote'])('is one of the remote of a local%s', async (query) => {
    const { servers } = await readLocalFlags(`${uri}${query}`, { plugin: 'p;o' }, {});
    expect(servers[0]?.uri.plugin).toEqual({ name: 'p', options: 'o' });
    expect((await readLocalFlags(`${uri}${query}`, {}, {})).servers[0]?.uri.plugin).toBeUndefined();
  });
});

describe('a plugin in a URI', () => {
  const plugin = { name: 'obfs-local', options: 'obfs=http;path=/a+b?&#' };
  const text = encodeURIComponent(`${plugin.name};${plugin.options}`);
  const dressed = `${uri}?plugin=${text}`;
  const allowPlugin = ['other', 'obfs-local'];
  const refused =
    'URI: expected no plugin, got obfs-local: halflight runs no program that a URI names, unless --allow-plugin obfs-local does, too';
  const unnamed = /^URI: expected no plugin, got (?:plugin=…|OBFS-LOCAL): halflight runs no program/;

  it('is refused unless a flag names it, too', async () => {
    await expect(readLocalFlags(dressed, {}, {})).rejects.toThrow(refused);
    await expect(readLocalFlags(dressed, { allowPlugin: ['obfs'] }, {})).rejects.toThrow(refused);
    await expect(readLocalFlags(undefined, {}, { HALFLIGHT_URI: dressed })).rejects.toThrow(refused);
    expect((await readLocalFlags(dressed, { allowPlugin }, {})).servers[0]?.uri.plugin).toEqual(plugin);
    const { servers } = await readLocalFlags(undefined, { allowPlugin }, { HALFLIGHT_URI: dressed });
    expect(servers[0]?.uri.plugin).toEqual(plugin);
  });

  it.each(['%2Fbin%2Fobfs-local', './obfs-local', 'obfs-local%20', 'OBFS-LOCAL', '', '%3Bobfs-local'])(
    'called %s is not the one that was allowed',
    (name) => {
      expect(() => parseServerUri(`${uri}?plugin=${name}`, { plugins: ['obfs-local'] })).toThrow(unnamed);
    },
  );

  it('is one only, and without control characters', () => {
    const plugins = ['obfs-local'];
    expect(() => parseServerUri(`${dressed}&plugin=x`, { plugins })).toThrow(
      'expected at most one plugin, got 2',
    );
    expect(() => parseServerUri(`${uri}?plugin=obfs-local%3Ba%00`, { plugins })).toThrow(
      'URI: plugin: expected no control characters, got one',
    );
  });

  it('is not one beside another that was typed', async () => {
    const both = readLocalFlags(dressed, { allowPlugin, plugin: 'p' }, {});
    await expect(both).rejects.toThrow(UsageError);
    await expect(both).rejects.toThrow('expected one of --plugin and plugin= in the URI, got 2');
  });

  it('is written so that it can be read back', () => {
    const plugins = ['obfs-local'];
    const read = parseServerUri(dressed, { plugins });
    expect(parseServerUri(formatServerUri(read), { plugins })).toEqual(read);
    expect(redactServerUri(read)).toContain('?plugin=obfs-local%3B***');
    expect(formatPlugin({ name: 'p' })).toBe('p');
  });
});
