/** From the options that a program gives for forwards to settings: what flags and config files say, in the form of code. */
import { ConfigError } from '../errors.js';
import type { Timeouts } from '../serve/timeouts.js';
import { checkForwards, parseForward, parseVia } from './forward-places.js';
import type { ForwardRule } from './forward-rule.js';
import { type HookOption, readHooks } from './hook-options.js';
import { checkOptions, copyOptions, type Kind, readTimeouts, underName } from './options.js';
import type { ForwardSettings } from './settings.js';

/** The proxies on the way, the nearest first, each as a URI; `direct` is none. */
export type ForwardVia = string | readonly string[];

/** Where a forward leads, and by which way when that is another one than that of the rest. */
export interface ForwardEntry {
  /** `HOST:PORT`, or the path of a unix socket. */
  readonly to: string;
  readonly via?: ForwardVia;
}

/** The same with the place to listen at. */
export interface ForwardListEntry extends ForwardEntry {
  /** A port of 127.0.0.1, `HOST:PORT`, `:PORT` of all addresses, each with `/udp` for datagrams, or the path of a unix socket. */
  readonly from: string | number;
}

/** Forwards by the places to listen at, or as a list. */
export type ForwardChoice = Readonly<Record<string, string | ForwardEntry>> | readonly ForwardListEntry[];

/** What forwards are told in code. */
export interface ForwardOptions {
  /** `{ '8000': 'example.com:80', '5353/udp': { to: '9.9.9.9:53', via: 'direct' } }`, or the same as a list with `from`. */
  readonly forwards: ForwardChoice;
  /** The way of those that do not say otherwise; by default they go straight. */
  readonly via?: ForwardVia;
  /** Waits that differ from the defaults, in ms. */
  readonly timeouts?: Partial<Timeouts>;
  /** What watches, admits and filters connections, in the order in which they are asked. */
  readonly hooks?: readonly HookOption[];
}

const kinds = {
  forwards: 'any',
  via: 'any',
  timeouts: 'object',
  hooks: 'list',
} as const satisfies Record<keyof ForwardOptions, Kind>;

const entryKinds = { to: 'text', via: 'any' } as const satisfies Record<keyof ForwardEntry, Kind>;
const listEntryKinds = { from: 'any', ...entryKinds } as const satisfies Record<keyof ForwardListEntry, Kind>;

/** What the options of forwards mean. ConfigError, beginning with the name of the option, for one that cannot be used. */
export function readForwardOptions(given: ForwardOptions): ForwardSettings {
  const options = copyOptions(given);
  checkOptions(options, kinds, { needed: ['forwards'] });
  const { timeouts, hooks } = options;
  const via = options.via === undefined ? [] : readVia('via', options.via);
  const forwards = readForwards(options.forwards).map((rule) => ({ via, ...rule }));
  if (forwards.length === 0) throw new ConfigError('forwards: expected at least one, got none');
  checkForwards(forwards, {});
  return {
    forwards,
    ...(timeouts && { timeouts: readTimeouts(timeouts) }),
    ...(hooks && { hooks: readHooks(hooks) }),
  };
}

/** Each of them by itself. */
export function readForwards(choice: ForwardChoice): readonly ForwardRule[] {
  const given: unknown = choice;
  if (typeof given !== 'object' || given === null) {
    throw new ConfigError('forwards: expected an object or an array, got something else');
  }
  if (isList(choice)) {
    return choice.map((entry, place) => {
      const name = `forwards[${place}]`;
      checkOptions(entry, listEntryKinds, { within: `${name}.`, needed: ['from', 'to'] });
      return readEntry(name, String(entry.from), entry);
    });
  }
  return Object.entries(choice).map(([from, to], place) => {
    // One with a user in it stands in the wrong place, and is not to be shown.
    const name = `forwards[${from.includes('@') ? place : JSON.stringify(from)}]`;
    if (typeof to === 'string') return readEntry(name, from, { to });
    checkOptions(to, entryKinds, { within: `${name}.`, needed: ['to'] });
    return readEntry(name, from, to);
  });
}

function readEntry(name: string, from: string, { to, via }: ForwardEntry): ForwardRule {
  const rule = underName(name, () => parseForward(from, to));
  return via === undefined ? rule : { ...rule, via: readVia(`${name}.via`, via) };
}

function readVia(name: string, via: ForwardVia): ReturnType<typeof parseVia> {
  const given: unknown = via;
  const uris: readonly unknown[] = Array.isArray(given) ? given : [given];
  const texts = uris.filter((uri) => typeof uri === 'string');
  if (texts.length < uris.length || texts.length === 0) {
    throw new ConfigError(`${name}: expected the URI of a proxy, or several, got something else`);
  }
  return underName(name, () => parseVia(texts));
}

/** `Array.isArray` does not know of arrays that are read only. */
function isList(choice: ForwardChoice): choice is readonly ForwardListEntry[] {
  return Array.isArray(choice);
}
