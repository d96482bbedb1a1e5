/** Ports and unix sockets that lead to one target each (design.md §2, "local, forward"). */
import type { Target } from '../codec/address.js';
import { type ForwardRule, formatPlace } from '../config/forward-rule.js';
import type { Hop } from '../config/proxy-uri.js';
import type { Environment } from '../environment.js';
import { codeOf, messageOf } from '../errors.js';
import type { Guard } from '../net/guard.js';
import { Crowd, listen } from '../net/listen.js';
import type { Resolver } from '../net/resolve.js';
import { directDialer } from '../outbound/direct.js';
import type { Dialer } from '../outbound/outbound.js';
import { Connections, warnCrowded } from './connections.js';
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

/** What carries connections and datagrams to their targets. */
export interface ForwardWay {
  readonly dial: Dialer;
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
  ['EADDRNOTAVAIL', 'an address of this machine, got another one'],
  ['EAFNOSUPPORT', 'an address of a kind that this machine has, got another one'],
  ['ENOTFOUND', 'an address or a name that has one, got another name'],
  ['EACCES', 'the right to listen there, got none'],
  ['EPERM', 'the right to listen there, got none'],
  ['ENOENT', 'a path in a directory that is there, got another one'],
  ['ENOTDIR', 'a path in a directory that is there, got another one'],
]);

/** The system's error, with the forward in its message. */
function cannotListen({ from }: ForwardRule, cause: unknown): Error {
  const code = codeOf(cause);
  const why = refusals.get(code) ?? `a place to listen at, got ${messageOf(cause)}`;
  const error = new Error(`forward ${formatPlace(from)}: expected ${why} (${code ?? 'internal'})`, { cause });
  return Object.assign(error, { code });
}

class OpenForwards implements Forwards {
  readonly #options: ForwardsOptions;
  readonly #crowd: Crowd;
  readonly #clients = new Connections();
  readonly #open: OpenForward[] = [];
  readonly #closing: (() => void)[] = [];
  readonly #listening: Target[] = [];
  readonly #straight: ForwardWay;

  constructor(options: ForwardsOptions) {
    this.#options = options;
    this.#crowd = options.crowd ?? new Crowd();
    const { resolver, timeouts } = options;
    // Whoever sets up a forward chooses its target; only what leads back here would go round for ever.
    const guard: Guard = { allowPrivate: true, allowMail: true, own: () => this.#listening };
    this.#straight = { dial: directDialer({ resolver, guard, timeoutMs: timeouts.dialMs }) };
  }

  get open(): readonly OpenForward[] {
    return this.#open;
  }

  async add(rule: ForwardRule): Promise<void> {
    const { to, transport } = rule;
    try {
      this.#open.push({ listen: await this.#listen(rule), to: formatPlace(to), transport });
    } catch (error) {
      throw cannotListen(rule, error);
    }
  }

  close(): void {
    for (const close of this.#closing.splice(0)) close();
  }

  async drain(graceMs: number): Promise<void> {
    await this.#clients.drain(graceMs);
  }

  async #listen({ from, to, via }: ForwardRule): Promise<string> {
    if ('path' in from || 'path' in to) throw new Error('unix sockets: not yet');
    const { machine } = this.#options;
    const { dial } = this.#wayOf(via);
    const inbound = fixedTarget(to);
    const forward = { ...machine, outbound: { dial } };
    const listener = await listen(from, {
      accept: (client) => {
        this.#clients.add(client);
        void serveStream(client, inbound, forward);
      },
      crowded: warnCrowded(machine.observer),
      crowd: this.#crowd,
    });
    this.#listening.push(listener.address);
    this.#closing.push(() => {
      listener.close();
    });
    return listener.text;
  }

  #wayOf(via: readonly Hop[] | undefined): ForwardWay {
    if (via === undefined) return this.#options.way ?? this.#straight;
    if (via.some(({ kind }) => kind !== 'direct')) throw new Error('via: not yet');
    return this.#straight;
  }
}
