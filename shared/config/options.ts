/** Options that a program gives instead of flags: of which kind each is, and what is wrong with one, under its own name. */
import { formatTarget } from '../codec/address.js';
import type { CipherBackend } from '../codec/aead.js';
import { ConfigError } from '../errors.js';
import { nearest } from '../nearest.js';
import { longestMs } from '../net/patience.js';
import { defaultTimeouts, type Timeouts } from '../serve/timeouts.js';
import type { StopOptions } from '../service.js';
import { type Credential, parseCredential } from './credentials.js';
import { UsageError } from './exit.js';
import { type HookOption, readHooks } from './hook-options.js';
import { parseListen } from './listen.js';
import type { ListenAddress, LocalSettings } from './settings.js';

/** Where something is or listens: as in a flag, a port alone, or the two apart. */
export type Place = string | number | ListenAddress;

/** What an option must be. */
export type Kind = 'text' | 'number' | 'switch' | 'texts' | 'place' | 'list' | 'object' | 'any';

const kinds: Readonly<Record<Kind, readonly [words: string, fits: (value: unknown) => boolean]>> = {
  text: ['a string', (value) => typeof value === 'string'],
  number: ['a number', (value) => typeof value === 'number'],
  switch: ['true or false', (value) => typeof value === 'boolean'],
  texts: ['an array of strings', (value) => isArrayOf(value, (each) => typeof each === 'string')],
  place: ['a string, a port or { host, port }', isPlace],
  list: ['an array', (value) => Array.isArray(value)],
  object: ['an object', isRecord],
  any: ['anything', () => true],
};

export interface CheckingOptions {
  /** The names before those of the options: `ports[1].` */
  readonly within?: string;
  /** Those that none may lack. */
  readonly needed?: readonly string[];
  /** What flags and config files call some of them. */
  readonly elsewhere?: Readonly<Record<string, string>>;
}

/**
 * ConfigError, beginning with the name, for an option that nobody knows, for one of another kind, and for one that is not
 * there: programs that no compiler has checked give them, too.
 */
export function checkOptions(
  given: unknown,
  known: Readonly<Record<string, Kind>>,
  { within = '', needed = [], elsewhere = {} }: CheckingOptions = {},
): void {
  if (!isRecord(given)) {
    const what = within === '' ? 'options' : within.replace(/\.$/, '');
    throw new ConfigError(`${what}: expected an object, got ${kindOf(given)}`);
  }
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(known, name) ? known[name] : undefined;
    if (kind === undefined) {
      const meant = Object.hasOwn(elsewhere, name) ? elsewhere[name] : nearest(name, Object.keys(known));
      throw unknownOption(`${within}${shown(name)}`, meant, Object.keys(known));
    }
    const [words, fits] = kinds[kind];
    if (value !== undefined && !fits(value)) {
      throw new ConfigError(`${within}${name}: expected ${words}, got ${kindOf(value)}`);
    }
  }
  const missing = needed.find((name) => given[name] === undefined);
  if (missing !== undefined) throw new ConfigError(`${within}${missing}: expected one, got none`);
}

/** Options have lists in them, and those objects: nothing is below the values of these. */
const deepest = 4;

/** Lists of what lives, and is asked long after: hooks have what they remember in them, and may be of a class. */
const living: ReadonlySet<string> = new Set<keyof HalfOptions>(['hooks']);

/**
 * The options as they are now, for `checkOptions` and all that comes later: what becomes of the object that was given is of
 * no matter then. What stands in it is read once, and that of its class, too; holes of lists are undefined. Nothing comes
 * from a prototype unseen: the objects in the copy have none.
 */
export function copyOptions<Options>(options: Options): Options {
  return copyOf(options, 0) as Options;
}

function copyOf(value: unknown, depth: number): unknown {
  if (depth === deepest) return value;
  if (Array.isArray(value)) return Array.from<unknown, unknown>(value, (each) => copyOf(each, depth + 1));
  if (!isRecord(value)) return value;
  const copy = Object.create(null) as Record<string, unknown>;
  for (const name of namesIn(value)) {
    copy[name] = copyOf(value[name], living.has(name) ? deepest - 1 : depth + 1);
  }
  return copy;
}

/** Those that it has itself, then what its prototypes have that is enumerable or read by a getter, but for the last one. */
function namesIn(value: object): ReadonlySet<string> {
  const names = new Set(Object.keys(value));
  let at: unknown = Object.getPrototypeOf(value);
  while (typeof at === 'object' && at !== null) {
    const next: unknown = Object.getPrototypeOf(at);
    if (next === null) break;
    for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (property.enumerable === true || property.get !== undefined) names.add(name);
    }
    at = next;
  }
  return names;
}

/** What `read` brings; a ConfigError of it begins with this name, instead of the one that its setting has elsewhere. */
export function underName<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof UsageError)) throw error;
    throw new ConfigError(`${name}: ${withoutName(error.message)}`, { cause: error });
  }
}

/** A message about a setting without the name that this has there. */
export function withoutName(message: string): string {
  return message.replace(/^(?:[^:]*: (?=expected )|URI: |method )/, '');
}

/** What others read where a place is an option: `HOST:PORT`, `[IPv6]:PORT`, `:PORT` or `PORT`. */
export function placeText(place: Place): string {
  return typeof place === 'object' ? formatTarget(place) : String(place);
}

/** Where to listen. A port alone keeps `defaultHost`. */
export function readListen(name: string, place: Place, defaultHost = ''): ListenAddress {
  return underName(name, () => parseListen(placeText(place), defaultHost));
}

/** What both halves are told. */
export interface HalfOptions {
  /** Whom a client must name itself as: `USER:PASS`, or the two apart. By default nobody is asked. */
  readonly credentials?: readonly (string | Credential)[];
  readonly cipherBackend?: CipherBackend;
  /** Waits that differ from the defaults, in ms. */
  readonly timeouts?: Partial<Timeouts>;
  /** What watches, admits and filters connections, in the order in which they are asked. */
  readonly hooks?: readonly HookOption[];
}

/** What these mean for either half. ConfigError, beginning with the name of the option, for one that cannot be used. */
export function readHalfOptions({
  credentials = [],
  cipherBackend = 'native',
  timeouts,
  hooks,
}: HalfOptions): Pick<LocalSettings, 'credentials' | 'cipherBackend' | 'timeouts' | 'hooks'> {
  const known: readonly CipherBackend[] = ['native', 'noble'];
  if (!known.includes(cipherBackend)) {
    throw new ConfigError(`cipherBackend: expected one of ${known.join(', ')}, got another text`);
  }
  return {
    credentials: readCredentials(credentials),
    cipherBackend,
    ...(timeouts && { timeouts: readTimeouts(timeouts) }),
    ...(hooks && { hooks: readHooks(hooks) }),
  };
}

/** `USER:PASS` or the two apart. ConfigError for one that cannot be used, and for a user that comes twice. */
function readCredentials(list: readonly (string | Credential)[]): readonly Credential[] {
  const credentials = list.map((one, index) => {
    const where = `credentials[${index}]`;
    if (typeof one === 'string') return parseCredential(one, where);
    checkOptions(
      one,
      { user: 'text', password: 'text' },
      { within: `${where}.`, needed: ['user', 'password'] },
    );
    // A colon would end the user of those who name it with the password.
    if (one.user.includes(':')) throw new ConfigError(`${where}.user: expected no colon, got one`);
    return parseCredential(`${one.user}:${one.password}`, where);
  });
  const users = new Set(credentials.map(({ user }) => user));
  if (users.size === credentials.length) return credentials;
  throw new ConfigError('credentials: expected every user once, got one again');
}

const timeoutKinds = Object.fromEntries(
  Object.keys(defaultTimeouts).map((name) => [name, 'number' as const]),
);

/** ConfigError for waits that no timer can keep, in ms. */
export function readTimeouts(timeouts: Partial<Timeouts>): Partial<Timeouts> {
  checkOptions(timeouts, timeoutKinds, { within: 'timeouts.' });
  for (const [name, ms] of Object.entries(timeouts)) {
    if (ms >= 0 && ms <= longestMs) continue;
    throw new ConfigError(`timeouts.${name}: expected ms from 0 to ${longestMs}, got another number`);
  }
  return timeouts;
}

/** How long conversations may go on, in ms; Infinity is without end. ConfigError for what is no such time. */
export function readGrace(options: StopOptions = {}): number {
  const given = copyOptions(options);
  checkOptions(given, { graceMs: 'number' });
  const { graceMs = 0 } = given;
  if ((graceMs >= 0 && graceMs <= longestMs) || graceMs === Infinity) return graceMs;
  throw new ConfigError(`graceMs: expected ms from 0 to ${longestMs}, or Infinity, got another number`);
}

/** What was said of them: without those that nobody gave. */
export function said<Value>(options: Readonly<Record<string, Value | undefined>>): Record<string, Value> {
  const those = Object.entries(options).filter((each): each is [string, Value] => each[1] !== undefined);
  return Object.fromEntries(those);
}

function isPlace(value: unknown): boolean {
  if (typeof value === 'string' || typeof value === 'number') return true;
  return isRecord(value) && typeof value['host'] === 'string' && typeof value['port'] === 'number';
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isArrayOf(value: unknown, fits: (each: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(fits);
}

function unknownOption(place: string, meant: string | undefined, known: readonly string[]): ConfigError {
  const hint = meant === undefined ? `known: ${known.join(', ')}` : `did you mean ${meant}?`;
  return new ConfigError(`${place}: expected a name of an option, got another one (${hint})`);
}

/** Whatever is long or has marks in it may be a secret that stands in the wrong place. */
function shown(name: string): string {
  return /^[\w$-]{1,40}$/.test(name) ? name : 'option';
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined || typeof value === 'boolean') return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
