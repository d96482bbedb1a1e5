/** BIND at a proxy: its two answers on one stream are the port that waits, and the connection that came. */
import type { Target } from '../codec/address.js';
import { DialError } from '../errors.js';
import { isUnspecified } from '../proxy/socks-address.js';
import type { HopPlace } from './hop.js';
import type { Granted, HopTalk } from './hop-talk.js';
import type { Binding, Connected } from './outbound.js';
import { hostOfProxy } from './proxy-host.js';

/** The two halves of asking for a binding. */
export interface BindingTalk {
  /** Asks, and brings the first answer. */
  readonly first: (signal: AbortSignal) => Promise<Granted>;
  /** The peer that the second answer names. */
  readonly second: (talk: HopTalk) => Promise<Target>;
}

/** A binding that `signal` and `close` end at any stage. Rejects as `first` does, its connection as `second` does. */
export async function bindThrough(
  hop: HopPlace,
  signal: AbortSignal,
  { first, second }: BindingTalk,
): Promise<Binding> {
  const closing = new AbortController();
  // Not AbortSignal.any: what it makes of a signal that lives long is never freed on Node 20.
  const forward = (): void => {
    closing.abort(signal.reason);
  };
  signal.addEventListener('abort', forward);
  if (signal.aborted) forward();
  const over = (): void => {
    signal.removeEventListener('abort', forward);
  };
  try {
    const { talk, bound } = await first(closing.signal);
    const accepted = accept(talk, second);
    // It may break before anybody asks for it.
    accepted.then(over, over);
    return {
      // "Where you reached me", which for whoever is to connect there has to be an address (SOCKS4, "BIND").
      bound: isUnspecified(bound) ? { host: hostOfProxy(talk, hop), port: bound.port } : bound,
      accepted,
      close: () => {
        closing.abort(new DialError('general-failure', 'binding: expected a connection, got closed'));
      },
    };
  } catch (error) {
    over();
    throw error;
  }
}

async function accept(talk: HopTalk, second: BindingTalk['second']): Promise<Connected> {
  const bound = await second(talk);
  return { stream: talk.handOver(), bound };
}
