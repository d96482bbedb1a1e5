import { describe, expect, it } from 'vitest';
import { readLocalFlags } from '../../shared/config/local-flags.js';
import { readPlugin } from '../../shared/config/plugin.js';
import { ConfigError } from '../../shared/errors.js';
import { canaryKey } from '../support/config.js';

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

  it.each(['', '?auth=remote'])('is a setting of a local%s', async (query) => {
    const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1${query}`;
    expect((await readLocalFlags(uri, { plugin: 'p;o' }, {})).plugin).toEqual({ name: 'p', options: 'o' });
    expect((await readLocalFlags(uri, {}, {})).plugin).toBeUndefined();
  });
});
