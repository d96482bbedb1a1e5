import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const modules = path.join(root, 'node_modules');

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as Manifest;

/** What a program prints on stdout. Throws with all that it says when it fails. */
function output(command: string, words: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, words, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string };
    throw new Error(`${command} ${words.join(' ')}:\n${stdout}${stderr}`, { cause: error });
  }
}

/** The compiler of this project; the consumers have no other. */
function compile(project: string, words: readonly string[] = []): string {
  const program = path.join(modules, 'typescript/bin/tsc');
  return output(process.execPath, [program, '-p', project, ...words], project);
}

describe('the package', () => {
  const place = mkdtempSync(path.join(tmpdir(), 'halflight-package-'));
  const consumer = (kind: 'esm' | 'cjs'): string => path.join(place, kind);

  // As `npm install halflight` would have it, in a directory above both consumers; what it depends on comes from here.
  beforeAll(() => {
    const packed = `${manifest.name}-${manifest.version}.tgz`;
    output('npm', ['pack', '--ignore-scripts', '--pack-destination', place], root);
    cpSync(path.join(root, 'test/consumers'), place, { recursive: true });
    const needed = Object.keys(manifest.dependencies).map((name) => path.join(modules, name));
    const quietly = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund', '--install-links'];
    output('npm', ['install', '--prefix', place, ...quietly, `./${packed}`, ...needed], place);
    mkdirSync(path.join(place, 'node_modules/@types'));
    symlinkSync(path.join(modules, '@types/node'), path.join(place, 'node_modules/@types/node'));
  }, 120_000);

  afterAll(() => {
    rmSync(place, { recursive: true, force: true });
  });

  it('has what it promises, and nothing of ours alone', () => {
    const installed = path.join(place, 'node_modules', manifest.name);
    expect(existsSync(path.join(installed, 'dist/index.d.ts'))).toBe(true);
    for (const name of ['test', 'bench', 'dist/bench', 'index.ts', 'docs']) {
      expect(existsSync(path.join(installed, name)), name).toBe(false);
    }
  });

  it('tells tools what it is', () => {
    const asked = `console.log(require('${manifest.name}/package.json').version)`;
    expect(output(process.execPath, ['-e', asked], place).trim()).toBe(manifest.version);
  });

  it('has the program', () => {
    const program = path.join(place, 'node_modules/.bin', Object.keys(manifest.bin)[0] ?? '');
    expect(output(process.execPath, [program, '--version'], place).trim()).toBe(manifest.version);
  });

  it.each([
    ['ESM', 'esm', 'main.mjs'],
    ['CommonJS', 'cjs', 'main.cjs'],
  ] as const)(
    'is used by a program in %s, with its types',
    (_name, kind, program) => {
      expect(compile(consumer(kind))).toBe('');
      expect(output(process.execPath, ['--no-warnings', program], consumer(kind))).toBe('ok\n');
    },
    60_000,
  );

  it('is used by a program that a bundler puts together, with its types', () => {
    const bundled = ['--module', 'esnext', '--moduleResolution', 'bundler', '--skipLibCheck', '--noEmit'];
    expect(compile(consumer('esm'), bundled)).toBe('');
  }, 60_000);

  it('has types that older compilations know', () => {
    const older = ['--target', 'es2020', '--lib', 'es2020', '--noEmit'];
    expect(compile(consumer('esm'), older)).toBe('');
  }, 60_000);
});
