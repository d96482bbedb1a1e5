/**
 * SOCKS4 and its extension 4A (Ying-Da Lee, "SOCKS: A protocol for TCP proxy across firewalls" and "SOCKS 4A: A Simple
 * Extension to SOCKS 4 Protocol"): the proxy's side, and the reading of a proxy's answer. What a client says is in
 * socks4-client.ts.
 *
 * The user id is read and believed by nobody: without identd, which no host runs any more, it proves nothing. So a
 * proxy that wants credentials is closed to SOCKS4 altogether.
 */
import { concat, readU16, writeU16 } from '../bytes.js';
import type { Target } from '../codec/address.js';
import { formatIp, parseIp, unmapIp } from '../codec/ip.js';
import { ProtocolError, type Refusal } from '../errors.js';
import { type Handshake, read, readUntil, write } from './handshake.js';
import { type Command, DeniedError, type FarReply, type SocksRequest } from './request.js';
import { isUnspecified, namedTarget, type Unusable } from './socks-address.js';

const version = 4;
/** The VN of a reply is the version of the reply's code, not of SOCKS. */
const replyVersion = 0;
/** The CD of a reply that grants. */
export const grantedCode = 90;
const end = 0x00;
/** Bytes before the NUL. */
const maxUserLength = 255;
const maxHostLength = 253;

/** The CD of each command. */
export const socks4Commands: Readonly<Record<Exclude<Command, 'associate'>, number>> = {
  connect: 1,
  bind: 2,
};

const commandsByCode: ReadonlyMap<number | undefined, Command> = new Map<number, Command>([
  [socks4Commands.connect, 'connect'],
  [socks4Commands.bind, 'bind'],
]);

/** The CD of each refusal. 92 and 93 are about identd, which is never asked; SOCKS4 has no words for the rest. */
export const socks4Replies: Readonly<Record<Refusal, number>> = {
  'general-failure': 91,
  'not-allowed': 91,
  'network-unreachable': 91,
  'host-unreachable': 91,
  'name-not-resolved': 91,
  'connection-refused': 91,
  'timed-out': 91,
  'command-not-supported': 91,
  'address-type-not-supported': 91,
};

/** What a CD means to a client; undefined is a grant. */
const meanings: ReadonlyMap<number | undefined, Refusal | undefined> = new Map<number, Refusal | undefined>([
  [grantedCode, undefined],
  [91, 'general-failure'],
  [92, 'not-allowed'],
  [93, 'not-allowed'],
]);

/**
 * Reads a request and returns it, not yet answered.
 * ```
 * +----+----+---------+-------+--------+----+ - - - - - - +----+
 * | VN | CD | DSTPORT | DSTIP | USERID | 0  |    HOST      | 0  |   HOST only when DSTIP is 0.0.0.x, x not 0
 * +----+----+---------+-------+--------+----+ - - - - - - +----+
 * | 4  | 1  |  2, BE  |   4   | 0..255 | 1  |   1..253     | 1  |
 * +----+----+---------+-------+--------+----+ - - - - - - +----+
 * ```
 * @throws DeniedError when `closed` says that only clients with credentials may come in, with nothing written.
 * ProtocolError when there is nothing to carry out; what could be said to the client has been written.
 */
export function* acceptSocks4({ closed }: { readonly closed?: true } = {}): Handshake<SocksRequest> {
  const head = yield* read(8);
  if (head[0] !== version) throw new ProtocolError(`SOCKS4 version: expected 4, got ${head[0] ?? 'nothing'}`);
  const user = yield* readUntil(end, maxUserLength + 1);
  if (user.at(-1) !== end) {
    throw new ProtocolError(`SOCKS4 user id: expected at most ${maxUserLength} bytes, got more`);
  }
  const named = isNamed(head);
  const host = named ? yield* readUntil(end, maxHostLength + 1) : new Uint8Array(0);
  if (closed === true) throw new DeniedError('SOCKS4', refused('not-allowed'));

  const command = commandsByCode.get(head[1]);
  if (command === undefined) return yield* refuse(`command: expected 1 or 2, got ${head[1] ?? 'nothing'}`);
  const target = named ? hostTarget(host, readU16(head, 2)) : addressTarget(head);
  if ('complaint' in target) return yield* refuse(target.complaint);
  if (isUnspecified(target)) return yield* refuse('address: expected a host, got none');
  if (command === 'connect' && target.port === 0) {
    return yield* refuse('port: expected 1 to 65535, got 0');
  }
  return { protocol: 'SOCKS4', command, target, words: concat([head, user, host]), granted, refused };
}

/**
 * Reads a proxy's answer to a request.
 * @throws ProtocolError when it is not one.
 */
export function* readSocks4Reply(): Handshake<FarReply> {
  const bytes = yield* read(8);
  const [theirVersion, code] = bytes;
  if (theirVersion !== replyVersion) {
    throw new ProtocolError(`SOCKS4 reply version: expected 0, got ${theirVersion ?? 'nothing'}`);
  }
  if (!meanings.has(code)) {
    throw new ProtocolError(`SOCKS4 reply code: expected 90 to 93, got ${code ?? 'nothing'}`);
  }
  return { refusal: meanings.get(code), bound: addressTarget(bytes), bytes };
}

/** 4A: an address that cannot be anybody's, 0.0.0.x, says that a name follows. */
function isNamed(head: Uint8Array): boolean {
  return head[4] === 0 && head[5] === 0 && head[6] === 0 && head[7] !== 0;
}

/** Requests and replies keep port and address in the same place. */
function addressTarget(message: Uint8Array): Target {
  return { host: formatIp(message.subarray(4, 8)), port: readU16(message, 2) };
}

function hostTarget(host: Uint8Array, port: number): Target | Unusable {
  if (host.at(-1) !== end) {
    return {
      refusal: 'host-unreachable',
      complaint: `domain: expected at most ${maxHostLength} bytes, got more`,
    };
  }
  return namedTarget(host.subarray(0, -1), port);
}

/**
 * ```
 * +----+----+---------+-------+
 * | VN | CD | DSTPORT | DSTIP |   the bound address, here; most clients do not look at it
 * +----+----+---------+-------+
 * | 0  | 1  |  2, BE  |   4   |
 * +----+----+---------+-------+
 * ```
 */
function reply(code: number, bound?: Target): Uint8Array {
  const bytes = Uint8Array.of(replyVersion, code, 0, 0, 0, 0, 0, 0);
  if (bound === undefined) return bytes;
  writeU16(bytes, 2, bound.port);
  const ip = unmapIp(parseIp(bound.host) ?? new Uint8Array(0));
  if (ip.length === 4) bytes.set(ip, 4);
  return bytes;
}

/** An IPv6 address has no room here: 0.0.0.0, which to a client means "where you reached me". */
function granted(bound: Target): Uint8Array {
  return reply(grantedCode, bound);
}

function refused(reason: Refusal): Uint8Array {
  return reply(socks4Replies[reason]);
}

function* refuse(complaint: string): Handshake<never> {
  yield* write(refused('general-failure'));
  throw new ProtocolError(`SOCKS4 ${complaint}`);
}
