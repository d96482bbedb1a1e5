/**
 * SOCKS5 (RFC 1928), the proxy's side.
 *
 * A request comes back not yet answered: whoever carries it out picks `granted` or `refused`, and sends the bytes.
 * What cannot be carried out by anybody is refused right here: the reply is written, then `ProtocolError` is thrown.
 * What a proxy may choose not to carry out (BIND, UDP ASSOCIATE, a private target) is policy, and not judged here.
 */
import { concat } from '../bytes.js';
import { encodeTarget, type Target } from '../codec/address.js';
import { ProtocolError, type Refusal } from '../errors.js';
import { type Handshake, read, write } from './handshake.js';
import type { Command, CredentialCheck, SocksRequest } from './request.js';
import { isUnspecified, targetOf, type Unusable } from './socks-address.js';
import { authenticate } from './socks5-auth.js';
import {
  commandCodes,
  methods,
  readMessage,
  socks5Replies,
  succeeded,
  unexpected,
  version,
} from './socks5-message.js';

const nothing = new Uint8Array(0);

const commandsByCode: ReadonlyMap<number | undefined, Command> = new Map(
  (Object.keys(commandCodes) as Command[]).map((command) => [commandCodes[command], command]),
);

/**
 * Reads greeting, credentials when there is a `check`, and request (RFC 1928 §3, §4; RFC 1929). Returns the request,
 * not yet answered.
 * @throws DeniedError when `check` does not know the client, with nothing written. ProtocolError when there is nothing
 * to carry out; what could be said to the client has been written.
 */
export function* acceptSocks5(check?: CredentialCheck): Handshake<SocksRequest> {
  const greeting = yield* readGreeting();
  yield* chooseMethod(greeting.subarray(2), check === undefined ? methods.none : methods.password);
  const credentials = check === undefined ? nothing : yield* authenticate(check);
  const request = yield* readRequest();
  return { ...request, words: concat([greeting, credentials, request.words]) };
}

/**
 * The greeting of a client, whole, without an answer (RFC 1928 §3).
 * ```
 *  client → proxy                      proxy → client
 * +-----+----------+----------+       +-----+--------+
 * | VER | NMETHODS | METHODS  |       | VER | METHOD |
 * +-----+----------+----------+       +-----+--------+
 * |  5  |    1     | 0 to 255 |       |  5  |   1    |   0 none, 2 password, 0xff none of those
 * +-----+----------+----------+       +-----+--------+
 * ```
 * @throws ProtocolError when it is no greeting of SOCKS5.
 */
export function* readGreeting(): Handshake<Uint8Array> {
  const first = yield* read(1);
  if (first[0] !== version) throw unexpected('version', version, first[0]);
  const count = yield* read(1);
  const offered = count[0] ? yield* read(count[0]) : nothing;
  return concat([first, count, offered]);
}

/** The one method that will do, or none: a client that could be asked for a password need not offer less. */
function* chooseMethod(offered: Uint8Array, wanted: number): Handshake<void> {
  const met = offered.includes(wanted);
  yield* write(Uint8Array.of(version, met ? wanted : methods.noneAcceptable));
  if (met) return;
  throw new ProtocolError(
    `SOCKS5 methods: expected ${wanted} among them, got ${offered.join(' ') || 'none at all'}`,
    wanted === methods.password ? 'denied' : 'protocol',
  );
}

/**
 * The request of a client whose greeting is over; its `words` are this message alone (RFC 1928 §4).
 * ```
 * +-----+-----+-----+------+----------+----------+
 * | VER | CMD | RSV | ATYP | DST.ADDR | DST.PORT |
 * +-----+-----+-----+------+----------+----------+
 * |  5  |  1  | any |  1   | variable |  2, BE   |
 * +-----+-----+-----+------+----------+----------+
 * ```
 * RSV should be 0 and is not looked at: some clients send rubbish there and mean no harm.
 * @throws ProtocolError when there is nothing to carry out; what could be said to the client has been written.
 */
export function* readRequest(): Handshake<SocksRequest> {
  const { head, address, bytes } = yield* readMessage();
  const [theirVersion, code, , addressType] = head;
  if (theirVersion !== version) throw unexpected('request version', version, theirVersion);
  if (address === undefined) {
    return yield* refuse({
      refusal: 'address-type-not-supported',
      complaint: `ATYP: expected 1, 3 or 4, got ${addressType ?? 'nothing'}`,
    });
  }
  const command = commandsByCode.get(code);
  if (command === undefined) {
    return yield* refuse({
      refusal: 'command-not-supported',
      complaint: `command: expected 1, 2 or 3, got ${code ?? 'nothing'}`,
    });
  }
  const target = command === 'associate' ? senderOf(address) : targetOf(address);
  if ('refusal' in target) return yield* refuse(target);
  const objection = objections[command](target);
  if (objection !== undefined) return yield* refuse(objection);
  return { protocol: 'SOCKS5', command, target, words: bytes, granted, refused };
}

/** What PySocks sends where it means no host in particular: the name `0`, which inet_aton reads as 0.0.0.0. */
const namedZero = Uint8Array.of(0x03, 1, 0x30).join();
const zero = Uint8Array.of(0x01, 0, 0, 0, 0);

/** Where the datagrams of an association are to come from, as far as the client knows. Nobody looks it up. */
function senderOf(address: Uint8Array): Target | Unusable {
  const nowhere = address.subarray(0, -2).join() === namedZero;
  return targetOf(nowhere ? concat([zero, address.subarray(-2)]) : address);
}

/** Why a target that is well formed is none for a command. */
const objections: Readonly<Record<Command, (target: Target) => Unusable | undefined>> = {
  connect: ({ port }) =>
    port === 0 ? { refusal: 'general-failure', complaint: 'port: expected 1 to 65535, got 0' } : undefined,
  // A binding is for one host: one that anybody may connect to would be a door to the application.
  bind: (target) =>
    isUnspecified(target)
      ? { refusal: 'not-allowed', complaint: 'BIND address: expected the host to wait for, got none' }
      : undefined,
  associate: () => undefined,
};

/**
 * ```
 * +-----+-----+-----+------+----------+----------+
 * | VER | REP | RSV | ATYP | BND.ADDR | BND.PORT |
 * +-----+-----+-----+------+----------+----------+
 * |  5  |  0  |  0  |  1   | variable |  2, BE   |
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

function* refuse({ refusal, complaint }: Unusable): Handshake<never> {
  yield* write(refused(refusal));
  throw new ProtocolError(`SOCKS5 ${complaint}`);
}
