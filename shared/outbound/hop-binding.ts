/** BIND at a proxy: its two answers on one stream are the port that waits, and the connection that came. */
import type { Target } from '../codec/address.js';
import { isUnspecified } from '../proxy/socks-address.js';
import { closableBinding } from './closable-binding.js';
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
export function bindThrough(
  hop: HopPlace,
  signal: AbortSignal,
  { first, second }: BindingTalk,
): Promise<Binding> {
  return closableBinding(signal, async (either) => {
    const { talk, bound } = await first(either);
    return {
      // "Where you reached me", which for whoever is to connect there has to be an address (SOCKS4, "BIND").
      bound: isUnspecified(bound) ? { host: hostOfProxy(talk, hop), port: bound.port } : bound,
      accepted: accept(talk, second),
    };
  });
}

async function accept(talk: HopTalk, second: BindingTalk['second']): Promise<Connected> {
  const bound = await second(talk);
  return { stream: talk.handOver(), bound };
}
