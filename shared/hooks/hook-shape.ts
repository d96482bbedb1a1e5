/** Whether something is a hook: programs and files that no compiler has checked bring them, too. */
import { ConfigError } from '../errors.js';
import { nearest } from '../nearest.js';
import { kindOf } from './answers.js';
import type { Hook, HookEvent, HookSource } from './hook.js';

type Fits = readonly [words: string, fits: (value: unknown) => boolean];

const parts = {
  name: ['a string', (value) => typeof value === 'string'],
  failClosed: ['true or false', (value) => typeof value === 'boolean'],
  on: ['an object', isObject],
  admit: ['a function', isFunction],
  filter: ['a function', isFunction],
} as const satisfies Record<keyof Hook, Fits>;

/** The names of all events. */
export const eventNames: readonly HookEvent['event'][] = keysOf({
  started: true,
  stopped: true,
  accepted: true,
  requested: true,
  dialed: true,
  'first-byte': true,
  closed: true,
  error: true,
  tick: true,
} satisfies Record<HookEvent['event'], true>);

function keysOf<Name extends string>(record: Readonly<Record<Name, true>>): readonly Name[] {
  return Object.keys(record) as Name[];
}

/** What `source` can be before it is asked for its hook. ConfigError, which begins with `where`, for anything else. */
export function checkSource(source: unknown, where: string): asserts source is HookSource {
  if (!isFunction(source) && !isObject(source)) {
    throw new ConfigError(`${where}: expected an object or a function, got ${kindOf(source)}`);
  }
}

/** ConfigError, which begins with `where`, for what is no hook. */
export function checkHook(hook: unknown, where: string): asserts hook is Hook {
  if (!isObject(hook)) throw new ConfigError(`${where}: expected an object, got ${kindOf(hook)}`);
  checkNames(hook, Object.keys(parts), { where, what: 'a part of a hook' });
  for (const [name, [words, fits]] of Object.entries(parts)) {
    const value = hook[name];
    if (value === undefined || fits(value)) continue;
    throw new ConfigError(`${where}.${name}: expected ${words}, got ${kindOf(value)}`);
  }
  const { on } = hook as { readonly on?: Readonly<Record<string, unknown>> };
  if (on === undefined) return;
  checkNames(on, eventNames, { where: `${where}.on`, what: 'an event' });
  for (const name of eventNames) {
    if (on[name] === undefined || isFunction(on[name])) continue;
    throw new ConfigError(`${where}.on.${name}: expected a function, got ${kindOf(on[name])}`);
  }
}

/** ConfigError for a name that nothing asks for: a slip. An object of a class may have fields of its own. */
export function checkNames(
  object: object,
  known: readonly string[],
  { where, what }: { readonly where: string; readonly what: string },
): void {
  const prototype: unknown = Object.getPrototypeOf(object);
  const plain = prototype === null || Object.getPrototypeOf(prototype) === null;
  if (!plain) return;
  const unknown = Object.keys(object).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  const hint = meant === undefined ? `known: ${known.join(', ')}` : `did you mean ${meant}?`;
  throw new ConfigError(`${where}: expected the name of ${what}, got ${JSON.stringify(unknown)} (${hint})`);
}

function isFunction(value: unknown): value is (...given: never) => unknown {
  return typeof value === 'function';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
