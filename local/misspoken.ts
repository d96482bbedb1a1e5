import { ForeignGreeting } from '../shared/proxy/socks5.js';
import type { ObservedEvent } from '../shared/observe/events.js';
import type { Inbound } from '../shared/serve/serve.js';

type Protocol = Extract<ObservedEvent, { readonly event: 'misspoken' }>['protocol'];

/** A program that tries again and again is told of once in this time, ms. */
const pauseMs = 60_000;
const socks4 = 0x04;

/**
 * The same inbound, whose clients are heard when they speak another protocol: they are closed without a word, so whoever
 * set them up would look for the mistake elsewhere. `now` is in milliseconds.
 */
export function hearMisspoken(
  inbound: Inbound,
  now: () => number,
  tell: (protocol: Protocol) => void,
): Inbound {
  let quietUntil = -Infinity;
  return async (driver) => {
    try {
      return await inbound(driver);
    } catch (error) {
      const protocol = error instanceof ForeignGreeting ? protocolOf(error.firstByte) : undefined;
      if (protocol !== undefined && now() >= quietUntil) {
        quietUntil = now() + pauseMs;
        tell(protocol);
      }
      throw error;
    }
  };
}

/** Every HTTP method begins with a capital letter. What begins otherwise is anybody's guess. */
function protocolOf(firstByte: number): Protocol | undefined {
  if (firstByte === socks4) return 'SOCKS4';
  return /[A-Z]/.test(String.fromCharCode(firstByte)) ? 'HTTP' : undefined;
}
