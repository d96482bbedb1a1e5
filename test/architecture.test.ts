import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';

/** The rings of docs/architecture.md, from the ground up. Imports point down, or stay in their own ring. */
const rings: readonly (readonly [name: string, places: readonly string[]])[] = [
  [
    'ground',
    [
      'shared/errors.ts',
      'shared/bytes.ts',
      'shared/environment.ts',
      'shared/nearest.ts',
      'shared/service.ts',
    ],
  ],
  ['protocol', ['shared/codec', 'shared/proxy', 'shared/routing']],
  ['adapters', ['shared/net', 'shared/outbound']],
  ['machine', ['shared/serve', 'shared/hooks', 'shared/observe', 'shared/config']],
  ['programs', ['local', 'remote', 'forward', 'client', 'cli.ts', 'cli', 'index.ts', 'bench']],
];
const programs = ['local', 'remote', 'forward', 'client'];
const root = path.resolve(import.meta.dirname, '..');

interface SourceFile {
  readonly name: string;
  readonly text: string;
  readonly imports: readonly string[];
}

const sources = sourceFiles();
/** The examples of the documents are programs of their readers. */
const shipped = sources.filter(({ name }) => !/^(test|docs)\//.test(name) && !name.includes('.config.'));

function sourceFiles(): SourceFile[] {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll(path.sep, '/'))
    .filter((name) => name.endsWith('.ts') && !/^(node_modules|dist)\//.test(name));
  return names.map((name) => {
    const text = readFileSync(path.join(root, name), 'utf8');
    const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(
      (match) => match[1] ?? '',
    );
    const imports = specifiers.map((specifier) =>
      specifier.startsWith('.')
        ? path.posix.normalize(path.posix.join(path.posix.dirname(name), specifier)).replace(/\.js$/, '.ts')
        : specifier,
    );
    return { name, text, imports };
  });
}

function within(name: string, place: string): boolean {
  return name === place || name.startsWith(`${place}/`);
}

function ringOf(name: string): number {
  return rings.findIndex(([, places]) => places.some((place) => within(name, place)));
}

function withoutComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

describe('the walls', () => {
  it('finds the sources at all', () => {
    expect(shipped.length).toBeGreaterThan(30);
    expect(shipped.flatMap((file) => file.imports).length).toBeGreaterThan(100);
  });

  it.each(shipped)('$name belongs to a ring', ({ name }) => {
    expect(ringOf(name)).toBeGreaterThanOrEqual(0);
  });

  it.each(shipped)('$name imports only from its own ring or from below', ({ name, imports }) => {
    const above = imports.filter((imported) => imported.endsWith('.ts') && ringOf(imported) > ringOf(name));
    expect(above).toEqual([]);
  });

  it.each(programs)('%s imports no other program', (program) => {
    const others = [...programs.filter((other) => other !== program), 'cli.ts', 'index.ts'];
    const crossing = shipped
      .filter((file) => within(file.name, program))
      .flatMap((file) => file.imports)
      .filter((imported) => others.some((other) => within(imported, other)));
    expect(crossing).toEqual([]);
  });

  const pure = shipped.filter((file) => ringOf(file.name) <= 1);

  it.each(pure)('$name is pure: no sockets, files, timers, clock or dice', ({ name, text, imports }) => {
    const keyFile = name.startsWith('shared/codec/') && /(aead-native|keys|session)\.ts$/.test(name);
    const modules = imports.filter((imported) => imported.startsWith('node:'));
    expect(modules.filter((imported) => !(keyFile && imported === 'node:crypto'))).toEqual([]);
    const code = withoutComments(text);
    expect(code).not.toMatch(/\bnew Date\b|\bDate\.now\b|Math\.random|setTimeout|setInterval|setImmediate/);
    expect(code).not.toMatch(/\bperformance\.|\bprocess\./);
  });

  it('seals and opens in one place only', () => {
    const users = shipped.filter((file) => /\bcreate(De)?[cC]ipheriv\s*\(/.test(file.text));
    expect(users.map((file) => file.name)).toEqual(['shared/codec/aead-native.ts']);
  });

  it('never looks a target up with getaddrinfo', () => {
    const users = shipped.filter(({ text }) => {
      const code = withoutComments(text);
      return /\bdns(\.promises)?\.lookup\b|\{[^}]*\blookup\b[^}]*\} from 'node:dns/.test(code);
    });
    expect(users.map((file) => file.name)).toEqual([]);
  });

  it('installs nothing that runs a script', () => {
    const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { hasInstallScript?: boolean; dev?: boolean }>;
    };
    const scripted = Object.entries(lock.packages).filter(([, entry]) => entry.hasInstallScript === true);
    // fsevents is for macOS only, optional, and ships its binary: npm never builds it here.
    expect(scripted.map(([name]) => name).filter((name) => name !== 'node_modules/fsevents')).toEqual([]);
    expect(Object.keys(lock.packages).length).toBeGreaterThan(50);
  });

  it.each(sources)('$name is no longer than 300 lines', ({ text }) => {
    expect(text.split('\n').length - 1).toBeLessThanOrEqual(300);
  });

  it.each(sources)('$name has no default export', ({ name, text }) => {
    if (name.includes('.config.')) return;
    expect(text).not.toMatch(/^export default/m);
  });
});
