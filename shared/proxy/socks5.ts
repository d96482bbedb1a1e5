/**
 * SOCKS5 (RFC 1928), both sides of it, without authentication (method 0) and for CONNECT.
 *
 * A request comes back not yet answered: whoever dials the target picks `granted` or `refused` once, and sends the
 * bytes. Requests that cannot be carried out at all are refused right here: the reply is written, then
 * `ProtocolError` is thrown. Something that is not SOCKS5 at all gets no bytes.
 */
import { concat, readU16 } from '../bytes.js';
import { decodeTarget, encodeTarget, type Target } from '../codec/address.js';
import { ProtocolError, type Refusal } from '../errors.js';
import { type Handshake, read, write } from './handshake.js';
import { checkHostname } from './hostname.js';

const version = 5;
const noAuthentication = 0x00;
const noAcceptableMethod = 0xff;
const connect = 0x01;
const succeeded = 0x00;

/** The REP of each refusal (RFC 1928 §6). A dead name is an unreachable host, the closest the RFC has. */
export const socks5Replies: Readonly<Record<Refusal, number>> = {
  'general-failure': 0x01,
  'not-allowed': 0x02,
  'network-unreachable': 0x03,
  'host-unreachable': 0x04,
  'name-not-resolved': 0x04,
  'connection-refused': 0x05,
  'timed-out': 0x06,
  'command-not-supported': 0x07,
  'address-type-not-supported': 0x08,
};

/** The refusal a REP stands for; of several with the same REP the first, which is the plainer one. */
const refusalsByReply: ReadonlyMap<number, Refusal> = new Map(
  (Object.keys(socks5Replies) as Refusal[]).reverse().map((refusal) => [socks5Replies[refusal], refusal]),
);

/** Commands that are known and still not carried out. BIND is a door to the remote's own network: policy. */
const refusedCommands: ReadonlyMap<number, Refusal> = new Map([[0x02, 'not-allowed']]);

/** How many bytes of address follow ATYP, the port not counted; a domain says so in its own first byte. */
const addressLengths: ReadonlyMap<number, number | 'prefixed'> = new Map<number, number | 'prefixed'>([
  [0x01, 4],
  [0x03, 'prefixed'],
  [0x04, 16],
]);

/** Texts worth trying as an IP literal: some clients send one as a domain, even in the brackets of a URL. */
const addressText = /^[0-9a-f:.[\]]+$/i;

/** A client of the proxy that does not speak SOCKS5; its first byte tells what it may speak instead. */
export class ForeignGreeting extends ProtocolError {
  readonly firstByte: number;

  constructor(firstByte: number) {
    super(`SOCKS5 version: expected ${version}, got ${firstByte}`);
    this.firstByte = firstByte;
  }
}

/** What a client asked for; answer it exactly once, with `granted` or `refused`. */
export interface Socks5Request {
  readonly command: 'connect';
  /** An IP literal as canonical text, or a name that is plain enough to look up. The port is 1..65535. */
  readonly target: Target;
  /** The greeting as the client sent it, so that it can be passed on word for word. */
  readonly greeting: Uint8Array;
  /** The request as the client sent it. */
  readonly request: Uint8Array;
  /** The reply to a target that was reached; `bound` is the near end of the connection to it. */
  readonly granted: (bound: Target) => Uint8Array;
  /** The reply to a target that was not. The conversation ends after it. */
  readonly refused: (reason: Refusal) => Uint8Array;
}

/**
 * The proxy's side: reads greeting and request, and returns the request not yet answered (RFC 1928 §3, §4).
 * @throws ProtocolError when there is nothing to carry out; what could be said to the client has been written.
 */
export function* acceptSocks5(): Handshake<Socks5Request> {
  const greeting = yield* acceptGreeting();
  const { command, address, request } = yield* readRequest();
  if (command !== connect) {
    const reason = refusedCommands.get(command) ?? 'command-not-supported';
    return yield* refuse(reason, `command: expected 1 (CONNECT), got ${command}`);
  }
  const target = yield* readTarget(address);
  return { command: 'connect', target, greeting, request, granted, refused };
}

/**
 * The client's side of the greeting, offering only method 0 (RFC 1928 §3). Returns when the proxy took it.
 * @throws ProtocolError when the proxy does not speak SOCKS5 or wants credentials.
 */
export function* greetSocks5(): Handshake<void> {
  yield* write(Uint8Array.of(version, 1, noAuthentication));
  yield* expectMethodReply();
}

/**
 * The client's side, waiting for the answer to a greeting that has been sent.
 * @throws ProtocolError unless the answer is method 0.
 */
export function* expectMethodReply(): Handshake<void> {
  const [theirVersion, method] = yield* read(2);
  if (theirVersion !== version) throw unexpected('version', version, theirVersion);
  if (method !== noAuthentication) throw unexpected('method', noAuthentication, method);
}

/** A proxy's answer to a request, on the client's side. */
export interface Socks5Reply {
  /** Undefined: granted. */
  readonly refusal: Refusal | undefined;
  readonly bound: Target;
  /** The reply as the proxy sent it, so that it can be passed on word for word. */
  readonly bytes: Uint8Array;
}

/**
 * The client's side of the answer to a request (RFC 1928 §6).
 * @throws ProtocolError when it is not one.
 */
export function* readSocks5Reply(): Handshake<Socks5Reply> {
  const { head, address, bytes } = yield* readMessage();
  const [theirVersion, reply, , addressType] = head;
  if (theirVersion !== version) throw unexpected('reply version', version, theirVersion);
  if (address === undefined) throw unexpected('reply ATYP', 1, addressType);
  const refusal = reply === succeeded ? undefined : (refusalsByReply.get(reply ?? 0) ?? 'general-failure');
  return { refusal, bound: decoded(address), bytes };
}

/**
 * ```
 *  client → proxy                      proxy → client
 * +-----+----------+----------+       +-----+--------+
 * | VER | NMETHODS | METHODS  |       | VER | METHOD |
 * +-----+----------+----------+       +-----+--------+
 * |  5  |    1     | 1 to 255 |       |  5  |   1    |   0 none, 0xff none of those
 * +-----+----------+----------+       +-----+--------+
 * ```
 */
function* acceptGreeting(): Handshake<Uint8Array> {
  const first = yield* read(1);
  if (first[0] !== version) throw new ForeignGreeting(first[0] ?? 0);
  const count = yield* read(1);
  const methods = count[0] ? yield* read(count[0]) : new Uint8Array(0);
  if (!methods.includes(noAuthentication)) {
    yield* write(Uint8Array.of(version, noAcceptableMethod));
    throw new ProtocolError(
      `SOCKS5 methods: expected 0 (none) among them, got ${methods.join(' ') || 'none at all'}`,
    );
  }
  yield* write(Uint8Array.of(version, noAuthentication));
  return concat([first, count, methods]);
}

interface RawRequest {
  readonly command: number;
  /** ATYP, address and port. */
  readonly address: Uint8Array;
  readonly request: Uint8Array;
}

/**
 * ```
 * +-----+-----+------+------+----------+----------+
 * | VER | CMD | RSV  | ATYP | DST.ADDR | DST.PORT |
 * +-----+-----+------+------+----------+----------+
 * |  5  |  1  | any  |  1   | variable | 2, BE    |
 * +-----+-----+------+------+----------+----------+
 * ```
 * RSV should be 0 and is not looked at: some clients send rubbish there and mean no harm.
 */
function* readRequest(): Handshake<RawRequest> {
  const { head, address, bytes } = yield* readMessage();
  const [theirVersion, command = 0, , addressType] = head;
  if (theirVersion !== version) throw unexpected('request version', version, theirVersion);
  if (address === undefined) {
    return yield* refuse(
      'address-type-not-supported',
      `ATYP: expected 1, 3 or 4, got ${addressType ?? 'none'}`,
    );
  }
  return { command, address, request: bytes };
}

/** Request and reply have one shape: four bytes, the last of them ATYP, then address and port. */
interface Message {
  readonly head: Uint8Array;
  /** ATYP, address and port. Undefined for an unknown ATYP: where such an address ends nobody knows. */
  readonly address: Uint8Array | undefined;
  readonly bytes: Uint8Array;
}

function* readMessage(): Handshake<Message> {
  const head = yield* read(4);
  const pieces = [head];
  let length = addressLengths.get(head[3] ?? 0);
  if (length === undefined || head[0] !== version) return { head, address: undefined, bytes: head };
  if (length === 'prefixed') {
    const prefix = yield* read(1);
    pieces.push(prefix);
    length = prefix[0] ?? 0;
  }
  pieces.push(yield* read(length + 2));
  const bytes = concat(pieces);
  return { head, address: bytes.subarray(3), bytes };
}

/** The target of a whole request: grammar is judged here, policy is not. */
function* readTarget(address: Uint8Array): Handshake<Target> {
  const port = readU16(address, address.length - 2);
  if (port === 0) return yield* refuse('general-failure', 'port: expected 1 to 65535, got 0');
  if (address[0] !== 0x03) return decoded(address);

  const domain = address.subarray(2, -2);
  if (domain.length === 0) {
    return yield* refuse('general-failure', 'domain: expected 1 to 253 bytes, got 0');
  }
  const host = String.fromCharCode(...domain);
  if (addressText.test(host)) {
    const literal = encodeTarget({ host, port });
    if (literal[0] !== 0x03) return decoded(literal);
  }
  const complaint = checkHostname(host);
  if (complaint !== undefined) return yield* refuse('host-unreachable', `domain: ${complaint}`);
  return { host, port };
}

function decoded(address: Uint8Array): Target {
  const whole = decodeTarget(address, 0);
  if (whole === undefined) throw new ProtocolError('SOCKS5 address: expected a whole one, got a part');
  return whole.target;
}

/**
 * ```
 * +-----+-----+-----+------+----------+----------+
 * | VER | REP | RSV | ATYP | BND.ADDR | BND.PORT |
 * +-----+-----+-----+------+----------+----------+
 * |  5  |  0  |  0  |  1   | variable | 2, BE    |
 * +-----+-----+-----+------+----------+----------+
 * ```
 */
function granted(bound: Target): Uint8Array {
  return concat([Uint8Array.of(version, succeeded, 0), encodeTarget(bound)]);
}

/** The same shape; nothing is bound, so the address is 0.0.0.0:0. */
function refused(reason: Refusal): Uint8Array {
  return Uint8Array.of(version, socks5Replies[reason], 0, 0x01, 0, 0, 0, 0, 0, 0);
}

function* refuse(reason: Refusal, complaint: string): Handshake<never> {
  yield* write(refused(reason));
  throw new ProtocolError(`SOCKS5 ${complaint}`);
}

function unexpected(what: string, expected: number, got: number | undefined): ProtocolError {
  return new ProtocolError(`SOCKS5 ${what}: expected ${expected}, got ${got ?? 'nothing'}`);
}
