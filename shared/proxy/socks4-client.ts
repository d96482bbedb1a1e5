/** SOCKS4 and 4A, the client's side: what is said to a proxy (its answer is read in socks4.ts). */
import { concat } from '../bytes.js';
import { encodeTarget, type Target } from '../codec/address.js';
import { formatIp } from '../codec/ip.js';
import { ConfigError } from '../errors.js';
import { ask, type Handshake } from './handshake.js';
import type { FarReply } from './request.js';
import { readSocks4Reply, socks4Commands } from './socks4.js';

const version = 4;
const end = Uint8Array.of(0);
/** 0.0.0.1: "the name is behind the user id" (SOCKS 4A). */
const namedBehind = Uint8Array.of(0, 0, 0, 1);

export interface Socks4Words {
  /** The user id; may be empty. No proxy that is left asks anybody whether it is true. */
  readonly user: string;
  /** What names may go in: SOCKS4 has room for IPv4 addresses only, 4A for names. */
  readonly names: 'socks4' | 'socks4a';
}

/**
 * Asks a proxy, and returns what it says. To `bind` it says more later: read that with `readSocks4Reply`.
 * @throws ConfigError or ProtocolError at once, with nothing said, as `socks4Request` does. Run, it throws ProtocolError
 * when the answer is not one of SOCKS4.
 */
export function requestSocks4(
  command: keyof typeof socks4Commands,
  target: Target,
  words: Socks4Words,
): Handshake<FarReply> {
  return ask(socks4Request(command, target, words), readSocks4Reply());
}

/**
 * The request itself, owned by the caller.
 * ```
 * +----+----+---------+-------+--------+----+ - - - - - - +----+
 * | VN | CD | DSTPORT | DSTIP | USERID | 0  |    HOST      | 0  |   HOST only for a name, DSTIP is 0.0.0.1 then
 * +----+----+---------+-------+--------+----+ - - - - - - +----+
 * | 4  | 1  |  2, BE  |   4   |  any   | 1  |   1..255     | 1  |
 * +----+----+---------+-------+--------+----+ - - - - - - +----+
 * ```
 * An IPv6 address is a name to 4A, which has no other place for it: whether it reads one is the proxy's affair.
 * @throws ConfigError for a user id with a NUL and a target that the edition cannot name; ProtocolError for one that
 * nothing can name.
 */
export function socks4Request(
  command: keyof typeof socks4Commands,
  target: Target,
  { user, names }: Socks4Words,
): Uint8Array {
  if (user.includes('\0')) throw new ConfigError('SOCKS4 user: expected text, got a NUL byte');
  const { ip, name } = partsOf(target, names);
  const head = Uint8Array.of(version, socks4Commands[command], target.port >> 8, target.port & 0xff);
  const behind = name === undefined ? [] : [name, end];
  return concat([head, ip, encoder.encode(user), end, ...behind]);
}

const encoder = new TextEncoder();

interface Parts {
  readonly ip: Uint8Array;
  readonly name?: Uint8Array;
}

function partsOf(target: Target, names: Socks4Words['names']): Parts {
  const address = encodeTarget(target).subarray(0, -2);
  const isIp = address[0] !== domainType;
  if (address.length === 5 && isIp) {
    const ip = address.subarray(1);
    if (ip[0] === 0 && ip[1] === 0 && ip[2] === 0 && ip[3] !== 0) {
      throw new ConfigError(
        'SOCKS4 target: expected an address of a host, got 0.0.0.x, which announces a name',
      );
    }
    return { ip };
  }
  if (names === 'socks4') {
    throw new ConfigError(
      `SOCKS4 target: expected an IPv4 address, got ${isIp ? 'an IPv6 address' : 'a name'}`,
    );
  }
  const name = isIp ? encoder.encode(formatIp(address.subarray(1))) : address.subarray(2);
  return { ip: namedBehind, name };
}

const domainType = 0x03;
