/** SOCKS5 (RFC 1928), the client's side: what the local says to a remote, and `connect` to a proxy. */
import { concat } from '../bytes.js';
import { encodeTarget, type Target, unspecifiedTarget } from '../codec/address.js';
import { ProtocolError, type Refusal } from '../errors.js';
import { ask, type Handshake, read } from './handshake.js';
import type { Command, FarReply } from './request.js';
import { targetOf, wholeTarget } from './socks-address.js';
import { type Credential, sendCredentials } from './socks5-auth.js';
import {
  commandCodes,
  methods,
  readMessage,
  socks5Replies,
  succeeded,
  unexpected,
  version,
} from './socks5-message.js';

/** The refusal a REP stands for; of several with the same REP the first, which is the plainer one. */
const refusalsByReply: ReadonlyMap<number, Refusal> = new Map(
  (Object.keys(socks5Replies) as Refusal[]).reverse().map((refusal) => [socks5Replies[refusal], refusal]),
);

/**
 * Greets a proxy, and says who is there when it asks for that (RFC 1928 §3, RFC 1929). Returns when it lets us in.
 * @throws ProtocolError when the proxy does not speak SOCKS5; of code `denied` when it wants another credential.
 */
export function* greetSocks5(credential?: Credential): Handshake<void> {
  const method = yield* offerMethods(credential);
  if (credential !== undefined && method === methods.password) yield* sendCredentials(credential);
  else expectNone(method);
}

/**
 * Greets a proxy, and returns the method by which it wants to know who is there (RFC 1928 §3): of `methods`, unless it
 * names one that was not offered. Method 2 is offered beside none where there is a credential to say.
 * @throws ProtocolError when the answer is not one of SOCKS5.
 */
export function offerMethods(credential?: Credential): Handshake<number> {
  const offered = credential === undefined ? [methods.none] : [methods.none, methods.password];
  return ask(greeting(...offered), readMethodReply());
}

/**
 * Greets a proxy to see that it is there: any answer of SOCKS5 will do, a demand for credentials too. Returns whether it
 * lets us in without any.
 * @throws ProtocolError when the answer is not one of SOCKS5.
 */
export function* proveSocks5(): Handshake<boolean> {
  return (yield* offerMethods()) === methods.none;
}

/**
 * Waits for the answer to a greeting that has been sent by somebody else.
 * @throws ProtocolError unless the answer is method 0; of code `denied` when it is 0xff.
 */
export function* expectMethodReply(): Handshake<void> {
  expectNone(yield* readMethodReply());
}

/**
 * Asks a proxy that has been greeted, and returns what it says (RFC 1928 §4, §6). To `bind` it says more later: read
 * that with `readSocks5Reply`.
 * @throws ProtocolError at once, with nothing said, for a target that no address can name. Run, it throws one when the
 * answer is not one of SOCKS5.
 */
export function requestSocks5(command: Command, target: Target): Handshake<FarReply> {
  return ask(socks5Request(command, target), readSocks5Reply());
}

/**
 * The request itself (RFC 1928 §4), owned by the caller.
 * ```
 * +-----+-----+-----+------+----------+----------+
 * | VER | CMD | RSV | ATYP | DST.ADDR | DST.PORT |
 * +-----+-----+-----+------+----------+----------+
 * |  5  |  1  |  0  |  1   | variable |  2, BE   |
 * +-----+-----+-----+------+----------+----------+
 * ```
 * @throws ProtocolError for a target that no address can name.
 */
export function socks5Request(command: Command, target: Target): Uint8Array {
  return concat([Uint8Array.of(version, commandCodes[command], 0), encodeTarget(target)]);
}

/**
 * Reads the answer to a request (RFC 1928 §6). Of a refusal the address means nothing, and many who refuse fill in
 * nothing: then it is as if they had said 0.0.0.0:0.
 * @throws ProtocolError when it is not one.
 */
export function* readSocks5Reply(): Handshake<FarReply> {
  const { head, address, bytes } = yield* readMessage();
  const [theirVersion, reply, , addressType] = head;
  if (theirVersion !== version) throw unexpected('reply version', version, theirVersion);
  const refusal = reply === succeeded ? undefined : (refusalsByReply.get(reply ?? 0) ?? 'general-failure');
  if (address !== undefined) return { refusal, bound: boundIn(address), bytes };
  if (refusal === undefined) throw unexpected('reply ATYP', 1, addressType);
  const whole = concat([head.subarray(0, 3), encodeTarget(unspecifiedTarget)]);
  return { refusal, bound: unspecifiedTarget, bytes: whole };
}

/** What a proxy says that it has bound. A name that is none tells nothing, and could not be said again. */
function boundIn(address: Uint8Array): Target {
  return 'refusal' in targetOf(address) ? unspecifiedTarget : wholeTarget(address);
}

/**
 * Reads the answers to greeting and request that were sent at once. The first is 05 00 and was given to the client
 * long ago (docs/raw-wire.md §4), so that only the second is returned.
 * @throws ProtocolError when they are something else.
 */
export function* methodAndReply(): Handshake<FarReply> {
  yield* expectMethodReply();
  return yield* readSocks5Reply();
}

/** The greeting of a client that has no credentials to offer (RFC 1928 §3). */
export const socks5Greeting: Uint8Array = greeting(methods.none);

function greeting(...offered: readonly number[]): Uint8Array {
  return Uint8Array.of(version, offered.length, ...offered);
}

function* readMethodReply(): Handshake<number> {
  const [theirVersion, method = methods.noneAcceptable] = yield* read(2);
  if (theirVersion !== version) throw unexpected('version', version, theirVersion);
  return method;
}

function expectNone(method: number): void {
  if (method === methods.none) return;
  const denied = method === methods.noneAcceptable || method === methods.password;
  throw new ProtocolError(
    `SOCKS5 method: expected ${methods.none}, got ${method}${denied ? ': it asks for credentials' : ''}`,
    denied ? 'denied' : 'protocol',
  );
}
