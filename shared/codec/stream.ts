/**
 * An encrypted stream from both ends: the client seals a request and opens the response, the remote opens the request
 * and seals the response. How each begins is the edition's business; from there on it is all chunks.
 *
 * Each direction has a salt and so a key of its own. Payloads are lent and pieces pushed are the caller's throughout.
 */
import { concat } from '../bytes.js';
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import type { Target } from './address.js';
import { ChunkOpener, ChunkSealer, smallPayload } from './chunks.js';
import { editionOf } from './editions.js';
import { streamIdentity } from './identity.js';
import { sameBytes } from './keys.js';
import { createSession, freshSalt } from './session.js';
import type { Cipher, Opener, Sealer, Session } from './session.js';

export { RequestOpener } from './request-opener.js';
export type { OpenedRequest } from './request-opener.js';
export type { Cipher, Opener, Sealer, User } from './session.js';

export interface RequestOptions {
  /** What the salt begins with (2017). */
  readonly saltPrefix?: Uint8Array | undefined;
}

/** Client side, going up: names the target and carries what the client says. */
export class RequestSealer implements Sealer {
  /** What a response must echo (2022) or may not repeat (2017). */
  readonly salt: Uint8Array;
  readonly #cipher: Cipher;
  readonly #session: Session;
  readonly #sealer: ChunkSealer;
  readonly #target: Target;
  readonly #env: Environment;
  #begun = false;

  /** @throws ConfigError when salts of the method cannot begin with the prefix. */
  constructor(cipher: Cipher, target: Target, env: Environment, { saltPrefix }: RequestOptions = {}) {
    this.salt = freshSalt(cipher.method, env, saltPrefix);
    this.#cipher = cipher;
    this.#session = createSession(cipher, this.salt);
    this.#sealer = chunkSealer(this.#session);
    this.#target = target;
    this.#env = env;
  }

  /** Pushes the header alone, when nothing has been sealed yet: somebody waits for the target to speak first. */
  open(out: Uint8Array[]): void {
    if (!this.#begun) this.#begin(nothing, out);
  }

  /**
   * Pushes the payload. The first call puts salt, header and the payload's beginning into one piece: strict remotes
   * want to see all of it in their first read.
   */
  seal(payload: Uint8Array, out: Uint8Array[]): void {
    if (this.#begun) this.#sealer.seal(payload, out);
    else if (payload.length > 0) this.#begin(payload, out);
  }

  end(out: Uint8Array[]): void {
    this.open(out);
    this.#sealer.end(out);
  }

  cut(out: Uint8Array[]): void {
    this.open(out);
    this.#sealer.cut(out);
  }

  #begin(payload: Uint8Array, out: Uint8Array[]): void {
    this.#begun = true;
    const request = {
      session: this.#session,
      identity: streamIdentity(this.#cipher, this.salt),
      sealer: this.#sealer,
      target: this.#target,
      env: this.#env,
    };
    const { piece, taken } = editionOf(this.#session.method).sealRequest(request, payload);
    out.push(piece);
    this.#sealer.seal(payload.subarray(taken), out);
  }
}

/** Client side, coming down. An EOF before the first byte is a clean end: the target had nothing to say. */
export class ResponseOpener implements Opener {
  readonly #cipher: Cipher;
  readonly #requestSalt: Uint8Array;
  readonly #env: Environment;
  readonly #endMarks: boolean;
  /** Salt and header as they come in; empty again once they have been read. */
  #head: Uint8Array;
  #headFilled = 0;
  #chunks: ChunkOpener | undefined;

  constructor(
    cipher: Cipher,
    requestSalt: Uint8Array,
    env: Environment,
    options: { readonly endMarks: boolean },
  ) {
    const { method } = cipher;
    this.#cipher = cipher;
    this.#requestSalt = requestSalt;
    this.#env = env;
    this.#endMarks = options.endMarks;
    this.#head = new Uint8Array(method.saltLength + editionOf(method).responseHeaderLength(method));
  }

  get ended(): boolean {
    return this.#chunks?.ended ?? false;
  }

  get atBoundary(): boolean {
    return this.#chunks?.atBoundary ?? this.#headFilled === 0;
  }

  next(): void {
    this.#chunks?.next();
  }

  /**
   * As every opener; the salt and the header are checked as soon as they are whole.
   *
   * @throws AuthError that names the check which failed: tag, header type, timestamp (with the seconds between the
   * clocks), the echoed salt, or an announced payload of nothing.
   */
  open(bytes: Uint8Array, out: Uint8Array[]): number {
    if (this.#chunks !== undefined) return this.#chunks.open(bytes, out);
    const taken = Math.min(this.#head.length - this.#headFilled, bytes.length);
    this.#head.set(bytes.subarray(0, taken), this.#headFilled);
    this.#headFilled += taken;
    if (this.#headFilled < this.#head.length) return taken;
    this.#chunks = this.#openHead();
    this.#head = nothing;
    return taken + this.#chunks.open(bytes.subarray(taken), out);
  }

  #openHead(): ChunkOpener {
    const { method } = this.#cipher;
    const salt = this.#head.subarray(0, method.saltLength);
    // The 2017 edition has no other way to notice that it hears its own voice (security: reflection).
    if (sameBytes(salt, this.#requestSalt))
      throw new AuthError('response salt: expected a new one, got that of our request');
    const session = createSession(this.#cipher, salt);
    const firstLength = editionOf(method).openResponseHeader(
      session,
      this.#head.subarray(method.saltLength),
      {
        requestSalt: this.#requestSalt,
        env: this.#env,
      },
    );
    return new ChunkOpener(session.aead, method.maxPayload, {
      endMarks: this.#endMarks,
      nonce: session.nonce,
      firstLength,
    });
  }
}

/** Remote side, going down. Says nothing, not even its salt, before there is a first payload. */
export class ResponseSealer implements Sealer {
  /** To be remembered with the 2017 edition: a request that begins with it is our own voice, sent back. */
  readonly salt: Uint8Array;
  readonly #session: Session;
  readonly #sealer: ChunkSealer;
  readonly #requestSalt: Uint8Array;
  readonly #env: Environment;
  #begun = false;

  constructor(cipher: Cipher, requestSalt: Uint8Array, env: Environment) {
    this.salt = freshSalt(cipher.method, env);
    this.#session = createSession(cipher, this.salt);
    this.#sealer = chunkSealer(this.#session);
    this.#requestSalt = requestSalt;
    this.#env = env;
  }

  /** Pushes the payload; with the first one also salt and header, for one write. */
  seal(payload: Uint8Array, out: Uint8Array[]): void {
    if (this.#begun) this.#sealer.seal(payload, out);
    else if (payload.length > 0) this.#begin(payload, out);
  }

  /** Pushes the end mark; nothing when there was no payload: the connection's own end says as much. */
  end(out: Uint8Array[]): void {
    if (this.#begun) this.#sealer.end(out);
  }

  cut(out: Uint8Array[]): void {
    if (this.#begun) this.#sealer.cut(out);
    else out.push(this.#header(1));
  }

  #begin(payload: Uint8Array, out: Uint8Array[]): void {
    this.#begun = true;
    const first = this.#sealer.share(payload.length);
    const header = this.#header(first);
    const { body, tag } = this.#sealer.sealPayload(payload.subarray(0, first));
    if (first <= smallPayload) out.push(concat([header, body, tag]));
    else out.push(header, body, tag);
    this.#sealer.seal(payload.subarray(first), out);
  }

  #header(firstLength: number): Uint8Array {
    const response = { session: this.#session, requestSalt: this.#requestSalt, env: this.#env };
    return editionOf(this.#session.method).sealResponseHeader(response, firstLength);
  }
}

const nothing = new Uint8Array(0);

function chunkSealer(session: Session): ChunkSealer {
  return new ChunkSealer(session.aead, session.method.maxPayload, { nonce: session.nonce });
}
