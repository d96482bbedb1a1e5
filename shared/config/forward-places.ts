/**
 * Forwards as people write them: a place to listen at and one to lead to, or both in one text as `ssh -L` has it.
 *
 *     FROM   8000   127.0.0.1:8000   [::1]:8000   :8000   /run/some.sock   5353/udp
 *     TO     example.com:80   [2001:db8::1]:80   /run/other.sock
 *     -L     [BIND:]PORT:HOST:PORT   [BIND:]PORT:/run/other.sock   /run/some.sock:HOST:PORT   …/udp
 *
 * A port alone is one of 127.0.0.1: whoever reaches a forward reaches its target.
 */
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { canonicalIp } from '../codec/ip.js';
import { ConfigError } from '../errors.js';
import { type ForwardPlace, type ForwardRule, formatSource } from './forward-rule.js';
import { readPort, splitHostPort } from './host-port.js';
import { isLoopback, isWildcard, parseListen } from './listen.js';
import { underName } from './options.js';
import { type Hop, parseHop } from './proxy-uri.js';
import { parseTarget } from './target.js';
import { together } from './together.js';
import { checkUnixPath } from './unix-path.js';
import { stopsDatagrams } from './way-of-datagrams.js';

/** Where a forward listens, and for what. */
export type ForwardSource = Pick<ForwardRule, 'from' | 'transport'>;

const fromName = 'forward from';
const toName = 'forward to';
const paths = 'a path like /x.sock or ./x.sock';

/**
 * Where to listen: `PORT` (of 127.0.0.1), `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (all addresses), each with `/udp` or
 * `/tcp` behind it, or the path of a unix socket, which begins with `/`, `./`, `../` or `unix:`. The port 0 is any that is
 * free. ConfigError `forward from: expected x, got y` for everything else.
 */
export function parseForwardFrom(text: string): ForwardSource {
  const path = pathIn(text, fromName);
  if (path !== undefined) return { from: { path }, transport: 'tcp' };
  refuseUri(text, fromName);
  const { place, transport } = cutTransport(text);
  if (mayBeSecret(place) || (readPort(place) ?? splitHostPort(place)?.port) === undefined) {
    throw new ConfigError(
      `${fromName}: expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or ${paths}, got ${shown(text)}`,
    );
  }
  const { host, port } = underName(fromName, () => parseListen(place, '127.0.0.1'));
  return { from: { host: canonicalIp(host), port }, transport };
}

/**
 * Where to lead: `HOST:PORT`, `[IPv6]:PORT`, or the path of a unix socket as in `parseForwardFrom`. ConfigError
 * `forward to: expected x, got y` for everything else.
 */
export function parseForwardTo(text: string): ForwardPlace {
  const path = pathIn(text, toName);
  if (path !== undefined) return { path };
  refuseUri(text, toName);
  if (transportMark.test(text)) {
    throw new ConfigError(`${toName}: expected HOST:PORT, got a protocol, which stands where it listens`);
  }
  if (splitHostPort(text)?.port === undefined) {
    throw new ConfigError(`${toName}: expected HOST:PORT, [IPv6]:PORT or ${paths}, got ${shown(text)}`);
  }
  return parseTarget(text, toName);
}

/** One forward. ConfigError as from both, and for datagrams to a unix socket. */
export function parseForward(from: string, to: string): ForwardRule {
  const [source, target] = together([() => parseForwardFrom(from), () => parseForwardTo(to)]);
  return joined(toName, source, target);
}

/** The same in one text, as `ssh -L` has it, with `/udp` behind the last port for UDP. ConfigError `-L TEXT: expected x, got y`. */
export function parseLocalForward(text: string): ForwardRule {
  refuseUri(text, '-L');
  const flag = mayBeSecret(text) ? '-L' : `-L ${text}`;
  const fields = fieldsIn(text);
  const last = fields?.at(-1) ?? '';
  const { place, transport } = isPath(last) ? { place: last, transport: 'tcp' as const } : cutTransport(last);
  const behind = isPath(last) ? 1 : 2;
  const before = fields?.slice(0, -behind) ?? [];
  if (before.length === 0 || before.length > (isPath(before[0] ?? '') ? 1 : 2)) {
    throw new ConfigError(
      `${flag}: expected [BIND:]PORT:HOST:PORT, with a path for either pair, got something else`,
    );
  }
  const from = before.join(':').replace(/^\*:/, ':');
  if (!isPath(from) && transportMark.test(from)) {
    throw new ConfigError(`${flag}: expected /tcp or /udp behind the last port, got it elsewhere`);
  }
  const to = [...(fields?.slice(-behind, -1) ?? []), place].join(':');
  const source = underName(flag, () => parseForwardFrom(from));
  return joined(
    flag,
    { ...source, transport },
    underName(flag, () => parseForwardTo(to)),
  );
}

/**
 * The proxies on the way, the nearest first, of their URIs; `direct` alone is none of them. ConfigError `via: expected x,
 * got y`, never with a secret.
 */
export function parseVia(uris: readonly string[]): readonly Hop[] {
  const straight = uris.filter((uri) => /^direct(?::(?:\/\/)?)?$/i.test(uri));
  if (straight.length === 0) return uris.map((uri) => underName('via', () => parseHop(uri)));
  if (uris.length === 1) return [];
  throw new ConfigError('via: expected direct or the URIs of proxies, got both');
}

/** What is wrong with one forward beside the others. */
export interface ForwardFault {
  /** Its number, from 0. */
  readonly at: number;
  /** That of the earlier one whose place it takes; absent when it leads to itself. */
  readonly first?: number;
  readonly detail: string;
}

export interface CheckOptions {
  /** The way of those that name none; absent where that is not known yet, as that of a local is. */
  readonly way?: readonly Hop[];
}

/**
 * The forwards that take a place which an earlier one has, in whatever spelling, those that lead to themselves, and those of
 * datagrams whose way carries none.
 */
export function forwardFaults(rules: readonly ForwardRule[], options: CheckOptions): readonly ForwardFault[] {
  return rules.flatMap((rule, at): readonly ForwardFault[] => {
    const first = rules.findIndex((other, place) => place < at && collide(other, rule));
    const earlier = rules[first];
    if (earlier !== undefined) {
      return [{ at, first, detail: `expected another place than ${formatSource(earlier)}, got the same` }];
    }
    if (leadsToItself(rule, options)) {
      return [{ at, detail: 'expected another target than itself, got the same' }];
    }
    const { transport, via: way = options.way ?? [] } = rule;
    const stop = transport === 'udp' ? stopsDatagrams(way) : undefined;
    return stop === undefined ? [] : [{ at, detail: `expected a way that carries UDP, got ${stop}` }];
  });
}

/** ConfigError, with all others, when there are any. */
export function checkForwards(rules: readonly ForwardRule[], options: CheckOptions): void {
  together(
    forwardFaults(rules, options).map(({ at, detail }) => () => {
      const rule = rules[at];
      throw new ConfigError(`forward ${rule === undefined ? at : formatSource(rule)}: ${detail}`);
    }),
  );
}

function isPath(text: string): boolean {
  return /^(?:unix:|\.{0,2}\/)/.test(text);
}

function pathIn(text: string, what: string): string | undefined {
  if (!isPath(text)) return undefined;
  const path = text.replace(/^unix:(?:\/\/(?=\/))?/, '');
  const why = checkUnixPath(path);
  if (why !== undefined) throw new ConfigError(`${what}: ${why}`);
  return path;
}

/** Part of a URI, with a user or a key in it. */
function mayBeSecret(text: string): boolean {
  return /@|:\/\//.test(text) || text.length > 80;
}

function shown(text: string): string {
  return mayBeSecret(text) ? 'something else' : JSON.stringify(text);
}

/** It may have a key in it. */
function refuseUri(text: string, what: string): void {
  if (text.includes('://')) {
    throw new ConfigError(`${what}: expected a place, got a URI: proxies on the way are named by --via`);
  }
}

const transportMark = /(?<=\d)\/(tcp|udp)$/i;

function cutTransport(text: string): {
  readonly place: string;
  readonly transport: ForwardRule['transport'];
} {
  const mark = transportMark.exec(text);
  if (mark === null) return { place: text, transport: 'tcp' };
  return { place: text.slice(0, mark.index), transport: /udp/i.test(mark[0]) ? 'udp' : 'tcp' };
}

/** What stands between the colons. A path at the beginning ends at one, as ssh has it; one behind it goes to the end. */
function fieldsIn(text: string): readonly string[] | undefined {
  const fields: string[] = [];
  const field = /(?:\[[^\]]*\]|(?:unix:)?[^:[\]]*)(:|$)/y;
  for (;;) {
    const rest = text.slice(field.lastIndex);
    if (fields.length > 0 && isPath(rest)) return [...fields, rest];
    const found = field.exec(text);
    if (found === null) return undefined;
    const [all, end] = found;
    fields.push(end === '' ? all : all.slice(0, -1));
    if (end === '') return fields;
  }
}

function joined(what: string, source: ForwardSource, to: ForwardPlace): ForwardRule {
  if (source.transport === 'udp' && ('path' in to || 'path' in source.from)) {
    throw new ConfigError(`${what}: expected HOST:PORT for UDP, got a unix socket`);
  }
  return { ...source, to };
}

/** Whether only one of them can listen. */
export function collide(one: ForwardSource, other: ForwardSource): boolean {
  if (one.transport !== other.transport) return false;
  if ('path' in one.from || 'path' in other.from) {
    return 'path' in one.from && 'path' in other.from && resolve(one.from.path) === resolve(other.from.path);
  }
  // The system chooses another port each time that it is asked for any.
  return (
    one.from.port === other.from.port && one.from.port !== 0 && hostsOverlap(one.from.host, other.from.host)
  );
}

/** Of two spellings of a name nobody knows where they lead until they are looked up; `localhost` is the one that is known. */
function hostsOverlap(one: string, other: string): boolean {
  if (one.toLowerCase() === other.toLowerCase()) return true;
  return [
    [one, other],
    [other, one],
  ].some(([all = '', host = '']) => {
    if (isWildcard(all)) return all !== '0.0.0.0' || isIP(host) !== 6 || host === '::';
    return all.toLowerCase() === 'localhost' && loopbacks.includes(host);
  });
}

const loopbacks: readonly string[] = ['127.0.0.1', '::1'];

/** What a wildcard means to whoever dials is this machine. Of another address of it the dialer knows more. */
function leadsToItself({ from, to, transport, via }: ForwardRule, options: CheckOptions): boolean {
  const way = via ?? options.way;
  // Behind a proxy the same words mean another machine.
  if (way === undefined || way.length > 0) return false;
  if ('path' in from || 'path' in to)
    return 'path' in from && 'path' in to && resolve(from.path) === resolve(to.path);
  if (isWildcard(from.host) && !isLoopback(to.host) && !isWildcard(to.host)) return false;
  return collide({ from, transport }, { from: to, transport });
}
