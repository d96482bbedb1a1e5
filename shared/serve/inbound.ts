import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../codec/address.js';
import { codeOf } from '../errors.js';
import type { HandshakeDriver } from '../net/drive.js';
import { loadOnce } from '../net/later.js';
import { acceptSocks } from '../proxy/mixed.js';
import { type CredentialCheck, DeniedError, type SocksRequest } from '../proxy/request.js';
import type { HttpOptions } from './http.js';
import type { Caller, Inbound } from './serve.js';

const nothing = new Uint8Array(0);

/** How the one port receives its clients. */
export interface FrontDoor {
  /** From the connection to the whole request, ms. */
  readonly deadlineMs: number;
  /** The pause before a client with wrong credentials hears so, ms. */
  readonly deniedMs: number;
  /** Who may come in; absent: everybody. */
  readonly check?: CredentialCheck;
  /** What serves the clients that speak HTTP. */
  readonly http: Inbound;
}

/** A client of whom nothing is known yet. */
export interface Newcomer {
  readonly driver: HandshakeDriver;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** What is left of `ms` from now on, in milliseconds, for handshakes of several parts that have one deadline. */
export function countdown(ms: number): () => number {
  const until = performance.now() + ms;
  return () => Math.max(0, until - performance.now());
}

/** Clients of every protocol, answered here: what each wants is carried out by this half. */
export function frontDoor(door: FrontDoor): Inbound {
  return async (driver, caller, signal) => {
    const request = await greet({ driver, caller, signal }, door);
    return request === 'http' ? door.http(driver, caller, signal) : request;
  };
}

/** The request of a SOCKS client, which has heard nothing yet but the answer to its greeting; or 'http'. */
export async function greet(
  { driver, caller, signal }: Newcomer,
  { deadlineMs, deniedMs, check }: Pick<FrontDoor, 'deadlineMs' | 'deniedMs' | 'check'>,
): Promise<SocksRequest | 'http'> {
  try {
    return await driver.run(acceptSocks(check), deadlineMs, { signal });
  } catch (error) {
    // Who offers none at all has been answered; only SOCKS5 knows of that before there are any.
    if (codeOf(error) === 'denied') caller.denied(error instanceof DeniedError ? error.protocol : 'SOCKS5');
    if (error instanceof DeniedError) {
      // A service that stops has no time for it.
      await sleep(deniedMs, undefined, { signal }).catch(() => undefined);
      driver.say(error.reply);
    }
    throw error;
  }
}

/** Serves clients that speak HTTP; what that takes is loaded when the first of them comes. */
export function lazyHttp(options: HttpOptions): Inbound {
  const loaded = loadOnce(async () => (await import('./http.js')).httpInbound(options));
  return async (...newcomer) => (await loaded())(...newcomer);
}

/** A client whose target is known without asking: the header of a Shadowsocks stream. It hears of no outcome. */
export function fixedTarget(target: Target): Inbound {
  return () =>
    Promise.resolve({ command: 'connect', target, granted: () => nothing, refused: () => undefined });
}
