import { describe, expect, it } from 'vitest';
import { UsageError } from '../../shared/config/exit.js';
import { type HookFlags, parseDumpTarget, readHookFlags } from '../../shared/config/hook-flags.js';
import { saysOfHooks } from '../../shared/config/hook-names.js';
import { parseSize } from '../../shared/config/size.js';
import type { WorkersFlags } from '../../shared/config/workers.js';
import { ConfigError } from '../../shared/errors.js';

const write = (): void => undefined;

function read(flags: HookFlags & WorkersFlags, json = false): ReturnType<typeof readHookFlags> {
  return readHookFlags(flags, { write, color: true, json });
}

describe('the hooks that flags ask for', () => {
  it('are none without a flag', () => {
    expect(read({})).toBeUndefined();
    expect(saysOfHooks({ hooks: undefined, listen: '8000' })).toBe(false);
    expect(saysOfHooks({ dumpSecrets: false })).toBe(true);
  });

  it('stay in order', () => {
    expect(read({ hooks: ['./a.js', 'informer', 'b.ts', 'dumper'], dumpDir: 'd' })).toEqual([
      { kind: 'file', path: './a.js' },
      { kind: 'informer', settings: { form: 'compact', color: true, write } },
      { kind: 'file', path: 'b.ts' },
      {
        kind: 'dumper',
        settings: {
          directory: 'd',
          formats: ['text', 'pcapng'],
          targets: [],
          fileBytes: 100 * 1024 * 1024,
          files: 1000,
          secrets: false,
        },
      },
    ]);
  });

  it('have what is said of a dumper', () => {
    const flags: HookFlags = {
      hooks: ['dumper'],
      dumpDir: '/d',
      dumpFormat: ['pcapng', 'pcapng'],
      dumpTarget: ['example.com', '[::1]:443', ':25'],
      dumpFileSize: '8k',
      dumpFiles: '0',
      dumpSecrets: true,
    };
    expect(read(flags)?.[0]).toEqual({
      kind: 'dumper',
      settings: {
        directory: '/d',
        formats: ['pcapng'],
        targets: [{ host: 'example.com' }, { host: '::1', port: 443 }, { port: 25 }],
        fileBytes: 8192,
        files: 0,
        secrets: true,
      },
    });
  });

  it('speak JSON where all else does', () => {
    expect(read({ hooks: ['informer'] }, true)).toMatchObject([{ settings: { form: 'json' } }]);
    expect(() => read({ hooks: ['informer'], informerForm: 'wide' }, true)).toThrow(
      '--informer-form: expected json beside --json, got wide',
    );
  });

  it.each<[HookFlags & WorkersFlags, string]>([
    [{ hooks: ['informer', 'informer'] }, '--hook: expected each hook once, got informer again'],
    [{ hooks: ['informer'], workers: '2' }, '--hook: expected one process, got several'],
    [{ hooks: ['dumper'] }, '--hook dumper: expected --dump-dir beside it, got none'],
    [{ dumpDir: 'd' }, '--dump-dir: expected --hook dumper beside it, got none'],
    [{ hooks: ['informer'], dumpSecrets: true }, '--dump-secrets: expected --hook dumper beside it'],
    [{ informerForm: 'json' }, '--informer-form: expected --hook informer beside it, got none'],
  ])('%j makes no sense', (flags, words) => {
    expect(() => read(flags)).toThrow(UsageError);
    expect(() => read(flags)).toThrow(words);
  });

  it.each<[HookFlags, string]>([
    [
      { hooks: ['informr'] },
      'hook: expected informer, dumper or a file like ./mine.js, got "informr" (did you',
    ],
    [{ hooks: ['mine'] }, 'hook: expected informer, dumper or a file like ./mine.js, got "mine"'],
    [{ hooks: ['dumper'], dumpDir: 'd', dumpFileSize: '1k' }, 'dump file size: expected 0 (no limit) or at'],
    [{ hooks: ['dumper'], dumpDir: 'd', dumpFileSize: '1X' }, 'dump file size: expected a size like 100M'],
    [{ hooks: ['dumper'], dumpDir: 'd', dumpFiles: '-1' }, 'dump files: expected a number from 0 to 1000000'],
    [{ hooks: ['dumper'], dumpDir: 'd', dumpFiles: 'many' }, 'dump files: expected a whole number, got many'],
    [{ hooks: ['dumper'], dumpDir: 'd', dumpTarget: ['a:0'] }, 'dump target: expected a port from 1 to'],
  ])('%j cannot be used', (flags, words) => {
    expect(() => read(flags)).toThrow(ConfigError);
    expect(() => read(flags)).toThrow(words);
  });
});

describe('a target to be dumped', () => {
  it.each([
    ['example.com', { host: 'example.com' }],
    ['example.com:80', { host: 'example.com', port: 80 }],
    ['[2001:DB8::1]', { host: '2001:db8::1' }],
    ['2001:db8::1', { host: '2001:db8::1' }],
    [':53', { port: 53 }],
  ])('%s is read', (text, target) => {
    expect(parseDumpTarget(text)).toEqual(target);
  });

  it.each(['', ':', ':0', 'a:', 'a:b', '[x]', '[::1', 'a b', 'http://a'])('%j is refused', (text) => {
    expect(() => parseDumpTarget(text)).toThrow(/^dump target: expected /);
  });
});

describe('a size', () => {
  it.each([
    ['0', 0],
    ['123', 123],
    ['4k', 4096],
    ['100M', 100 * 1024 ** 2],
    ['2g', 2 * 1024 ** 3],
  ])('%s is so many bytes', (text, bytes) => {
    expect(parseSize(text, 'size')).toBe(bytes);
  });

  it.each(['', 'M', '-1', '1.5M', '1T', '1 M', '99999999999999g'])('%j is none', (text) => {
    expect(() => parseSize(text, 'size')).toThrow('size: expected a size like 100M (k, M or G), got');
  });
});
