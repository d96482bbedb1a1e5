import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** All modules of ours that a program which uses the library may load, now or later. */
function graph(entry: string): ReadonlyMap<string, ts.SourceFile> {
  const modules = new Map<string, ts.SourceFile>();
  const add = (name: string): void => {
    if (modules.has(name)) return;
    const text = readFileSync(path.join(root, name), 'utf8');
    const file = ts.createSourceFile(name, text, ts.ScriptTarget.ES2023, true);
    modules.set(name, file);
    for (const specifier of specifiers(file)) {
      if (!specifier.startsWith('.')) continue;
      add(path.posix.join(path.posix.dirname(name), specifier).replace(/\.js$/, '.ts'));
    }
  };
  add(entry);
  return modules;
}

function specifiers(file: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    const written =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : undefined;
    if (written !== undefined && ts.isStringLiteral(written)) found.push(written.text);
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

/** What a module waits for while it is loaded. */
function awaited(file: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const look = (node: ts.Node): void => {
    if (ts.isFunctionLike(node)) return;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined)) {
      found.push(node.getText().slice(0, 60));
    }
    ts.forEachChild(node, look);
  };
  look(file);
  return found;
}

/** Statements that run while a module is loaded, except those that finish a value of its own. */
function effects(file: ts.SourceFile): readonly string[] {
  const own = new Set(
    file.statements
      .filter(ts.isVariableStatement)
      .flatMap((statement) => statement.declarationList.declarations.map(({ name }) => name.getText())),
  );
  return file.statements
    .filter((statement) => !isDeclaration(statement))
    .map((statement) => statement.getText())
    .filter((text) => !own.has(/^\w+/.exec(text)?.[0] ?? ''));
}

function isDeclaration(statement: ts.Statement): boolean {
  return (
    ts.isImportDeclaration(statement) ||
    ts.isExportDeclaration(statement) ||
    ts.isVariableStatement(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isClassDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement)
  );
}

/** Prints what of a process has changed after the library was loaded. */
const watch = (load: string): string => `
  const seen = () => ({
    globals: Object.getOwnPropertyNames(globalThis).length + Object.getOwnPropertySymbols(globalThis).length,
    listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    // Not the files that the loader is about to close.
    open: process.getActiveResourcesInfo().filter((name) => !name.endsWith('Req')),
    agents: [http.globalAgent === agents[0], https.globalAgent === agents[1]],
    addresses: [net.getDefaultAutoSelectFamily(), net.getDefaultAutoSelectFamilyAttemptTimeout()],
    stacks: Error.stackTraceLimit,
  });
  const agents = [http.globalAgent, https.globalAgent];
  // Whoever imports node:http makes a global dispatcher of Node's own undici.
  import('node:http').then(() => {
    const before = seen();
    const settle = () => console.log(JSON.stringify([before, seen()]));
    ${load}
  });`;

function seenAround(load: string): readonly unknown[] {
  const output = execFileSync(process.execPath, ['--no-warnings', '-e', watch(load)], {
    cwd: path.join(root, 'dist'),
    encoding: 'utf8',
  });
  return JSON.parse(output) as readonly unknown[];
}

describe('loading the library', () => {
  const modules = [...graph('index.ts').values()];

  it('finds its modules at all', () => {
    expect(modules.length).toBeGreaterThan(100);
    expect(
      awaited(ts.createSourceFile('a.ts', 'const a = await f();', ts.ScriptTarget.ES2023, true)),
    ).toEqual(['await f()']);
    expect(
      effects(ts.createSourceFile('a.ts', "process.on('exit', f);", ts.ScriptTarget.ES2023, true)),
    ).toEqual(["process.on('exit', f);"]);
  });

  it('waits for nothing: require() cannot load a module that awaits', () => {
    expect(modules.flatMap(awaited)).toEqual([]);
  });

  it('is without side effects, as package.json promises to bundlers', () => {
    const { sideEffects } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as {
      readonly sideEffects?: unknown;
    };
    expect(sideEffects).toBe(false);
    expect(modules.flatMap(effects)).toEqual([]);
  });

  it('takes process as it lies there: importing it opens stdin, stdout and stderr', () => {
    const importing = modules.filter((file) => specifiers(file).includes('node:process'));
    expect(importing.map(({ fileName }) => fileName)).toEqual([]);
  });

  it.each([
    ['import', "import('./index.js').then(settle);"],
    ['require', "require('./index.js'); settle();"],
  ])('by %s leaves the process as it was', (_how, load) => {
    const [before, after] = seenAround(load);
    expect(after).toEqual(before);
  });
});
