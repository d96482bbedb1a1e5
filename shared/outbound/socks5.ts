/** Ways out through a SOCKS5 proxy (RFC 1928, RFC 1929). */
import type { Target } from '../codec/address.js';
import type { Command } from '../proxy/request.js';
import { type Credential, sendCredentials } from '../proxy/socks5-auth.js';
import { offerMethods, readSocks5Reply, requestSocks5 } from '../proxy/socks5-client.js';
import { methods, succeeded } from '../proxy/socks5-message.js';
import type { HopTrouble, SocksPlace } from './hop.js';
import { bindThrough } from './hop-binding.js';
import { type Granted, prepared, talkTo } from './hop-talk.js';
import type { Binder, Dialer } from './outbound.js';

/** To a target through the proxy. Rejects with a HopError. */
export function socks5Dialer(over: Dialer, hop: SocksPlace): Dialer {
  return async (target, { signal }) => {
    const { talk, bound } = await askSocks5(over, hop, { command: 'connect', target, signal });
    return { stream: talk.handOver(), bound };
  };
}

/** A binding at the proxy (RFC 1928 §4, BIND). Rejects with a HopError, and so does the connection that it waits for. */
export function socks5Binder(over: Dialer, hop: SocksPlace): Binder {
  return (expected, { signal }) =>
    bindThrough(hop, signal, {
      first: (closing) => askSocks5(over, hop, { command: 'bind', target: expected, signal: closing }),
      second: (talk) => talk.ask(readSocks5Reply(), succeeded),
    });
}

interface Asked {
  readonly command: Command;
  readonly target: Target;
  readonly signal: AbortSignal;
}

/** Reaches the proxy, says who is there and asks. Rejects with a HopError. */
export async function askSocks5(
  over: Dialer,
  hop: SocksPlace,
  { command, target, signal }: Asked,
): Promise<Granted> {
  const { credential } = hop;
  const entry = prepared(hop, 'auth', () => credential && sendCredentials(credential));
  const request = prepared(hop, 'request', () => requestSocks5(command, target));
  const talk = await talkTo(hop, over, signal);
  const method = await talk.run('handshake', offerMethods(credential));
  if (method === methods.password && entry !== undefined) await talk.run('auth', entry);
  else if (method !== methods.none) throw talk.failure(badMethod(method, credential));
  return { talk, bound: await talk.ask(request, succeeded) };
}

/** What a proxy means by a method that is of no use. */
function badMethod(method: number, credential: Credential | undefined): HopTrouble {
  const expected = credential === undefined ? methods.none : `${methods.none} or ${methods.password}`;
  const message = `SOCKS5 method: expected ${expected}, got ${method}`;
  if (method !== methods.noneAcceptable && method !== methods.password) {
    return { phase: 'handshake', fault: 'invalid', message };
  }
  return credential === undefined
    ? { phase: 'auth', fault: 'auth-required', message: `${message}: it asks for credentials` }
    : { phase: 'auth', fault: 'auth-methods', message: `${message}: it takes no password` };
}
