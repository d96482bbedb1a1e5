import { concat } from '../bytes.js';
import type { Target } from '../codec/address.js';
import { acceptSocks5 } from '../proxy/socks5.js';
import type { Inbound } from './serve.js';

const nothing = new Uint8Array(0);

/** A client that speaks SOCKS5, within `deadlineMs`. */
export function socks5(deadlineMs: number): Inbound {
  return async (driver) => {
    const request = await driver.run(acceptSocks5(), deadlineMs);
    const spoken = (): Uint8Array => concat([request.greeting, request.request, driver.takeAhead()]);
    return { target: request.target, spoken, granted: request.granted, refused: request.refused };
  };
}

/** A client whose target is known without asking: the header of a Shadowsocks stream. It hears of no outcome. */
export function fixedTarget(target: Target): Inbound {
  return () =>
    Promise.resolve({ target, spoken: () => nothing, granted: () => nothing, refused: () => undefined });
}
