/** Ways out through a SOCKS4 or 4A proxy. */
import type { Target } from '../codec/address.js';
import type { Handshake } from '../proxy/handshake.js';
import type { FarReply } from '../proxy/request.js';
import { grantedCode, readSocks4Reply } from '../proxy/socks4.js';
import { requestSocks4, type Socks4Words } from '../proxy/socks4-client.js';
import type { HopPlace } from './hop.js';
import { bindThrough } from './hop-binding.js';
import { type HopTalk, prepared, talkTo } from './hop-talk.js';
import type { Binder, Dialer } from './outbound.js';

/** A SOCKS4 proxy, what it may be told of names, and who we say we are. */
export interface Socks4Place extends HopPlace, Socks4Words {}

/** To a target through the proxy. Rejects with a HopError. */
export function socks4Dialer(over: Dialer, hop: Socks4Place): Dialer {
  return async (target, { signal }) => {
    const request = prepared(hop, 'request', () => requestSocks4('connect', target, hop));
    const talk = await talkTo(hop, over, signal);
    const bound = await answered(talk, request);
    return { stream: talk.handOver(), bound };
  };
}

/** A binding at the proxy. Rejects with a HopError, and so does the connection that it waits for. */
export function socks4Binder(over: Dialer, hop: Socks4Place): Binder {
  return (expected, { signal }) =>
    bindThrough(hop, signal, {
      first: async (closing) => {
        const request = prepared(hop, 'request', () => requestSocks4('bind', expected, hop));
        const talk = await talkTo(hop, over, closing);
        return { talk, bound: await answered(talk, request) };
      },
      second: (talk) => answered(talk, readSocks4Reply()),
    });
}

async function answered(talk: HopTalk, asking: Handshake<FarReply>): Promise<Target> {
  const { refusal, bound, bytes } = await talk.run('request', asking);
  if (refusal === undefined) return bound;
  throw talk.refusal(refusal, { granted: grantedCode, reply: bytes[1] ?? 0 });
}
