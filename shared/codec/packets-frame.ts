/**
 * How the two families of ciphers wrap a packet of the 2022 edition. The IDs of session and packet name the nonce or
 * are sealed themselves, so either way nobody can set them without the key.
 *
 * ```
 *   AES (SIP022 §3.2.2)
 *     SEPARATE HEADER           │ BODY     │ TAG
 *     SESSION ID u64 │ PACKET ID u64       │  16       header: AES block of the PSK
 *                             16│          │           body: sealed, session subkey, nonce = header[4..16]
 *
 *   AES to a remote with users (SIP023)
 *     SEPARATE HEADER │ IDENTITY HEADERS │ BODY │ TAG   header: AES block of the first identity key
 *                  16 │      16 for each │      │  16   body: as above, with the key of the user
 *
 *   ChaCha (SIP022 §4.1)
 *     NONCE  │ SESSION ID u64 │ PACKET ID u64 │ BODY │ TAG
 *     24     └─ sealed with the PSK, XChaCha20-Poly1305 ┘ 16
 * ```
 */
import { concat, readU64, writeU64 } from '../bytes.js';
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import { blockCiphers, cipherBackends } from './aead.js';
import type { Aead } from './aead.js';
import { identityLength, IdentifiedUsers, packetIdentity } from './identity.js';
import { sessionSubkey } from './keys.js';
import { tagLength } from './methods.js';
import { joined } from './room.js';
import type { Cipher, Roster, User } from './session.js';

/** The number of a session, drawn by who seals, and of a packet in it, which counts up: 64 bits each. */
export interface PacketIds {
  readonly session: bigint;
  readonly packet: bigint;
}

/** A packet as it came: its IDs, the body, the cipher that opened it, and what the answers are wrapped in. */
export interface OpenedFrame {
  readonly wrapping: Wrapping;
  readonly ids: PacketIds;
  readonly aead: Aead;
  /** Owned. */
  readonly body: Uint8Array;
}

/** How packets under one key are sealed. */
export interface Wrapping {
  /** Whose key it is, where each user has one. */
  readonly user: string | undefined;
  /** The cipher of one session, to be kept with it: with AES it takes a key derivation to make one. */
  aead(session: bigint): Aead;
  /** A packet in one piece, owned by the caller. */
  seal(ids: PacketIds, aead: Aead, body: Uint8Array): Uint8Array;
}

/** How packets are opened. */
export interface Unwrapping {
  /**
   * Opens a packet (lent). `admit` is asked once for the cipher of a session, and may throw instead of going on: with
   * AES that is before the body is opened, by IDs that anybody can have made up; with ChaCha after.
   *
   * @throws AuthError for bytes too few or not sealed with our key.
   */
  open(packet: Uint8Array, admit: (ids: PacketIds, wrapping: Wrapping) => Aead): OpenedFrame;
}

/** The wrapping of packets under one key, both ways. */
export type PacketFrame = Wrapping & Unwrapping;

/** The wrapping that goes with the method. A client that has to name itself does so in what it seals. */
export function packetFrame(cipher: Cipher, env: Environment, user?: string): PacketFrame {
  return cipher.method.aead === 'chacha20-poly1305' ? sealedIds(cipher, env) : separateHeader(cipher, user);
}

/** How a remote opens the packets of these users (AES): each is wrapped as its user wraps it. */
export function usersFrame(cipher: Cipher, users: Roster): Unwrapping {
  const block = blockCiphers[cipher.backend](cipher.key);
  const identified = new IdentifiedUsers(cipher, users);
  const wrappings = new WeakMap<User, Wrapping>();
  const wrappingOf = (user: User): Wrapping => {
    const wrapping = wrappings.get(user) ?? separateHeader(user.cipher, user.name);
    wrappings.set(user, wrapping);
    return wrapping;
  };
  const bodyStart = idsLength + identityLength;
  return {
    open(packet, admit) {
      requireLength(packet, bodyStart + tagLength);
      const header = block.decrypt(packet.subarray(0, idsLength));
      const identity = block.decrypt(packet.subarray(idsLength, bodyStart));
      const wrapping = wrappingOf(identified.ofPacket(header, identity));
      const ids = decodeIds(header);
      const aead = admit(ids, wrapping);
      return {
        ids,
        aead,
        wrapping,
        body: openBehind(packet, bodyStart, { aead, nonce: header.subarray(4) }),
      };
    },
  };
}

const idsLength = 16;
const extendedNonce = 24;

function separateHeader(cipher: Cipher, user: string | undefined): PacketFrame {
  const { method, key, backend, identityKeys: [outermost = key] = [] } = cipher;
  const block = blockCiphers[backend](key);
  const outgoing = outermost === key ? block : blockCiphers[backend](outermost);
  const identityOf = packetIdentity(cipher);
  const frame: PacketFrame = {
    user,

    aead: (session) => cipherBackends[backend](method.aead, sessionSubkey(method, key, u64(session))),

    seal(ids, aead, body) {
      const header = encodeIds(ids);
      const sealed = aead.seal(header.subarray(4), body);
      return joined(outgoing.encrypt(header), identityOf(header), sealed.body, sealed.tag);
    },

    open(packet, admit) {
      requireLength(packet, idsLength + tagLength);
      const header = block.decrypt(packet.subarray(0, idsLength));
      const ids = decodeIds(header);
      const aead = admit(ids, frame);
      const body = openBehind(packet, idsLength, { aead, nonce: header.subarray(4) });
      return { ids, aead, wrapping: frame, body };
    },
  };
  return frame;
}

function sealedIds({ key, backend }: Cipher, env: Environment): PacketFrame {
  const aead = cipherBackends[backend]('xchacha20-poly1305', key);
  const frame: PacketFrame = {
    user: undefined,

    aead: () => aead,

    seal(ids, _, body) {
      const nonce = env.randomBytes(extendedNonce);
      const sealed = aead.seal(nonce, concat([encodeIds(ids), body]));
      return joined(nonce, sealed.body, sealed.tag);
    },

    open(packet, admit) {
      requireLength(packet, extendedNonce + idsLength + tagLength);
      const plain = openBehind(packet, extendedNonce, { aead, nonce: packet.subarray(0, extendedNonce) });
      const ids = decodeIds(plain);
      return { ids, aead: admit(ids, frame), wrapping: frame, body: plain.subarray(idsLength) };
    },
  };
  return frame;
}

/** Opens all that stands from `offset` to the tag at the end. */
function openBehind(
  packet: Uint8Array,
  offset: number,
  { aead, nonce }: { readonly aead: Aead; readonly nonce: Uint8Array },
): Uint8Array {
  const end = packet.length - tagLength;
  return aead.open(nonce, packet.subarray(offset, end), packet.subarray(end));
}

function requireLength(packet: Uint8Array, length: number): void {
  if (packet.length < length)
    throw new AuthError(`packet: expected at least ${length} bytes, got ${packet.length}`);
}

function encodeIds({ session, packet }: PacketIds): Uint8Array {
  const ids = new Uint8Array(idsLength);
  writeU64(ids, 0, session);
  writeU64(ids, 8, packet);
  return ids;
}

function decodeIds(bytes: Uint8Array): PacketIds {
  return { session: readU64(bytes, 0), packet: readU64(bytes, 8) };
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  writeU64(bytes, 0, value);
  return bytes;
}
