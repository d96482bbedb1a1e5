/** Ways out through a SOCKS4 or 4A proxy. */
import type { Target } from '../codec/address.js';
import { grantedCode, readSocks4Reply } from '../proxy/socks4.js';
import { requestSocks4, type Socks4Words } from '../proxy/socks4-client.js';
import type { HopPlace } from './hop.js';
import { bindThrough } from './hop-binding.js';
import { type Granted, prepared, talkTo } from './hop-talk.js';
import type { Binder, Dialer } from './outbound.js';

/** A SOCKS4 proxy, what it may be told of names, and who we say we are. */
export interface Socks4Place extends HopPlace, Socks4Words {}

/** To a target through the proxy. Rejects with a HopError. */
export function socks4Dialer(over: Dialer, hop: Socks4Place): Dialer {
  return async (target, { signal }) => {
    const { talk, bound } = await askSocks4(over, hop, { command: 'connect', target, signal });
    return { stream: talk.handOver(), bound };
  };
}

/** A binding at the proxy. Rejects with a HopError, and so does the connection that it waits for. */
export function socks4Binder(over: Dialer, hop: Socks4Place): Binder {
  return (expected, { signal }) =>
    bindThrough(hop, signal, {
      first: (closing) => askSocks4(over, hop, { command: 'bind', target: expected, signal: closing }),
      second: (talk) => talk.ask(readSocks4Reply(), grantedCode),
    });
}

interface Asked {
  readonly command: 'connect' | 'bind';
  readonly target: Target;
  readonly signal: AbortSignal;
}

async function askSocks4(
  over: Dialer,
  hop: Socks4Place,
  { command, target, signal }: Asked,
): Promise<Granted> {
  const request = prepared(hop, 'request', () => requestSocks4(command, target, hop));
  const talk = await talkTo(hop, over, signal);
  return { talk, bound: await talk.ask(request, grantedCode) };
}
