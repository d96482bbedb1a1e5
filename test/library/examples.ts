/** The examples of the documents, as programs: found, checked against the types of the built package, run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import ts from 'typescript';
import { afterAll, beforeAll } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Where examples stand. The reference has declarations in its blocks. */
const pages = [
  'README.md',
  ...readdirSync(path.join(root, 'docs/library'))
    .filter((name) => name.endsWith('.md') && name !== 'reference.md')
    .map((name) => `docs/library/${name}`),
];

function textOf(page: string): string {
  return readFileSync(path.join(root, page), 'utf8');
}

export interface Example {
  /** Where it stands, such as `docs/library/dial.md:12`. */
  readonly place: string;
  readonly code: string;
  /** Why it is compiled only. */
  readonly notRun: string | undefined;
}

/**
 * All blocks of TypeScript in README.md and docs/library, in their order. A block that begins with ```` ```ts no-run:
 * REASON ```` is compiled only.
 */
export function readExamples(): readonly Example[] {
  return pages.flatMap((page) => examplesOf(page));
}

/** The beginnings of all blocks there in a language that could be run. */
export function countPrograms(): number {
  return pages.flatMap((page) => [...textOf(page).matchAll(/^```(?:[jt]s|javascript|typescript)\b/gim)])
    .length;
}

/** The same of one page, a path from the root of the checkout. */
export function examplesOf(page: string): readonly Example[] {
  const written = textOf(page);
  return Array.from(
    written.matchAll(/^```ts(?: no-run: ([^\n]+))?\n(.*?)^```$/gms),
    ({ 1: notRun, 2: code = '', index }) => ({
      place: `${page}:${written.slice(0, index).split('\n').length}`,
      code,
      notRun,
    }),
  );
}

/** What an example says that it prints, line by line: `// prints: …` behind what prints it. */
export function promised({ code }: Example): readonly string[] {
  return Array.from(code.matchAll(/\/\/ prints: (.*)$/gm), ([, line = '']) => line);
}

/** Examples as files of a project that is there while the tests of a suite run. */
export interface ExampleProject {
  /** The file of the example with that number, which ends so: in `ts` as it was written, in `js` as it was compiled. */
  readonly fileOf: (number: number, ending: 'ts' | 'js') => string;
  /** What the compiler has found wrong with them, once tests run. */
  readonly wrong: () => readonly string[];
}

/** Call it in a suite: it compiles all of them before the first test. */
export function exampleProject(examples: readonly Example[]): ExampleProject {
  const project = mkdtempSync(path.join(tmpdir(), 'halflight-examples-'));
  const fileOf: ExampleProject['fileOf'] = (number, ending) =>
    path.join(project, `example-${number}.${ending}`);
  let wrong: readonly string[] = [];

  beforeAll(() => {
    makeProject(project);
    for (const [number, { code }] of examples.entries()) writeFileSync(fileOf(number, 'ts'), code);
    wrong = compile(examples.map((_, number) => fileOf(number, 'ts')));
  }, 60_000);

  afterAll(() => {
    rmSync(project, { recursive: true, force: true });
  });

  return { fileOf, wrong: () => wrong };
}

/** A program somewhere else that has the package, and others, installed. */
function makeProject(directory: string): void {
  const modules = path.join(directory, 'node_modules');
  mkdirSync(modules);
  const installed = readdirSync(path.join(root, 'node_modules')).filter((name) => !name.startsWith('.'));
  for (const name of installed) symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name));
  symlinkSync(root, path.join(modules, 'halflight'));
  writeFileSync(path.join(directory, 'package.json'), '{ "type": "module" }\n');
}

const compilerOptions: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2023,
  // `await using` is written out for Node 20 and 22.
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  noUnusedLocals: true,
  verbatimModuleSyntax: true,
  skipLibCheck: true,
};

/** What the compiler finds wrong with the programs, line by line; each lies beside its source then, as JavaScript. */
function compile(files: readonly string[]): readonly string[] {
  const program = ts.createProgram(files, compilerOptions);
  const { diagnostics } = program.emit();
  return [...ts.getPreEmitDiagnostics(program), ...diagnostics].map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    const name = path.basename(file?.fileName ?? '');
    return `${name}:${line}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`;
  });
}

export interface Outcome {
  readonly exitCode: unknown;
  readonly printed: readonly string[];
  readonly complaints: string;
}

/** Runs a program until it ends by itself. One that does not is ended after ten seconds, and has no exit code then. */
export async function run(file: string, variables: Readonly<Record<string, string>>): Promise<Outcome> {
  const child = spawn(process.execPath, ['--no-warnings', file], {
    cwd: path.dirname(file),
    env: { PATH: process.env['PATH'], ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 10_000,
    killSignal: 'SIGKILL',
  });
  const [printed, complaints, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<unknown[]>,
  ]);
  return { exitCode, printed: printed === '' ? [] : printed.trimEnd().split('\n'), complaints };
}
