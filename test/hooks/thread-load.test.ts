import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ConfigError } from '../../shared/errors.js';
import { openHooks } from '../../shared/hooks/open.js';
import { hookFile, startThread } from '../support/hook-file.js';
import { temporaryDirectory } from '../support/directory.js';

/** The message of the ConfigError for a file with that text, the file's path in it as FILE. */
async function mistakeIn(name: string, text: string): Promise<string> {
  const file = path.join(temporaryDirectory(), name);
  writeFileSync(file, text);
  const error: unknown = await startThread(file).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(ConfigError);
  return (error as ConfigError).message.replaceAll(file, 'FILE');
}

const plain = 'export const hook = { name: "mine", on: { tick() {} }, admit: () => "allow" };';

describe('the file of a hook', () => {
  it.each([
    ['hook.js', plain],
    ['hook.mjs', plain],
    ['hook.cjs', 'exports.hook = { name: "mine", on: { tick() {} }, admit: () => "allow" };'],
    [
      'hook.cjs',
      'module.exports = make(); function make() { return { hook: { name: "mine", admit() {}, on: { tick() {} } } }; }',
    ],
    [
      'hook.ts',
      'enum Name { Mine = "mine" }\nexport const hook: object = { name: Name.Mine, admit() {}, on: { tick() {} } };',
    ],
    ['hook.mts', `import type { Hook } from 'halflight';\n${plain.replace('hook =', 'hook: Hook =')}`],
    ['hook.cts', plain],
    [
      'hook.js',
      'export const hook = async ({ role }) => ({ name: role === "local" ? "mine" : "", on: { tick() {} }, admit() {} });',
    ],
    [
      'hook.js',
      'await 0; export class Hook { name = "mine"; seen = 0; on = { tick() {} }; admit() {} } export const hook = new Hook();',
    ],
  ])('can be %s: %s', async (name, text) => {
    const file = path.join(temporaryDirectory(), name);
    writeFileSync(file, text);
    const { name: called, hook } = await startThread(file);
    expect(called).toBe('mine');
    expect([Object.keys(hook.on ?? {}), typeof hook.admit, typeof hook.filter]).toEqual([
      ['tick'],
      'function',
      'undefined',
    ]);
  });

  it('gives its name to a hook without one', async () => {
    const file = path.join(temporaryDirectory(), 'some.ts');
    writeFileSync(file, 'export const hook = {}');
    expect((await startThread(file)).name).toBe('some.ts');
  });

  it.each([
    ['hook.txt', '', 'expected a name that ends in .js, .mjs, .cjs, .ts, .mts or .cts, got another one'],
    [
      'hook.js',
      'const a = 1;\n\nconst = 5;',
      "expected a module that loads, got SyntaxError: Unexpected token '=' (FILE:3)",
    ],
    [
      'hook.mjs',
      'const a = 1;\n\nconst b = ;',
      'expected a module that loads, got SyntaxError: Unexpected token (FILE:3)',
    ],
    [
      'hook.ts',
      'const a: number = 1;\n\nconst b = ;',
      'expected a module that loads, got SyntaxError: Unexpected token (FILE:3)',
    ],
    [
      'hook.js',
      '\nthrow new Error("no such list");',
      'expected a module that loads, got no such list (FILE:2)',
    ],
    [
      'hook.js',
      'export const hook = {};\nnope();',
      'expected a module that loads, got ReferenceError: nope is not defined (FILE:2)',
    ],
    [
      'hook.js',
      'import "./none.js";',
      "expected a module that loads, got Cannot find module 'DIRECTORY/none.js' imported from FILE",
    ],
    ['hook.js', 'process.exit(3);', 'expected a module that loads, got one that ends its thread'],
    [
      'hook.js',
      'export default {}; export const admit = 1;',
      'expected an export named hook (export const hook = { … }), got admit, default',
    ],
    ['hook.mjs', '', 'expected an export named hook (export const hook = { … }), got none'],
    ['hook.js', '', 'expected an export named hook (export const hook = { … }), got none'],
    ['hook.ts', '', 'expected an export named hook (export const hook = { … }), got none'],
    [
      'hook.js',
      'export default { admit() {} };',
      'expected an export named hook (export const hook = { … }), got default',
    ],
    [
      'hook.mjs',
      "import { dial } from 'halflight';",
      "expected a module that loads, got Cannot find package 'halflight' imported from FILE: npm install it beside the file, or take its types alone (import type)",
    ],
    [
      'hook.ts',
      "import { dial } from 'halflight'; export const hook = { admit: dial };",
      "expected a module that loads, got Cannot find module 'halflight' (FILE:1): npm install it beside the file, or take its types alone (import type)",
    ],
    ['hook.js', 'export const hook = 5;', 'the export hook: expected an object or a function, got a number'],
    [
      'hook.js',
      'export const hook = () => undefined;',
      'what the function hook returned: expected an object, got nothing',
    ],
    [
      'hook.js',
      'export const hook = () => {\n  throw new Error("out");\n};',
      'expected the function hook to return a hook, got out (FILE:2)',
    ],
    [
      'hook.js',
      'export const hook = { onn: {} };',
      'the export hook: expected the name of a part of a hook, got "onn" (did you mean on?)',
    ],
    [
      'hook.js',
      'export const hook = { on: { close() {} } };',
      'the export hook.on: expected the name of an event, got "close" (did you mean closed?)',
    ],
    [
      'hook.js',
      'export const hook = { on: { tick: 5 } };',
      'the export hook.on.tick: expected a function, got a number',
    ],
    [
      'hook.js',
      'export const hook = { admit: "deny" };',
      "the export hook.admit: expected a function, got 'deny'",
    ],
    [
      'hook.js',
      'export const hook = { failClosed: 1 };',
      'the export hook.failClosed: expected true or false, got a number',
    ],
  ])('that is %s with %j is refused', async (name, text, message) => {
    const told = await mistakeIn(name, text);
    expect(told.replace(/'\/[^']*\/none/, "'DIRECTORY/none")).toBe(message);
  });

  it('leaves no thread when it cannot be used, nor those of others beside it', async () => {
    const terminate = vi.spyOn(Worker.prototype, 'terminate');
    onTestFinished(() => {
      terminate.mockRestore();
    });
    const files = [hookFile('export const hook = {};'), hookFile('export const hook = 5;')];
    const settings = files.map((file) => ({ kind: 'file', path: file }) as const);
    const opening = openHooks(settings, { role: 'local', observer: () => undefined });
    await expect(opening).rejects.toThrow('expected an object or a function, got a number');
    expect(new Set(terminate.mock.contexts).size).toBe(2);
  });

  it('holds no process, and is started with nothing that the program was started with', async () => {
    const program = `
      import { startHookThread } from ${JSON.stringify(new URL('../../dist/shared/hooks/thread.js', import.meta.url).href)};
      const path = ${JSON.stringify(hookFile('export const hook = {};'))};
      await startHookThread({ path, role: 'local', name: 'mine', warn: console.error, cut: () => 0 });`;
    const before = `data:text/javascript,console.log('before all')`;
    const given = ['--import', before, '--input-type=module', '-e', program];
    const ended = await promisify(execFile)(process.execPath, given, { timeout: 15_000 });
    expect(ended).toEqual({ stdout: 'before all\n', stderr: '' });
  });

  it('must be there, and a file', async () => {
    const directory = temporaryDirectory();
    await expect(startThread(path.join(directory, 'none.js'))).rejects.toThrow('expected a file, got none');
    mkdirSync(path.join(directory, 'some.js'));
    await expect(startThread(path.join(directory, 'some.js'))).rejects.toThrow(
      'expected a file, got a directory',
    );
  });

  it.each([
    'await new Promise((resolve) => setTimeout(resolve, 1e6));',
    'while (true);',
    'export const hook = () => new Promise(() => setInterval(() => 0, 1e6));',
  ])('is given up when it does not come to an end: %s', async (text) => {
    const file = path.join(temporaryDirectory(), 'slow.js');
    writeFileSync(file, text);
    await expect(startThread(file, { loadMs: 500 })).rejects.toThrow(
      'expected a module that loads within 0.5 s, got none',
    );
  });
});
