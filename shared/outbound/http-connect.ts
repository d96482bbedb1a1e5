/** The way out through an HTTP proxy: CONNECT (RFC 9110 §9.3.6). */
import { unspecifiedTarget } from '../codec/address.js';
import { requestConnect } from '../proxy/http-connect-client.js';
import type { HopTrouble, SocksPlace } from './hop.js';
import { prepared, talkTo } from './hop-talk.js';
import type { Dialer } from './outbound.js';

/**
 * Proxy Authentication Required (RFC 9110 §15.5.8), and Unauthorized (§15.5.2), which is a target's word; but no target
 * answers a CONNECT, and tinyproxy says it to those whose password is wrong.
 */
const asking: readonly number[] = [407, 401];

/** To a target through the proxy, which does not say what it has bound for it. Rejects with a HopError. */
export function httpConnectDialer(over: Dialer, hop: SocksPlace): Dialer {
  return async (target, { signal }) => {
    const request = prepared(hop, 'request', () => requestConnect(target, hop.credential));
    const talk = await talkTo(hop, over, signal);
    const { status, refusal } = await talk.run('request', request);
    if (refusal === undefined) return { stream: talk.handOver(), bound: unspecifiedTarget };
    if (asking.includes(status)) throw talk.failure(notKnown(hop, status));
    throw talk.refusal(refusal, { granted: 200, reply: status });
  };
}

function notKnown({ credential }: SocksPlace, reply: number): HopTrouble {
  const message = `HTTP reply: expected 200, got ${reply}: it asks for ${credential ? 'other ' : ''}credentials`;
  const fault = credential === undefined ? 'auth-required' : 'auth-failed';
  return { phase: 'auth', fault, message, reply };
}
