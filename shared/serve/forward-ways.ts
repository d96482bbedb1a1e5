/** How what comes to a forward leaves: straight, through proxies, or as whoever has the forward goes elsewhere, too. */
import { stat } from 'node:fs/promises';
import type { Target } from '../codec/address.js';
import type { UnixPlace } from '../config/forward-rule.js';
import type { Hop } from '../config/proxy-uri.js';
import type { Environment } from '../environment.js';
import { DialError, messageOf, RefusedError } from '../errors.js';
import { deadline, OutOfTime } from '../net/deadline.js';
import { admitAddresses, type Guard } from '../net/guard.js';
import type { Resolver } from '../net/resolve.js';
import { dialPath } from '../net/dial-path.js';
import type { FarWay } from '../outbound/associate.js';
import { directDialer } from '../outbound/direct.js';
import type { Dialer, DialerOptions } from '../outbound/outbound.js';
import type { WayOut } from './way-out.js';

/** A way for the datagrams of one client to one target. */
export interface Talk {
  readonly far: FarWay;
  /** Where they are to be sent. */
  readonly to: Target;
}

/** Opens such a way. Rejects as a `Dialer` does. */
export type Talker = (target: Target, options: DialerOptions) => Promise<Talk>;

/** What carries connections and datagrams to their targets. */
export interface ForwardWay {
  readonly dial: Dialer;
  /** Loads what opens ways for datagrams. Absent where those are not carried. */
  readonly talker?: () => Promise<Talker>;
}

export interface ForwardWaysOptions {
  readonly environment: Environment;
  readonly resolver: Resolver;
  /** For all that it takes to reach a target, ms. */
  readonly dialMs: number;
  /** Where the forwards listen: nobody is led there, or they would go round without end. */
  readonly own: OwnPlaces;
}

/** Where forwards listen, as far as they have been opened. */
export interface OwnPlaces {
  readonly tcp: readonly Target[];
  readonly udp: readonly Target[];
  readonly paths: readonly string[];
}

/** The ways of some forwards: one straight, and one for each chain of proxies. */
export class ForwardWays {
  readonly straight: ForwardWay;
  readonly #options: ForwardWaysOptions;
  readonly #guard: Guard;
  readonly #chains = new Map<string, WayOut>();

  constructor(options: ForwardWaysOptions) {
    const { resolver, dialMs, own } = options;
    this.#options = options;
    this.#guard = guardOf(() => own.tcp);
    this.straight = {
      dial: directDialer({ resolver, guard: this.#guard, timeoutMs: dialMs }),
      talker: async () => {
        const { straightTalker } = await import('./straight-talker.js');
        return straightTalker({ resolver, dialMs, guard: guardOf(() => own.udp) });
      },
    };
  }

  /** The way through these, the nearest first. */
  async through(via: readonly Hop[]): Promise<ForwardWay> {
    if (isStraight(via)) return this.straight;
    const { environment, resolver, dialMs } = this.#options;
    // What is the same in all but its secrets has the same name.
    const key = JSON.stringify(via);
    const { wayOut } = await import('./way-out.js');
    const out = this.#chains.get(key) ?? wayOut(via, { environment, resolver, guard: this.#guard });
    this.#chains.set(key, out);
    const [first] = via.filter(({ kind }) => kind !== 'direct');
    const { own } = this.#options;
    return {
      dial: async (target, options) => {
        await this.#refuseOwn(first, own.tcp);
        return inTime(dialMs, options, (limited) => out.dial(target, limited));
      },
      talker: () =>
        Promise.resolve(async (target, options) => {
          await this.#refuseOwn(first, own.udp);
          return { far: await inTime(dialMs, options, (limited) => out.datagrams(limited)), to: target };
        }),
    };
  }

  /** A server is dialled by its tunnel, past the guard. */
  async #refuseOwn(first: Hop | undefined, own: readonly Target[]): Promise<void> {
    if (first?.kind !== 'tunnel') return;
    const { host, port } = first.uri;
    if (own.some((each) => each.port === port)) {
      admitAddresses(
        guardOf(() => own),
        await this.#options.resolver.resolve(host),
        port,
      );
    }
  }

  /** The way to a unix socket of this host. */
  to({ path }: UnixPlace): Dialer {
    return async (target, { signal }) => {
      if (await isOneOf(path, this.#options.own.paths)) throw ownListener();
      return { stream: await dialPath(path, signal), bound: target };
    };
  }

  /** Keeps no connection for later any more. */
  close(): void {
    for (const out of this.#chains.values()) out.close();
  }
}

/** Whether nothing is on the way. */
export function isStraight(via: readonly Hop[]): boolean {
  return via.every(({ kind }) => kind === 'direct');
}

/** Whoever sets up a forward chooses its target; only what leads back would go round for ever. */
function guardOf(own: Guard['own']): Guard {
  return { allowPrivate: true, allowMail: true, own };
}

/** What `reach` brings within `ms`. Rejects with a DialError `timed-out` when it brings nothing. */
async function inTime<T>(
  ms: number,
  options: DialerOptions,
  reach: (limited: DialerOptions) => Promise<T>,
): Promise<T> {
  const limit = deadline(ms, options.signal);
  try {
    return await reach({ ...options, signal: limit.signal });
  } catch (error) {
    if (!(limit.signal.reason instanceof OutOfTime)) throw error;
    throw new DialError('timed-out', messageOf(error), { cause: error });
  } finally {
    limit.over();
  }
}

/** Whether the file at `path` is one of these, however it is spelt. */
async function isOneOf(path: string, others: readonly string[]): Promise<boolean> {
  if (others.length === 0) return false;
  const [one, ...own] = await Promise.all([path, ...others].map((each) => stat(each).catch(() => undefined)));
  return own.some((each) => each !== undefined && each.ino === one?.ino && each.dev === one.dev);
}

function ownListener(): RefusedError {
  return new RefusedError('target: expected another service, got our own listener');
}
