/**
 * What both editions of a packet share: its two sides, and how the address in it is read. A packet is one Shadowsocks
 * datagram between a local and its remote.
 *
 * Whatever an `open` refuses has left no trace: the genuine packet of the same number can still be opened.
 */
import type { Environment } from '../environment.js';
import { ProtocolError } from '../errors.js';
import { decodeTarget } from './address.js';
import type { Target } from './address.js';
import type { KnownTargets } from './known-targets.js';
import type { Cipher, Roster } from './session.js';

/** The local's side of one association. */
export interface PacketClient {
  /**
   * One datagram to `target`, sealed: owned bytes, to be sent as they are. The payload is lent.
   *
   * @throws ProtocolError for a host that no packet can name.
   */
  seal(target: Target, payload: Uint8Array): Uint8Array;
  /**
   * What an answer holds; the packet is lent, the payload owned.
   *
   * @throws AuthError when it is not a genuine and new answer to this association (code `replay` when only not new,
   * `clock` when only its time is wrong), ProtocolError when a remote that knows the key wrote nonsense.
   */
  open(packet: Uint8Array): OpenedAnswer;
}

/** An answer that has proved to be genuine. */
export interface OpenedAnswer {
  /** Who answered: an IP address, or with some remotes the name that was asked for. */
  readonly source: Target;
  /** May be empty. */
  readonly payload: Uint8Array;
}

/** The remote's side, for all clients of one key, or of the keys of all users. */
export interface PacketServer {
  /**
   * What a client's packet asks for; the packet is lent, the payload owned. `source`: where it came from, as any text.
   *
   * @throws AuthError when it is not genuine and new (code `replay` when only not new, `clock` when only its time is
   * wrong), ProtocolError when a client that knows the key wrote nonsense.
   */
  open(packet: Uint8Array, source?: string): OpenedPacket;
}

/** A client's packet that has proved to be genuine. */
export interface OpenedPacket {
  /** Unix time in seconds as the client wrote it (2022), within 30 s of ours; the 2017 edition has none. */
  readonly timestamp: number | undefined;
  /** Its port is never 0. */
  readonly target: Target;
  /** May be empty. */
  readonly payload: Uint8Array;
  /**
   * The session it belongs to (2022): the same object for all packets of a session, wherever they come from. The 2017
   * edition has none: there an association is keyed by the sender's address.
   */
  readonly session: PacketSession | undefined;
  /** Seals the answers: the session itself, where there is one. */
  readonly sealer: PacketSealer;
  /** The name of the user who asks, where each has a key of its own. */
  readonly user: string | undefined;
}

/** Seals what a target answered. */
export interface PacketSealer {
  /** One datagram from `source`, sealed: owned bytes, to be sent as they are. The payload is lent. */
  seal(source: Target, payload: Uint8Array): Uint8Array;
}

/** The session of one client's association, as the remote remembers it. */
export interface PacketSession extends PacketSealer {
  /**
   * Forgets the session: its association has ended. Not to be called within 61 s of its last packet, because a recorded
   * one would pass for the beginning of a new session.
   */
  end(): void;
}

/** Packets of one edition, from both sides. */
export interface PacketEdition {
  client(cipher: Cipher, env: Environment): PacketClient;
  /** With `users`, even with none, only these may ask, and `cipher` is the remote's own. */
  server(cipher: Cipher, env: Environment, users: Roster | undefined): PacketServer;
}

/** What a packet carries: where to or where from, and what. */
export interface Datagram {
  readonly peer: Target;
  readonly payload: Uint8Array;
  /** The peer as it is written, where that is known. */
  readonly address?: Uint8Array;
}

/**
 * The address at `offset` and the payload behind it, which is the rest. `known`: those that need not be read again.
 *
 * @throws ProtocolError for an address that is cut off or that no packet may name, and for port 0.
 */
export function readDatagram(plain: Uint8Array, offset: number, known?: KnownTargets): Datagram {
  const address = known === undefined ? decodeTarget(plain, offset) : known.decode(plain, offset);
  if (address === undefined) throw new ProtocolError('packet: expected a whole address, got less');
  if (address.target.port === 0) throw new ProtocolError('packet: expected a port from 1 to 65535, got 0');
  return { peer: address.target, payload: plain.subarray(address.end) };
}

/**
 * The same of an answer. Strictly it comes from an address, but sing-box and V2Ray say the name that was asked for, and
 * whoever asked for it will know it.
 *
 * @throws ProtocolError as {@link readDatagram}.
 */
export function readAnswer(plain: Uint8Array, offset: number, known?: KnownTargets): OpenedAnswer {
  const { peer, payload } = readDatagram(plain, offset, known);
  return { source: peer, payload };
}
