import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '..');

/** The modules that are loaded with these, their own names among them: types are no modules when the program runs. */
function loadedWith(...entries: readonly string[]): ReadonlySet<string> {
  const loaded = new Set<string>();
  const add = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    for (const [, specifier] of textOf(name).matchAll(/^(?:import|export) (?!type )[^;']*'([^']+)';$/gm)) {
      add(resolved(name, specifier ?? ''));
    }
  };
  for (const entry of entries) add(entry);
  return loaded;
}

/** What the modules of a program load while it runs. */
function loadedBy(modules: Iterable<string>): ReadonlySet<string> {
  const later = [...modules].flatMap((name) =>
    Array.from(textOf(name).matchAll(/(?<!typeof )import\('([^']+)'\)/g), ([, specifier]) =>
      resolved(name, specifier ?? ''),
    ),
  );
  return new Set(later);
}

function textOf(name: string): string {
  return name.endsWith('.ts') ? readFileSync(path.join(root, name), 'utf8') : '';
}

function resolved(from: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return path.posix.join(path.posix.dirname(from), specifier).replace(/\.js$/, '.ts');
}

const halves = {
  local: ['cli.ts', 'cli/configured.ts', 'cli/local.ts', 'cli/any-local.ts', 'local/local.ts'],
  remote: ['cli.ts', 'cli/configured.ts', 'cli/remote.ts', 'remote/remote.ts'],
  forward: ['cli.ts', 'cli/configured.ts', 'cli/forward.ts', 'forward/forward.ts'],
} as const;

/** What few people use, and what would be half of a start. */
const rare = [
  '@noble/ciphers/',
  '@noble/hashes/hkdf.js',
  'commander',
  'uqr',
  'cli/usage.ts',
  'cli/workers/',
  'remote/manage',
  'shared/codec/aead-extended.ts',
  'shared/codec/aead-noble.ts',
  'shared/config/api.ts',
  'shared/config/classic',
  'shared/config/explain.ts',
  'shared/config/file',
  'shared/config/json5.ts',
  'shared/config/keyfile.ts',
  'shared/config/layers.ts',
  'shared/config/manager.ts',
  'shared/config/ports.ts',
  'shared/config/sip008.ts',
  'shared/config/subscription.ts',
  'shared/config/users-file',
  'shared/hooks/create.ts',
  'shared/hooks/dumper/',
  'shared/hooks/informer',
  'shared/hooks/open.ts',
  'shared/hooks/thread',
  'shared/net/binding.ts',
  'shared/net/fetch-document.ts',
  'shared/net/journal.ts',
  'shared/net/messages.ts',
  'shared/net/plugin',
  'shared/net/unix-messages.ts',
  'shared/outbound/bind.ts',
  'shared/proxy/http-',
  'shared/proxy/ss-manager.ts',
  'shared/serve/api/',
  'shared/serve/forward',
  'shared/serve/http',
];
const rareAtLocals = [
  'remote/',
  'shared/codec/packets',
  'shared/net/datagrams.ts',
  'shared/outbound/associate',
];
const rareAtRemotes = ['local/', 'shared/outbound/tunnel.ts', 'shared/outbound/carriers.ts'];

/** What judges the options of a half, which is done before it is started. */
const forOptions: readonly string[] = [
  'local/embedded.ts',
  'remote/embedded.ts',
  'shared/config/manager.ts',
  'shared/config/ports.ts',
  'shared/config/subscription.ts',
  'shared/config/users-file.ts',
  'shared/serve/timeouts.ts',
];
/** What a way through a proxy is made of. */
const forDialing: readonly string[] = [
  'shared/net/binding.ts',
  'shared/outbound/bind.ts',
  'shared/proxy/http-',
  'shared/serve/way-out.ts',
];

function among(loaded: ReadonlySet<string>, rare: readonly string[]): readonly string[] {
  return [...loaded].filter((name) => rare.some((beginning) => name.startsWith(beginning)));
}

describe('a start', () => {
  it('of a plain local loads nothing that few people use', () => {
    const loaded = loadedWith(...halves.local);
    expect(loaded.size).toBeGreaterThan(50);
    expect(among(loaded, [...rare, ...rareAtLocals])).toEqual([]);
  });

  it('of a plain remote loads nothing that few people use', () => {
    const loaded = loadedWith(...halves.remote);
    expect(loaded.size).toBeGreaterThan(50);
    expect(among(loaded, [...rare, ...rareAtRemotes])).toEqual([]);
  });

  it('of a plain forward loads neither half, nor what few people use', () => {
    const loaded = loadedWith(...halves.forward);
    expect(loaded.size).toBeGreaterThan(50);
    const own = among(loaded, ['shared/serve/forward']);
    const others = new Set([...loaded].filter((name) => !own.includes(name)));
    expect(among(others, [...rare, 'local/', 'remote/'])).toEqual([]);
  });

  it('of a program that uses the library loads neither half before it is started', () => {
    const loaded = among(loadedWith('index.ts'), [...rare, 'local/', 'remote/', 'shared/serve/']);
    const wanted = among(new Set(loaded), [...forOptions, ...forDialing]);
    expect(loaded.filter((name) => !wanted.includes(name))).toEqual([]);
  });
});

/** What is loaded before a half listens, if at all. */
const before = [
  'remote/manager.ts',
  'shared/codec/aead-extended.ts',
  'shared/codec/aead-noble.ts',
  'shared/config/users-file-edit.ts',
  'shared/hooks/dumper/dumper.ts',
  'shared/hooks/informer.ts',
  'shared/hooks/open.ts',
  'shared/hooks/thread.ts',
  'shared/net/unix-listen.ts',
  'shared/serve/forward-datagrams.ts',
  'shared/serve/forwards.ts',
  'shared/serve/straight-talker.ts',
  'shared/serve/way-out.ts',
];

describe('what is loaded late', () => {
  it.each(['local/local.ts', 'remote/remote.ts'])(
    'in %s is loaded once the half runs, for Node tries nothing again that it could not load',
    (half) => {
      const listed = loadedBy([half]);
      const asked = loadedBy(loadedWith(half, ...listed));
      expect(Array.from(asked).filter((name) => !listed.has(name) && !before.includes(name))).toEqual([]);
    },
  );
});
