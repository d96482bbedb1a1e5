/**
 * How a stream of the 2022 edition begins (SIP022 §3.1.3): salt, then headers that say what it is, when it was made
 * and what it answers, so that nothing recorded can be played again, later or in the other direction.
 *
 * ```
 *   request    salt │ identity headers │ fixed-length header │ variable-length header │ chunk …
 *
 *     identity  one for each identity key of the client, mostly none: identity.ts
 *
 *     fixed     TYPE │ TIMESTAMP             │ LENGTH                                   sealed, nonce 0
 *               0  1 │ u64, Unix seconds   8 │ u16, of the variable-length header   2
 *
 *     variable  ATYP ADDR PORT │ PADDING LENGTH │ PADDING │ INITIAL PAYLOAD             sealed, nonce 1
 *                              │ u16          2 │         │ the rest
 *
 *   response   salt │ fixed-length header │ first payload │ chunk …
 *
 *     fixed     TYPE │ TIMESTAMP             │ REQUEST SALT │ LENGTH                    sealed, nonce 0
 *               1  1 │ u64, Unix seconds   8 │ 16 or 32     │ u16, of the payload   2
 * ```
 *
 * The fixed-length header of a response is its first length chunk: the payload follows it at nonce 1.
 */
import { concat, readU16, writeU16 } from '../bytes.js';
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import { decodeTarget, encodeTarget } from './address.js';
import { draw } from './draw.js';
import { sameBytes } from './keys.js';
import { tagLength } from './methods.js';
import { openMessage, sealMessage } from './session.js';
import type { Edition, RequestHeader, RequestReader, Session } from './session.js';
import { REQUEST, RESPONSE, checkStamp, stamped } from './stamp.js';

/** The most padding a request is given. A reader takes any amount that fits. */
const maxPadding = 900;

const fixedHeader = 1 + 8 + 2;

export const sip022: Edition = {
  sealRequest({ session, identity, sealer, target, env }, payload) {
    const address = encodeTarget(target);
    const frame = address.length + 2;
    const taken = Math.min(sealer.share(frame + payload.length) - frame, payload.length);
    const padding = paddingFor(payload.length, env);
    const variable = new Uint8Array(frame + padding + taken);
    variable.set(address);
    writeU16(variable, address.length, padding);
    variable.set(payload.subarray(0, taken), frame + padding);
    const fixed = stamped(REQUEST, fixedHeader, env);
    writeU16(fixed, 9, variable.length);
    const headers = [sealMessage(session, fixed), sealMessage(session, variable)];
    return { piece: concat([session.salt, identity, ...headers]), taken };
  },

  requestReader: (session, start, env) => new Reader(session, start, env),

  sealResponseHeader({ session, requestSalt, env }, firstLength) {
    const plain = stamped(RESPONSE, fixedHeader + requestSalt.length, env);
    plain.set(requestSalt, 9);
    writeU16(plain, 9 + requestSalt.length, firstLength);
    return concat([session.salt, sealMessage(session, plain)]);
  },

  responseHeaderLength: (method) => fixedHeader + method.saltLength + tagLength,

  openResponseHeader(session, header, { requestSalt, env }) {
    const plain = openMessage(session, header);
    checkStamp(plain, RESPONSE, env);
    const saltEnd = 9 + requestSalt.length;
    if (!sameBytes(plain.subarray(9, saltEnd), requestSalt)) {
      throw new AuthError('response: expected the answer to our request, got the salt of another');
    }
    const length = readU16(plain, saltEnd);
    if (length === 0) throw new AuthError('response: expected a first payload of 1 byte or more, got none');
    return length;
  },
};

/** Reads the two headers of a request, each opened once. */
class Reader implements RequestReader {
  readonly #session: Session;
  readonly #start: number;
  readonly #env: Environment;
  #fixed: { readonly timestamp: number; readonly length: number } | undefined;

  constructor(session: Session, start: number, env: Environment) {
    this.#session = session;
    this.#start = start;
    this.#env = env;
  }

  read(bytes: Uint8Array): RequestHeader | undefined {
    const start = this.#start + fixedHeader + tagLength;
    if (bytes.length < start) return undefined;
    this.#fixed ??= this.#readFixed(bytes.subarray(this.#start, start));
    const { timestamp, length } = this.#fixed;
    const consumed = start + length + tagLength;
    if (bytes.length < consumed) return undefined;
    return {
      timestamp,
      consumed,
      ...readVariable(openMessage(this.#session, bytes.subarray(start, consumed))),
    };
  }

  #readFixed(sealed: Uint8Array): { readonly timestamp: number; readonly length: number } {
    const plain = openMessage(this.#session, sealed);
    return { timestamp: checkStamp(plain, REQUEST, this.#env), length: readU16(plain, 9) };
  }
}

function readVariable(plain: Uint8Array): Pick<RequestHeader, 'target' | 'payload'> {
  const address = decodeTarget(plain, 0);
  if (address === undefined || plain.length < address.end + 2) {
    throw new AuthError('variable-length header: expected a whole target and padding length, got less');
  }
  const rest = plain.subarray(address.end + 2);
  const padding = readU16(plain, address.end);
  if (padding > rest.length) {
    throw new AuthError(`padding: expected at most ${rest.length} bytes in this header, got ${padding}`);
  }
  // SIP022 §3.1.3: a header without both would have one of a few lengths that can be told from outside.
  if (rest.length === 0)
    throw new AuthError('variable-length header: expected padding or payload, got neither');
  return { target: address.target, payload: rest.subarray(padding) };
}

/**
 * How much padding goes with a first payload: 1..900 bytes with none, up to a total of 900 with a short one, nothing
 * with a long one. The padding itself is zeros, for it is sealed; only its length can be seen.
 */
function paddingFor(payload: number, env: Environment): number {
  if (payload === 0) return 1 + draw(maxPadding, env);
  return payload < maxPadding ? draw(maxPadding - payload + 1, env) : 0;
}
