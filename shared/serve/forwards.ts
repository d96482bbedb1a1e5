/** Ports and unix sockets that lead to one target each (design.md §2, "local, forward"). */
import { formatTarget, type Target } from '../codec/address.js';
import { type ForwardPlace, type ForwardRule, formatPlace, formatSource } from '../config/forward-rule.js';
import type { Environment } from '../environment.js';
import { codeOf, ConfigError, messageOf } from '../errors.js';
import { Crowd, listen, type Listener, type ListenOptions } from '../net/listen.js';
import type { Resolver } from '../net/resolve.js';
import type { TcpStream } from '../net/tcp.js';
import type { Dialer } from '../outbound/outbound.js';
import { Connections, warnCrowded } from './connections.js';
import { type ForwardWay, ForwardWays } from './forward-ways.js';
import { fixedTarget } from './inbound.js';
import { type Machine, serveStream } from './serve.js';
import type { Timeouts } from './timeouts.js';

/** A forward that listens. */
export interface OpenForward {
  /** Where, as `127.0.0.1:8000` with the port that was really taken, or the path of a unix socket. */
  readonly listen: string;
  readonly to: string;
  readonly transport: ForwardRule['transport'];
}

export interface ForwardsOptions {
  /** All of the machine that is the same for each of them. */
  readonly machine: Omit<Machine, 'outbound'>;
  readonly timeouts: Timeouts;
  readonly environment: Environment;
  readonly resolver: Resolver;
  /** The way of those that do not say otherwise: by default straight. */
  readonly way?: ForwardWay;
  /** Those with whom they share what may be open. */
  readonly crowd?: Crowd;
}

/** Forwards that listen. */
export interface Forwards {
  /** In the order of their rules. */
  readonly open: readonly OpenForward[];
  /** Where they listen, as hooks are told: what is for datagrams is marked. */
  readonly listening: readonly string[];
  /** Serves from now on, those who have come meanwhile among them: hooks hear that it has started before they hear of anybody. */
  begin(): void;
  /** Listens no more. */
  close(): void;
  /** Settles when nothing of them is open; what still is after `graceMs` is reset. Dials end by the machine's `attempts`. */
  drain(graceMs: number): Promise<void>;
}

/** Opens all of them, or none: rejects with an Error that names the first that cannot listen and has the system's `code`. */
export async function openForwards(
  rules: readonly ForwardRule[],
  options: ForwardsOptions,
): Promise<Forwards> {
  const forwards = new OpenForwards(options);
  try {
    for (const rule of rules) await forwards.add(rule);
  } catch (error) {
    forwards.close();
    await forwards.drain(0);
    throw error;
  }
  return forwards;
}

/** What the system may say, in words. */
const refusals: ReadonlyMap<string | undefined, string> = new Map([
  ['EADDRINUSE', 'a place that is free, got one where somebody listens'],
  ['EEXIST', 'a path that is free, got one of a file that is no socket'],
  ['EADDRNOTAVAIL', 'an address of this machine, got another one'],
  ['EAFNOSUPPORT', 'an address of a kind that this machine has, got another one'],
  ['ENOTFOUND', 'an address or a name that has one, got another name'],
  ['EACCES', 'the right to listen there, got none'],
  ['EPERM', 'the right to listen there, got none'],
]);

/** A path in a directory that is missing is EACCES to Node, too. */
const unreachablePath = 'a directory that is there and may be written to, got another one';

/** The system's error, with the forward in its message. */
function cannotListen(rule: ForwardRule, cause: unknown): Error {
  if (cause instanceof ConfigError) return cause;
  const code = codeOf(cause);
  const known = code === 'EACCES' && 'path' in rule.from ? unreachablePath : refusals.get(code);
  const why = known ?? `a place to listen at, got ${messageOf(cause)}`;
  const error = new Error(`forward ${formatSource(rule)}: expected ${why} (${code ?? 'internal'})`, {
    cause,
  });
  return Object.assign(error, { code });
}

class OpenForwards implements Forwards {
  readonly #options: ForwardsOptions;
  readonly #accepting: ListenOptions;
  readonly #clients = new Connections();
  readonly #open: OpenForward[] = [];
  readonly #closing: (() => void)[] = [];
  /** What is to be done to begin; undefined when it has begun. */
  #beginning: (() => void)[] | undefined = [];
  readonly #own = { tcp: [] as Target[], udp: [] as Target[], paths: [] as string[] };
  readonly #ways: ForwardWays;

  constructor(options: ForwardsOptions) {
    const { machine, timeouts, environment, resolver, crowd = new Crowd() } = options;
    this.#options = options;
    this.#ways = new ForwardWays({ environment, resolver, dialMs: timeouts.dialMs, own: this.#own });
    this.#accepting = { accept: () => undefined, crowded: warnCrowded(machine.observer), crowd };
  }

  get open(): readonly OpenForward[] {
    return this.#open;
  }

  get listening(): readonly string[] {
    return this.#open.map(({ listen: place, transport }) => (transport === 'udp' ? `${place}/udp` : place));
  }

  async add(rule: ForwardRule): Promise<void> {
    const { to, transport } = rule;
    try {
      this.#open.push({ listen: await this.#listen(rule), to: formatPlace(to), transport });
    } catch (error) {
      throw cannotListen(rule, error);
    }
  }

  begin(): void {
    const beginning = this.#beginning ?? [];
    this.#beginning = undefined;
    for (const begin of beginning) begin();
  }

  close(): void {
    for (const close of this.#closing.splice(0)) close();
  }

  async drain(graceMs: number): Promise<void> {
    await this.#clients.drain(graceMs);
    this.#ways.close();
  }

  /** Brings where it listens, in words. */
  async #listen(rule: ForwardRule): Promise<string> {
    const { from, to } = rule;
    if (rule.transport === 'udp') return this.#listenForDatagrams(rule);
    const dial = await this.#dialerOf(rule);
    const target = 'path' in to ? { host: to.path, port: 0 } : to;
    const listener = await this.#accept(
      from,
      serving(target, { ...this.#options.machine, outbound: { dial } }),
    );
    if ('path' in from) this.#own.paths.push(from.path);
    else this.#own.tcp.push(listener.address);
    this.#closing.push(() => {
      listener.close();
    });
    return listener.text;
  }

  async #listenForDatagrams(rule: ForwardRule): Promise<string> {
    const { from, to } = rule;
    const { machine, timeouts } = this.#options;
    if ('path' in from || 'path' in to)
      throw unfit(rule, 'HOST:PORT at both ends for UDP, got a unix socket');
    const { talker } = await this.#wayOf(rule);
    if (talker === undefined) throw unfit(rule, 'a way that takes UDP, got one on which it is off');
    const { forwardDatagrams } = await import('./forward-datagrams.js');
    const session = { machine, target: to, talk: await talker(), idleMs: timeouts.sessionIdleMs };
    const { address, begin, close } = await forwardDatagrams({ listen: from, ...session });
    this.#beginning?.push(begin);
    this.#own.udp.push(address);
    this.#closing.push(close);
    return formatTarget(address);
  }

  #accept(from: ForwardPlace, serve: (client: TcpStream) => void): Promise<Listener> {
    const accept = (client: TcpStream): void => {
      this.#clients.add(client);
      if (this.#beginning === undefined) serve(client);
      else
        this.#beginning.push(() => {
          serve(client);
        });
    };
    return listen(from, { ...this.#accepting, accept });
  }

  async #dialerOf(rule: ForwardRule): Promise<Dialer> {
    const { to } = rule;
    const way = await this.#wayOf(rule);
    if (!('path' in to)) return way.dial;
    if (way === this.#ways.straight) return this.#ways.to(to);
    throw unfit(rule, 'HOST:PORT to lead to, or the way direct, got a unix socket');
  }

  async #wayOf({ via }: ForwardRule): Promise<ForwardWay> {
    if (via === undefined) return this.#options.way ?? this.#ways.straight;
    return this.#ways.through(via);
  }
}

function unfit(rule: ForwardRule, why: string): ConfigError {
  return new ConfigError(`forward ${formatSource(rule)}: expected ${why}`);
}

/** Serves clients that all want the same. */
function serving(target: Target, machine: Machine): (client: TcpStream) => void {
  const inbound = fixedTarget(target);
  return (client) => {
    void serveStream(client, inbound, machine);
  };
}
