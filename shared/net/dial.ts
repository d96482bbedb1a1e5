/**
 * Dialling: from a target to a connected socket, by Happy Eyeballs (RFC 8305).
 *
 * Node's own (`autoSelectFamily`) was the alternative: it cuts every attempt short after 250 ms, so a slow target is
 * never reached, and it looks the name up by itself, behind the back of the guard. Here attempts overlap, and the
 * very address that was checked is the one that is dialled.
 */
import type { Socket } from 'node:net';
import type { Target } from '../codec/address.js';
import { parseIp } from '../codec/ip.js';
import { DialError, RefusedError } from '../errors.js';
import { dialErrorOf, mostTelling } from './dial-errors.js';
import { admitAddresses, admitTarget, type Guard } from './guard.js';
import { after } from './patience.js';
import type { Resolver } from './resolve.js';

export interface DialOptions {
  readonly resolver: Resolver;
  /** Who decides where not to go. Default: nobody. */
  readonly guard?: Guard;
  /** For all of it, lookup included, in milliseconds. Infinity leaves it to `signal`. */
  readonly timeoutMs: number;
  /** Gives up, with its reason as the error. */
  readonly signal?: AbortSignal;
  /** Makes a socket that is already connecting to this IP literal; the caller chooses everything else about it. */
  readonly socket: (ip: string, port: number) => Socket;
}

/** When an attempt has neither succeeded nor failed, the next one starts beside it (RFC 8305 §5), in ms. */
const attemptDelay = 250;
const maxAddresses = 8;

/**
 * A connected socket that carries no listener of ours; all other attempts are destroyed.
 * @throws RefusedError when the guard lets the target, or none of its addresses, pass.
 * @throws DialError with the most telling refusal of all attempts; `timed-out` when the time is up.
 */
export function dial(target: Target, options: DialOptions): Promise<Socket> {
  return new Promise((resolve, reject) => {
    options.signal?.throwIfAborted();
    if (options.guard !== undefined) admitTarget(options.guard, target);
    const race = new Race(target.port, options, { resolve, reject });
    if (parseIp(target.host) !== undefined) race.begin([target.host]);
    else options.resolver.resolve(target.host).then(race.begin, race.fail);
  });
}

interface Settle {
  readonly resolve: (socket: Socket) => void;
  readonly reject: (error: Error) => void;
}

/** Attempts on the addresses of one target, until one is connected, all have failed, or the time is up. */
class Race {
  readonly #port: number;
  readonly #options: DialOptions;
  readonly #settle: Settle;
  readonly #deadline: NodeJS.Timeout | undefined;
  readonly #running = new Set<Socket>();
  readonly #errors: DialError[] = [];
  #waiting: string[] = [];
  #next: NodeJS.Timeout | undefined;
  #over = false;

  constructor(port: number, options: DialOptions, settle: Settle) {
    this.#port = port;
    this.#options = options;
    this.#settle = settle;
    this.#deadline = after(options.timeoutMs, this.#timedOut);
    options.signal?.addEventListener('abort', this.#aborted);
  }

  readonly begin = (addresses: readonly string[]): void => {
    if (this.#over) return;
    const { guard } = this.#options;
    try {
      const allowed = guard === undefined ? addresses : admitAddresses(guard, addresses, this.#port);
      this.#waiting = interleave(allowed);
    } catch (refusal) {
      this.fail(refusal);
      return;
    }
    if (this.#waiting.length > 0) this.#attempt();
    else this.fail(new DialError('name-not-resolved', 'name: expected an address, got none'));
  };

  readonly fail = (error: unknown): void => {
    if (this.#over) return;
    this.#finish();
    this.#settle.reject(error instanceof RefusedError ? error : dialErrorOf(error));
  };

  readonly #attempt = (): void => {
    const ip = this.#waiting.shift();
    if (ip === undefined) return;
    let socket: Socket;
    try {
      socket = this.#options.socket(ip, this.#port);
    } catch (error) {
      this.#lost(error);
      return;
    }
    this.#running.add(socket);
    if (this.#waiting.length > 0) this.#next = setTimeout(this.#attempt, attemptDelay);

    let broken: unknown;
    const failed = (error?: unknown): void => {
      broken ??= error ?? new Error('closed');
      if (this.#running.delete(socket)) this.#lost(broken);
    };
    const connected = (): void => {
      this.#running.delete(socket);
      this.#finish();
      // The listeners stay until the very moment the caller goes on: Node emits what is queued in between, and an
      // error nobody listens for ends the process. A microtask, not a tick: nothing is emitted between two of those.
      queueMicrotask(() => {
        if (broken !== undefined || socket.destroyed) {
          this.#settle.reject(dialErrorOf(broken));
          return;
        }
        socket.off('error', failed).off('close', failed).off('connect', connected);
        this.#settle.resolve(socket);
      });
    };
    socket.on('connect', connected).on('error', failed).on('close', failed);
  };

  /** One attempt has failed: the next one need not wait, and after the last the race is lost. */
  #lost(error: unknown): void {
    if (this.#over) return;
    this.#errors.push(dialErrorOf(error));
    clearTimeout(this.#next);
    if (this.#waiting.length > 0) this.#attempt();
    else if (this.#running.size === 0) this.fail(mostTelling(this.#errors));
  }

  readonly #timedOut = (): void => {
    const message = `dial: expected a connection within ${this.#options.timeoutMs} ms, got none`;
    this.fail(mostTelling([...this.#errors, new DialError('timed-out', message)]));
  };

  readonly #aborted = (): void => {
    this.#finish();
    this.#settle.reject(this.#options.signal?.reason as Error);
  };

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#next);
    this.#options.signal?.removeEventListener('abort', this.#aborted);
    for (const socket of this.#running) socket.destroy();
  }
}

/** IPv6 and IPv4 in turns, IPv6 first, each family in the order it came (RFC 8305 §4); of many, the first. */
function interleave(addresses: readonly string[]): string[] {
  if (addresses.length === 1) return [...addresses];
  const ipv6 = addresses.filter((ip) => ip.includes(':'));
  const ipv4 = addresses.filter((ip) => !ip.includes(':'));
  const turns = Array.from({ length: Math.max(ipv6.length, ipv4.length) }, (_, turn) => [
    ipv6[turn],
    ipv4[turn],
  ]);
  return turns
    .flat()
    .filter((ip) => ip !== undefined)
    .slice(0, maxAddresses);
}
