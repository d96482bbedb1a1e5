/** The hook of a file: JavaScript as Node reads it, TypeScript by jiti. This runs in the thread of the hook. */
import { readFileSync, statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { codeOf, ConfigError, messageOf } from '../errors.js';
import type { Hook, HookContext } from './hook.js';
import { checkHook, checkSource } from './hook-shape.js';

/** The hook that the file at that absolute path exports. Rejects with a ConfigError that says what is wrong with it. */
export async function loadHook(path: string, context: HookContext): Promise<Hook> {
  checkFile(path);
  const source = exported(await loadModule(path));
  checkSource(source, 'the export hook');
  if (typeof source !== 'function') return checked(source, 'the export hook');
  try {
    return checked(await source(context), 'what the function hook returned');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`expected the function hook to return a hook, got ${placed(error, path)}`, {
      cause: error,
    });
  }
}

function checked(hook: unknown, where: string): Hook {
  checkHook(hook, where);
  return hook;
}

const endings = /\.(?:[mc]?(?<script>[jt]s))$/;

function checkFile(path: string): void {
  let found: ReturnType<typeof statSync>;
  try {
    found = statSync(path);
  } catch (error) {
    const got = codeOf(error) === 'ENOENT' ? 'none' : (codeOf(error) ?? messageOf(error));
    throw new ConfigError(`expected a file, got ${got}`, { cause: error });
  }
  if (!found.isFile())
    throw new ConfigError(`expected a file, got ${found.isDirectory() ? 'a directory' : 'no file'}`);
  if (endings.test(path)) return;
  throw new ConfigError('expected a name that ends in .js, .mjs, .cjs, .ts, .mts or .cts, got another one');
}

async function loadModule(path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    if (endings.exec(path)?.groups?.['script'] === 'js') return await importScript(path);
    return await importTypeScript(path);
  } catch (error) {
    throw new ConfigError(`expected a module that loads, got ${await mistake(error, path)}`, {
      cause: error,
    });
  }
}

async function importScript(path: string): Promise<Readonly<Record<string, unknown>>> {
  return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>;
}

/** Without its cache of files: that is in a place which others may write to. */
async function importTypeScript(path: string): Promise<Readonly<Record<string, unknown>>> {
  const { createJiti } = await import('jiti');
  return createJiti(path, { fsCache: false, interopDefault: false }).import(path);
}

/** Node does not see what some modules of CommonJS export by name: it is in their default then. */
function exported(module: Readonly<Record<string, unknown>>): unknown {
  if ('hook' in module) return module['hook'];
  const { default: whole } = module;
  const inside = typeof whole === 'object' && whole !== null ? whole : {};
  if ('hook' in inside) return inside.hook;
  // A file that exports nothing is a module of CommonJS to Node: its default is an object without anything in it.
  const empty = inside === whole && Object.keys(inside).length === 0;
  const names = Object.keys(module).filter((name) => name !== 'module.exports');
  const got = empty && names.length === 1 ? '' : names.join(', ');
  throw new ConfigError(`expected an export named hook (export const hook = { … }), got ${got || 'none'}`);
}

/** What keeps a module from being loaded, with its place. */
async function mistake(error: unknown, path: string): Promise<string> {
  const text = placed(error, path);
  if (/^Cannot find (?:package|module) 'halflight'/.test(text))
    return `${text}: npm install it beside the file, or take its types alone (import type)`;
  if (!(error instanceof SyntaxError) || /:\d+\)$/.test(text)) return text;
  return (await syntaxError(path)) ?? text;
}

/** Node does not say where the syntax of a module breaks; jiti does, which reads it without running it. */
async function syntaxError(path: string): Promise<string | undefined> {
  const { createJiti } = await import('jiti');
  const source = readFileSync(path, 'utf8');
  const code = createJiti(path, { fsCache: false }).transform({ source, filename: path, async: true });
  const found = /^exports\.__JITI_ERROR__ = (\{.*\})$/s.exec(code);
  if (found === null) return undefined;
  const { line, message } = JSON.parse(found[1] ?? '') as { readonly line: number; readonly message: string };
  return `SyntaxError: ${message.trim()} (${path}:${line})`;
}

/** The message of whatever was thrown, on one line, with the place in that file, if there is one. */
export function placed(thrown: unknown, path: string): string {
  const [first = '', ...rest] = messageOf(thrown).trim().split('\n');
  // Of jiti: the place is on a line of its own.
  const told = rest.map((line) => line.trim()).find((line) => line.startsWith(`${path}:`));
  const words = first.replace(/^ParseError: /, 'SyntaxError: ').trim();
  const named = !(thrown instanceof Error) || thrown.name === 'Error' || words.startsWith(`${thrown.name}: `);
  const text = named ? words : `${thrown.name}: ${words}`;
  const place = told ?? placeIn(thrown, path);
  return place === undefined ? text : `${text} (${place.replace(/(:\d+):\d+$/, '$1')})`;
}

function placeIn(thrown: unknown, path: string): string | undefined {
  const stack = thrown instanceof Error ? (thrown.stack ?? '') : '';
  for (const spelled of [pathToFileURL(path).href, path]) {
    const at = stack.indexOf(`${spelled}:`);
    const line = at < 0 ? undefined : /^\d+/.exec(stack.slice(at + spelled.length + 1))?.[0];
    if (line !== undefined) return `${path}:${line}`;
  }
  return undefined;
}
