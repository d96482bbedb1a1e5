/** What the query of a proxy's URI may say: `?timeout=5s&dns=local`. */
import { nearest } from '../nearest.js';
import { parseDuration } from './duration.js';
import { unexpected } from './uri-text.js';

/** Who looks a name up: the proxy, or this machine before the proxy is asked. */
export type HopDns = 'remote' | 'local';

/** What a hop does, as far as somebody has said so. */
export interface HopOptions {
  readonly dns?: HopDns | undefined;
  /** For all that this hop takes, in ms. */
  readonly timeoutMs?: number | undefined;
}

export const hopQueryKeys: readonly string[] = ['timeout', 'dns', 'rdns'];

const dnsWords: ReadonlyMap<string, HopDns> = new Map([
  ['remote', 'remote'],
  ['local', 'local'],
]);
/** PySocks has `rdns`, and is where the name is known from. */
const rdnsWords: ReadonlyMap<string, HopDns> = new Map([
  ['true', 'remote'],
  ['1', 'remote'],
  ['yes', 'remote'],
  ['false', 'local'],
  ['0', 'local'],
  ['no', 'local'],
]);

/** What `query` says, and what `options` say where it says nothing. ConfigError for what is not understood. */
export function readHopQuery(query: string, options: HopOptions): HopOptions {
  const parameters = new URLSearchParams(query);
  const timeout = only(parameters, 'timeout');
  return {
    dns: readDns(parameters) ?? options.dns,
    timeoutMs: timeout === undefined ? options.timeoutMs : parseDuration(timeout, 'URI: timeout'),
  };
}

/** ConfigError for a key that is none of ours. It is not shown: it may be half of a password with a `?` in it. */
export function refuseUnknownKeys(query: string): void {
  for (const key of new URLSearchParams(query).keys()) {
    if (hopQueryKeys.includes(key)) continue;
    const near = nearest(key, hopQueryKeys);
    const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
    throw unexpected('timeout, dns or rdns in the query', `another key${hint}`);
  }
}

function readDns(parameters: URLSearchParams): HopDns | undefined {
  const dns = worded(parameters, { key: 'dns', words: dnsWords, expected: 'remote or local' });
  const rdns = worded(parameters, { key: 'rdns', words: rdnsWords, expected: 'true or false' });
  if (dns !== undefined && rdns !== undefined && dns !== rdns) {
    throw unexpected('dns and rdns to say the same', 'the contrary');
  }
  return dns ?? rdns;
}

interface WordedKey {
  readonly key: string;
  readonly words: ReadonlyMap<string, HopDns>;
  readonly expected: string;
}

function worded(parameters: URLSearchParams, { key, words, expected }: WordedKey): HopDns | undefined {
  const value = only(parameters, key);
  if (value === undefined) return undefined;
  const meant = words.get(value.toLowerCase());
  if (meant === undefined) throw unexpected(`${key} to be ${expected}`, 'something else');
  return meant;
}

function only(parameters: URLSearchParams, key: string): string | undefined {
  const [value, ...others] = parameters.getAll(key);
  if (others.length > 0) throw unexpected(`at most one ${key}`, `${1 + others.length}`);
  return value;
}
