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
 *   ChaCha (SIP022 §4.1)
 *     NONCE  │ SESSION ID u64 │ PACKET ID u64 │ BODY │ TAG
 *     24     └─ sealed with the PSK, XChaCha20-Poly1305 ┘ 16
 * ```
 */
import { concat } from '../bytes.js';
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import { blockCiphers, cipherBackends } from './aead.js';
import type { Aead } from './aead.js';
import { sessionSubkey } from './keys.js';
import { tagLength } from './methods.js';
import type { Cipher } from './session.js';

/** The number of a session, drawn by who seals, and of a packet in it, which counts up: 64 bits each. */
export interface PacketIds {
  readonly session: bigint;
  readonly packet: bigint;
}

/** A packet as it came: its IDs, the body, and the cipher that opened it. */
export interface OpenedFrame {
  readonly ids: PacketIds;
  readonly aead: Aead;
  /** Owned. */
  readonly body: Uint8Array;
}

/** The wrapping of packets under one key. */
export interface PacketFrame {
  /** The cipher of one session, to be kept with it: with AES it takes a key derivation to make one. */
  aead(session: bigint): Aead;
  /** A packet in one piece, owned by the caller. */
  seal(ids: PacketIds, aead: Aead, body: Uint8Array): Uint8Array;
  /**
   * Opens a packet (lent). `admit` is asked once for the cipher of a session, and may throw instead of going on: with
   * AES that is before the body is opened, by IDs that anybody can have made up; with ChaCha after.
   *
   * @throws AuthError for bytes too few or not sealed with our key.
   */
  open(packet: Uint8Array, admit: (ids: PacketIds) => Aead): OpenedFrame;
}

/** The wrapping that goes with the method. */
export function packetFrame(cipher: Cipher, env: Environment): PacketFrame {
  return cipher.method.aead === 'chacha20-poly1305' ? sealedIds(cipher, env) : separateHeader(cipher);
}

const idsLength = 16;
const extendedNonce = 24;

function separateHeader({ method, key, backend }: Cipher): PacketFrame {
  const block = blockCiphers[backend](key);
  return {
    aead: (session) => cipherBackends[backend](method.aead, sessionSubkey(method, key, u64(session))),

    seal(ids, aead, body) {
      const header = encodeIds(ids);
      const sealed = aead.seal(header.subarray(4), body);
      return concat([block.encrypt(header), sealed.body, sealed.tag]);
    },

    open(packet, admit) {
      requireLength(packet, idsLength + tagLength);
      const header = block.decrypt(packet.subarray(0, idsLength));
      const ids = decodeIds(header);
      const aead = admit(ids);
      return { ids, aead, body: openBehind(packet, idsLength, { aead, nonce: header.subarray(4) }) };
    },
  };
}

function sealedIds({ key, backend }: Cipher, env: Environment): PacketFrame {
  const aead = cipherBackends[backend]('xchacha20-poly1305', key);
  return {
    aead: () => aead,

    seal(ids, _, body) {
      const nonce = env.randomBytes(extendedNonce);
      const sealed = aead.seal(nonce, concat([encodeIds(ids), body]));
      return concat([nonce, sealed.body, sealed.tag]);
    },

    open(packet, admit) {
      requireLength(packet, extendedNonce + idsLength + tagLength);
      const plain = openBehind(packet, extendedNonce, { aead, nonce: packet.subarray(0, extendedNonce) });
      const ids = decodeIds(plain);
      return { ids, aead: admit(ids), body: plain.subarray(idsLength) };
    },
  };
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
  const view = new DataView(ids.buffer);
  view.setBigUint64(0, session);
  view.setBigUint64(8, packet);
  return ids;
}

function decodeIds(bytes: Uint8Array): PacketIds {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return { session: view.getBigUint64(0), packet: view.getBigUint64(8) };
}

function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}
