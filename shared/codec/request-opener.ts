/** How a remote reads the beginning of a stream: whose it is, where many share its port, and what it asks for. */
import type { Environment } from '../environment.js';
import { AuthError, ProtocolError } from '../errors.js';
import { uotVersion } from '../proxy/uot.js';
import { isReserved } from './address.js';
import type { Target } from './address.js';
import { ChunkOpener } from './chunks.js';
import { editionOf } from './editions.js';
import { createSession } from './session.js';
import type { Cipher, Opener, RequestReader, Session } from './session.js';
import type { Source } from './tried-users.js';
import type { StreamUsers } from './users.js';

/** A request that has proved to be authentic. */
export interface OpenedRequest {
  /** What the response has to echo, and what must not be seen again. Owned. */
  readonly salt: Uint8Array;
  /** Unix time in seconds as the client wrote it (2022), within 30 s of ours; the 2017 edition has none. */
  readonly timestamp: number | undefined;
  readonly target: Target;
  /** What came with the header; owned, may be empty. */
  readonly payload: Uint8Array;
  /** How many bytes of the stream all this was. */
  readonly consumed: number;
  /** For the bytes from `consumed` on. It knows end marks when the target is the reserved one. */
  readonly opener: Opener;
  /** What the response is sealed with. */
  readonly cipher: Cipher;
  /** The name of the user who asks, where each has a key of its own. */
  readonly user: string | undefined;
}

/** Those who may ask, where each has a key of its own, and where a stream comes from. */
export interface Asking {
  readonly users: StreamUsers;
  readonly source: Source;
}

/** Remote side, coming up: finds out whether somebody who knows the key is asking, and for what. */
export class RequestOpener {
  /** How many bytes to wait for before looking the salt up: they are the first of the stream. */
  readonly saltLength: number;
  readonly #cipher: Cipher;
  readonly #env: Environment;
  readonly #asking: Asking | undefined;
  #begun: Begun | undefined;

  constructor(cipher: Cipher, env: Environment, asking?: Asking) {
    this.saltLength = cipher.method.saltLength;
    this.#cipher = cipher;
    this.#env = env;
    this.#asking = asking;
  }

  /**
   * The request, or undefined while bytes are missing. Call it with all bytes so far (lent); nothing is opened twice.
   * Nobody may call it again after it threw.
   *
   * @throws AuthError for whatever is wrong, malformed things sealed with the right key included: to an impostor
   * every mistake has to look the same, so there is only one kind.
   */
  open(bytes: Uint8Array): OpenedRequest | undefined {
    this.#begun ??= this.#begin(bytes);
    return this.#begun && readRequest(this.#begun, bytes);
  }

  #begin(bytes: Uint8Array): Begun | undefined {
    if (this.#asking === undefined) {
      return bytes.length < this.saltLength ? undefined : this.#reading(bytes, this.#cipher, this.saltLength);
    }
    const { users, source } = this.#asking;
    if (bytes.length < users.openingLength) return undefined;
    const { name, cipher } = users.find(bytes.subarray(0, users.openingLength), source);
    return { ...this.#reading(bytes, cipher, users.headerStart), user: name };
  }

  #reading(bytes: Uint8Array, cipher: Cipher, headerStart: number): Begun {
    const session = createSession(cipher, copyOf(bytes.subarray(0, this.saltLength)));
    const reader = editionOf(cipher.method).requestReader(session, headerStart, this.#env);
    return { cipher, session, reader, user: undefined };
  }
}

/** A request that is being read, once it is known whose key it takes. */
interface Begun {
  readonly cipher: Cipher;
  readonly session: Session;
  readonly reader: RequestReader;
  readonly user: string | undefined;
}

function readRequest({ cipher, session, reader, user }: Begun, bytes: Uint8Array): OpenedRequest | undefined {
  try {
    const header = reader.read(bytes);
    if (header === undefined) return undefined;
    // Where datagrams are asked for in a stream, the port says nothing, and is 0.
    if (header.target.port === 0 && uotVersion(header.target) === undefined)
      throw new ProtocolError('target port: expected 1 to 65535, got 0');
    const endMarks = isReserved(header.target);
    const opener = new ChunkOpener(session.aead, session.method.maxPayload, {
      endMarks,
      nonce: session.nonce,
    });
    return { salt: session.salt, ...header, opener, cipher, user };
  } catch (error) {
    if (error instanceof ProtocolError) throw new AuthError(error.message, { cause: error });
    throw error;
  }
}

/** Not `slice`: lent bytes are often a Buffer, whose slice is a view. */
function copyOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
