/** BIND: a port at the far end that waits for one connection from one host (RFC 1928 §4; SOCKS4, "BIND"). */
import type { Target } from '../codec/address.js';
import { canonicalIp, parseIp } from '../codec/ip.js';
import { codeOf, DialError, RefusedError } from '../errors.js';
import { addressTowards, openBinding } from '../net/binding.js';
import { admitAddresses, admitTarget, type Guard, isOwnAddress } from '../net/guard.js';
import type { Resolver } from '../net/resolve.js';
import { dismiss } from '../net/relay.js';
import { within } from '../net/within.js';
import { isUnspecified } from '../proxy/socks-address.js';
import { readSocks5Reply } from '../proxy/socks5-client.js';
import { type Binder, type Connected, FarRefusal } from './outbound.js';
import { closableBinding } from './closable-binding.js';
import { answer, converse, type RawConversation } from './conversation.js';
import type { Tunnel } from './reach.js';
import { askFor } from './tunnel.js';

export interface DirectBinderOptions {
  readonly resolver: Resolver;
  readonly guard: Guard;
  /**
   * The IP literal by which others reach this host: one of its own, or that of a NAT which hands all ports on. For hosts
   * of the other family it means nothing.
   */
  readonly announce: string | undefined;
  /** From the first reply to the connection, in milliseconds. */
  readonly timeoutMs: number;
  /** For the lookup of a host that was given by name, in milliseconds. */
  readonly dialMs: number;
  /** Bindings that may be open at once, those still looked up among them. */
  readonly most: number;
}

/** Waits on this host itself, as far as the guard lets it: for no host that could not be dialled either. */
export function directBinder(options: DirectBinderOptions): Binder {
  let open = 0;
  const left = (): void => {
    open -= 1;
  };
  return async (expected, { signal }) => {
    signal.throwIfAborted();
    if (open >= options.most) {
      const message = `bindings: expected at most ${options.most} at once, got one more`;
      throw new DialError('general-failure', message);
    }
    open += 1;
    try {
      const { ips, near } = await wayTo(expected, options, signal);
      const { announce } = options;
      const known = announce?.includes(':') === near.includes(':') ? announce : undefined;
      // Announced and ours: then it must be the one that is listened on, whichever way leads to the host.
      const at = known !== undefined && isOwnAddress(known) ? known : near;
      const binding = await openBinding(at, { from: ips, timeoutMs: options.timeoutMs, signal });
      binding.accepted.then(left, left);
      return { ...binding, bound: { host: known ?? at, port: binding.bound.port } };
    } catch (error) {
      left();
      throw error;
    }
  };
}

/**
 * Asks a halflight remote for a binding, by SOCKS5 inside a raw conversation; `timeoutMs` is what the remote is given
 * for the connection. A Shadowsocks server of another kind knows no such conversation and ends it unanswered.
 */
export function tunnelBinder(tunnel: Tunnel, timeoutMs: number): Binder {
  return (expected, { signal }) =>
    closableBinding(signal, async (either) => {
      const asking = converse(tunnel, { signal: either }, async (conversation) => {
        const asked = conversation.driver.run(askFor('bind', expected), tunnel.timeouts.replyMs, {
          signal: either,
        });
        return { conversation, first: await answer(tunnel, conversation, asked) };
      });
      const { conversation, first } = await asking.catch((error: unknown) => Promise.reject(foreign(error)));
      if (first.refusal !== undefined) {
        dismiss(conversation.stream);
        throw new FarRefusal(first.refusal);
      }
      const accepted = secondReply(tunnel, conversation, { timeoutMs, signal: either });
      return { bound: first.bound, accepted };
    });
}

/** What fails unanswered with an end was no trouble of the path: it was understood too little. */
function foreign(error: unknown): Error {
  const { cause } = error as Error;
  if (!['truncated', 'ECONNRESET', 'EPIPE'].includes(codeOf(cause) ?? '')) return error as Error;
  const message = 'BIND: expected a halflight remote, got a server that ends the conversation';
  return new DialError('command-not-supported', message, { cause });
}

/** The remote's own time limit comes first: its word on it is the better one. */
async function secondReply(
  tunnel: Tunnel,
  conversation: RawConversation,
  { timeoutMs, signal }: { readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Connected> {
  const { stream, driver, carrier } = conversation;
  const talk = driver.run(readSocks5Reply(), timeoutMs + tunnel.timeouts.replyMs, { signal });
  const { refusal, bound } = await answer(tunnel, conversation, talk);
  if (refusal === undefined) return { stream: driver.handOver(), bound, carrier: carrier.id };
  dismiss(stream);
  throw new FarRefusal(refusal);
}

interface Way {
  /** The addresses of the host that will connect. */
  readonly ips: readonly string[];
  /** Ours on the way to it. */
  readonly near: string;
}

async function wayTo(expected: Target, options: DirectBinderOptions, signal: AbortSignal): Promise<Way> {
  const { guard } = options;
  admitTarget(guard, expected);
  const found = await lookUp(expected.host, options, signal);
  const ips = admitAddresses(guard, found, expected.port);
  // To a dial they are this host. Here some mean "anybody" by them, and that is nobody's to ask for.
  if (ips.some((ip) => isUnspecified({ host: canonicalIp(ip), port: 0 }))) {
    throw new RefusedError('binding: expected the address of one host, got that of none');
  }
  return { ips, near: await nearest(ips) };
}

function lookUp(
  host: string,
  { resolver, dialMs }: DirectBinderOptions,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (parseIp(host) !== undefined) return Promise.resolve([host]);
  return within(resolver.resolve(host), dialMs, signal);
}

/** IPv4 first: neither a SOCKS4 reply nor the PORT of FTP (RFC 959 §4.1.2) has room for anything else. */
async function nearest(ips: readonly string[]): Promise<string> {
  const ordered = ips
    .map(canonicalIp)
    .sort((one, other) => Number(one.includes(':')) - Number(other.includes(':')));
  let failure: unknown = new DialError('name-not-resolved', 'name: expected an address, got none');
  for (const ip of ordered) {
    try {
      return await addressTowards(ip);
    } catch (error) {
      failure = error;
    }
  }
  throw failure as Error;
}
