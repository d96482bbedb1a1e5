/**
 * What a packet of the 2022 edition says once it is open (SIP022 §3.2.3). Unlike in a stream, the padding stands
 * before the address.
 *
 * ```
 *   to the remote     TYPE │ TIMESTAMP │ PADDING LENGTH │ PADDING │ ATYP ADDR PORT │ PAYLOAD
 *                     0  1 │ u64     8 │ u16          2 │         │                │ the rest
 *
 *   to the client     TYPE │ TIMESTAMP │ CLIENT SESSION ID │ PADDING LENGTH │ PADDING │ ATYP ADDR PORT │ PAYLOAD
 *                     1  1 │ u64     8 │ u64             8 │ u16          2 │         │                │ the rest
 * ```
 */
import { readU16, readU64, writeU16, writeU64 } from '../bytes.js';
import type { Environment } from '../environment.js';
import { AuthError, ProtocolError } from '../errors.js';
import { encodeTarget } from './address.js';
import { draw } from './draw.js';
import { readAnswer, readDatagram } from './packets-edition.js';
import type { KnownTargets } from './known-targets.js';
import type { Datagram, OpenedAnswer } from './packets-edition.js';
import { REQUEST, RESPONSE, checkStamp, stamped } from './stamp.js';

/** Where the padding length stands. */
const requestPadding = 1 + 8;
const answerPadding = 1 + 8 + 8;

/** The body of a packet to the remote. */
export function encodeRequest(datagram: Datagram, env: Environment): Uint8Array {
  return encode(REQUEST, requestPadding, { datagram, env });
}

/** The body of a packet to the client whose session has this ID. */
export function encodeAnswer(clientSession: bigint, datagram: Datagram, env: Environment): Uint8Array {
  const body = encode(RESPONSE, answerPadding, { datagram, env });
  writeU64(body, 9, clientSession);
  return body;
}

/**
 * What a client asks for, and when it did, in Unix seconds. `known`: addresses that need not be read again.
 *
 * @throws AuthError for a wrong type or time, ProtocolError for what is malformed.
 */
export function decodeRequest(
  body: Uint8Array,
  env: Environment,
  known?: KnownTargets,
): Datagram & { readonly timestamp: number } {
  requireLength(body, requestPadding + 2);
  const timestamp = checkStamp(body, REQUEST, env);
  return { timestamp, ...readDatagram(body, afterPadding(body, requestPadding), known) };
}

/**
 * What a remote answers to the client session of this ID.
 *
 * @throws AuthError for a wrong type or time and for the answer to another session, ProtocolError for what is malformed.
 */
export function decodeAnswer(
  body: Uint8Array,
  env: Environment,
  { clientSession, known }: AwaitedAnswers,
): OpenedAnswer {
  requireLength(body, answerPadding + 2);
  checkStamp(body, RESPONSE, env);
  if (readU64(body, 9) !== clientSession) {
    throw new AuthError('client session: expected ours, got that of another');
  }
  return readAnswer(body, afterPadding(body, answerPadding), known);
}

/** What answers are held against, and the addresses that need not be read again. */
export interface AwaitedAnswers {
  readonly clientSession: bigint;
  readonly known?: KnownTargets;
}

/** A body whose padding length stands at `paddingAt`; what may be between the timestamp and there is zeros yet. */
function encode(
  type: typeof REQUEST | typeof RESPONSE,
  paddingAt: number,
  { datagram, env }: { readonly datagram: Datagram; readonly env: Environment },
): Uint8Array {
  const { peer, payload, address = encodeTarget(peer) } = datagram;
  const padding = paddingFor(datagram, env);
  const addressAt = paddingAt + 2 + padding;
  const body = stamped(type, addressAt + address.length + payload.length, env);
  writeU16(body, paddingAt, padding);
  body.set(address, addressAt);
  body.set(payload, addressAt + address.length);
  return body;
}

/** The length of a question to a name server, and of its answer, tells which name was asked for. */
const dnsPort = 53;
/** Up to which length of payload and padding together such packets are filled. */
const maxPadded = 900;

function paddingFor({ peer, payload }: Datagram, env: Environment): number {
  return peer.port === dnsPort && payload.length < maxPadded ? 1 + draw(maxPadded - payload.length, env) : 0;
}

function requireLength(body: Uint8Array, length: number): void {
  if (body.length < length)
    throw new ProtocolError(`packet body: expected at least ${length} bytes, got ${body.length}`);
}

/** The offset of the address. Padding is not looked at, only skipped. */
function afterPadding(body: Uint8Array, paddingAt: number): number {
  const start = paddingAt + 2;
  const padding = readU16(body, paddingAt);
  if (padding > body.length - start) {
    throw new ProtocolError(`packet padding: expected at most ${body.length - start} bytes, got ${padding}`);
  }
  return start + padding;
}
