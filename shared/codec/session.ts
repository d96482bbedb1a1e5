/**
 * What both directions and both editions of a stream share: who may seal and open, and how a stream gets its key.
 */
import { concat } from '../bytes.js';
import type { Environment } from '../environment.js';
import type { Target } from './address.js';
import { cipherBackends } from './aead.js';
import type { Aead, CipherBackend } from './aead.js';
import type { ChunkSealer } from './chunks.js';
import { clientKeys, sessionSubkey } from './keys.js';
import { tagLength } from './methods.js';
import type { Method } from './methods.js';
import { NonceCounter } from './nonce.js';
import { checkSaltPrefix } from './salt-prefix.js';

/** What two ends agree on beforehand. */
export interface Cipher {
  readonly method: Method;
  /** The master key, `method.keyLength` bytes. */
  readonly key: Uint8Array;
  readonly backend: CipherBackend;
  /** The keys under which a client names itself, that of the first remote first (SIP023); absent where nobody asks. */
  readonly identityKeys?: readonly Uint8Array[];
}

/** One of those who share the port of a remote, each with a key of its own. */
export interface User {
  readonly name: string;
  readonly cipher: Cipher;
}

/** The users of one remote, who may come and go while it runs. */
export interface Roster {
  /** Tells of those who are there at once, and then of each who comes or goes. */
  watch(watcher: RosterWatcher): void;
}

/** Told of users as they come and go. Somebody who gets another key goes, and comes again. */
export interface RosterWatcher {
  readonly added: (user: User) => void;
  readonly removed: (user: User) => void;
}

/** The cipher of a client with this secret, which may be a chain. Throws as {@link clientKeys}. */
export function clientCipher(method: Method, secret: string, backend: CipherBackend): Cipher {
  const { key, identityKeys } = clientKeys(method, secret);
  return { method, key, backend, ...(identityKeys.length > 0 && { identityKeys }) };
}

/** One direction of a stream, going out. Payloads are lent, the pieces pushed to `out` are the caller's. */
export interface Sealer {
  seal(payload: Uint8Array, out: Uint8Array[]): void;
  /** The end mark of the raw wire. The standard wire ends with the connection and has no use for it. */
  end(out: Uint8Array[]): void;
  /** Makes the end that follows an authenticated truncation. Nothing may be sealed after it. */
  cut(out: Uint8Array[]): void;
}

/** One direction of a stream, coming in. */
export interface Opener {
  /**
   * Opens all that `bytes` (lent) complete, pushes the plaintext as pieces the caller owns, and returns how many
   * bytes that took: all, unless an end mark came.
   *
   * @throws AuthError or ProtocolError, after which nothing more can be opened; what was pushed before is authentic.
   */
  open(bytes: Uint8Array, out: Uint8Array[]): number;
  /** An end mark has been met. */
  readonly ended: boolean;
  /** Goes on behind the end mark, with the next conversation (docs/raw-wire.md §2). */
  next(): void;
  /** Nothing is pending: an EOF here is a clean end, as clean as the standard wire can tell. */
  readonly atBoundary: boolean;
}

/** One direction of one stream: its salt, the key made from it, and how far the counter is. */
export interface Session {
  readonly method: Method;
  readonly salt: Uint8Array;
  readonly aead: Aead;
  readonly nonce: NonceCounter;
}

/** A request as the header told it. */
export interface RequestHeader {
  /** Unix time in seconds as the client wrote it; the 2017 edition has none. */
  readonly timestamp: number | undefined;
  readonly target: Target;
  /** The bytes that came with the header, owned; may be empty. */
  readonly payload: Uint8Array;
  /** How many bytes of the stream this was, salt included. */
  readonly consumed: number;
}

/** Reads the header of a request. Called with all bytes so far, salt included, until the answer is not undefined. */
export interface RequestReader {
  read(bytes: Uint8Array): RequestHeader | undefined;
}

/** How a stream of one edition begins; what follows are chunks in both. */
export interface Edition {
  /** Salt, header and the beginning of the payload in one piece, and how many bytes of the payload are in it. */
  sealRequest(
    request: OutgoingRequest,
    payload: Uint8Array,
  ): { readonly piece: Uint8Array; readonly taken: number };
  /** Reads a request whose header begins `start` bytes into the stream. */
  requestReader(session: Session, start: number, env: Environment): RequestReader;
  /** Salt and header of a response, which announces the length of the first payload, in one piece. */
  sealResponseHeader(response: OutgoingResponse, firstLength: number): Uint8Array;
  /** Bytes between the salt of a response and its first payload chunk. */
  responseHeaderLength(method: Method): number;
  /** Checks that header, and returns the length it announces. */
  openResponseHeader(session: Session, header: Uint8Array, request: AwaitedResponse): number;
}

/** What the opening of a request is made from. */
export interface OutgoingRequest {
  readonly session: Session;
  /** The identity headers; empty for a remote with one key for everybody. */
  readonly identity: Uint8Array;
  readonly sealer: ChunkSealer;
  readonly target: Target;
  readonly env: Environment;
}

/** What the opening of a response is made from. */
export interface OutgoingResponse {
  readonly session: Session;
  readonly requestSalt: Uint8Array;
  readonly env: Environment;
}

/** What a response is held against. */
export interface AwaitedResponse {
  readonly requestSalt: Uint8Array;
  readonly env: Environment;
}

/** The session of a stream that begins with this salt, which must be owned. */
export function createSession(cipher: Cipher, salt: Uint8Array): Session {
  const { method, key, backend } = cipher;
  const aead = cipherBackends[backend](method.aead, sessionSubkey(method, key, salt));
  return { method, salt, aead, nonce: new NonceCounter(new Uint8Array(aead.nonceLength)) };
}

/**
 * A salt for a stream of our own, beginning with `prefix`. All zeros is drawn again: broken dice show that face first.
 *
 * @throws ConfigError when salts of this method cannot begin with `prefix`.
 */
export function freshSalt(method: Method, env: Environment, prefix?: Uint8Array): Uint8Array {
  let salt = env.randomBytes(method.saltLength);
  while (salt.every((byte) => byte === 0)) salt = env.randomBytes(method.saltLength);
  if (prefix !== undefined) {
    checkSaltPrefix(method, prefix);
    salt.set(prefix);
  }
  return salt;
}

/** A message at the next nonce, its tag behind it in one piece. */
export function sealMessage(session: Session, plaintext: Uint8Array): Uint8Array {
  const { body, tag } = session.aead.seal(session.nonce.take(), plaintext);
  return concat([body, tag]);
}

/**
 * The plaintext of a message that carries its tag behind it, at the next nonce.
 *
 * @throws AuthError when the tag does not match.
 */
export function openMessage(session: Session, sealed: Uint8Array): Uint8Array {
  const length = sealed.length - tagLength;
  return session.aead.open(session.nonce.take(), sealed.subarray(0, length), sealed.subarray(length));
}
