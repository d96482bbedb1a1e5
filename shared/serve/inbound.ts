import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from '../codec/address.js';
import { codeOf } from '../errors.js';
import type { HandshakeDriver } from '../net/drive.js';
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

/** Clients of every protocol, answered here: what each wants is carried out by this half. */
export function frontDoor(door: FrontDoor): Inbound {
  return async (driver, caller) => {
    const request = await greet(driver, caller, door);
    return request === 'http' ? door.http(driver, caller) : request;
  };
}

/** The request of a SOCKS client, which has heard nothing yet but the answer to its greeting; or 'http'. */
export async function greet(
  driver: HandshakeDriver,
  caller: Caller,
  { deadlineMs, deniedMs, check }: FrontDoor,
): Promise<SocksRequest | 'http'> {
  try {
    return await driver.run(acceptSocks(check), deadlineMs);
  } catch (error) {
    // Who offers none at all has been answered; only SOCKS5 knows of that before there are any.
    if (codeOf(error) === 'denied') caller.denied(error instanceof DeniedError ? error.protocol : 'SOCKS5');
    if (error instanceof DeniedError) {
      await sleep(deniedMs);
      driver.say(error.reply);
    }
    throw error;
  }
}

/** Serves clients that speak HTTP; what that takes is loaded when the first of them comes. */
export function lazyHttp(options: HttpOptions): Inbound {
  let loading: Promise<Inbound> | undefined;
  const load = async (): Promise<Inbound> => (await import('./http.js')).httpInbound(options);
  return async (driver, caller) => (await (loading ??= load()))(driver, caller);
}

/** A client whose target is known without asking: the header of a Shadowsocks stream. It hears of no outcome. */
export function fixedTarget(target: Target): Inbound {
  return () =>
    Promise.resolve({ command: 'connect', target, granted: () => nothing, refused: () => undefined });
}
