/**
 * What both sides of SOCKS5 have in common (RFC 1928 §3 to §6): its numbers, and the one shape that its requests and
 * its replies share.
 */
import { concat } from '../bytes.js';
import { ProtocolError, type Refusal } from '../errors.js';
import { type Handshake, read } from './handshake.js';
import type { Command } from './request.js';
import { addressLengths } from './socks-address.js';

export const version = 0x05;

/** Authentication methods (RFC 1928 §3). GSSAPI (1) is not spoken here, nor by anybody met so far. */
export const methods = { none: 0x00, password: 0x02, noneAcceptable: 0xff } as const;

/** The CMD of each command (RFC 1928 §4). */
export const commandCodes: Readonly<Record<Command, number>> = { connect: 1, bind: 2, associate: 3 };

export const succeeded = 0x00;

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

/** Request and reply have one shape: four bytes, the last of them ATYP, then address and port. */
export interface Message {
  readonly head: Uint8Array;
  /** ATYP, address and port. Undefined when VER or ATYP is unknown: where such a message ends nobody knows. */
  readonly address: Uint8Array | undefined;
  /** All of it that was read. */
  readonly bytes: Uint8Array;
}

/**
 * ```
 * +-----+-----------+-----+------+----------+----------+
 * | VER | CMD / REP | RSV | ATYP |   ADDR   |   PORT   |
 * +-----+-----------+-----+------+----------+----------+
 * |  5  |     1     |  1  |  1   | variable |  2, BE   |
 * +-----+-----------+-----+------+----------+----------+
 * ```
 */
export function* readMessage(): Handshake<Message> {
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

/** The error for one byte that should have been another. */
export function unexpected(what: string, expected: number, got: number | undefined): ProtocolError {
  return new ProtocolError(`SOCKS5 ${what}: expected ${expected}, got ${got ?? 'nothing'}`);
}
