/**
 * User name and password of SOCKS5 (RFC 1929), both sides of it. They travel in clear: whoever may listen on the way
 * to the proxy has them, which on loopback and inside a carrier is nobody.
 */
import { concat } from '../bytes.js';
import { ConfigError, ProtocolError } from '../errors.js';
import { ask, type Handshake, read, write } from './handshake.js';
import { type CredentialCheck, DeniedError } from './request.js';

/** The version of this negotiation, not of SOCKS. */
const version = 0x01;
const success = 0x00;
const failure = 0x01;
const maxLength = 255;

/** Who a client says that it is. */
export interface Credential {
  readonly user: string;
  readonly password: string;
}

/**
 * The whole message of a client, whatever it says (RFC 1929 §2). Of another version than 1 it is the first byte only:
 * where such a message ends nobody knows.
 * ```
 * +-----+------+----------+------+----------+
 * | VER | ULEN |  UNAME   | PLEN |  PASSWD  |
 * +-----+------+----------+------+----------+
 * |  1  |  1   | 1 to 255 |  1   | 1 to 255 |
 * +-----+------+----------+------+----------+
 * ```
 */
export function* readCredentials(): Handshake<Uint8Array> {
  const first = yield* read(1);
  if (first[0] !== version) return first;
  return concat([first, yield* readField(), yield* readField()]);
}

/** A byte that says how many follow, and these. */
function* readField(): Handshake<Uint8Array> {
  const length = yield* read(1);
  return length[0] ? concat([length, yield* read(length[0])]) : length;
}

/**
 * The proxy's side, once method 2 has been agreed on: returns the client's message when `check` knows it.
 *
 * A message that is malformed is as wrong as a wrong password, so that nobody can tell one from the other.
 * @throws DeniedError with the reply not yet written.
 */
export function* authenticate(check: CredentialCheck): Handshake<Uint8Array> {
  const words = yield* readCredentials();
  if (!vouched(words, check)) throw new DeniedError('SOCKS5', Uint8Array.of(version, failure));
  yield* write(Uint8Array.of(version, success));
  return words;
}

/** Of a message of another version there is only the first byte, and so no user. */
function vouched(words: Uint8Array, check: CredentialCheck): boolean {
  const userLength = words[1] ?? 0;
  const passwordLength = words[2 + userLength] ?? 0;
  if (userLength === 0 || passwordLength === 0) return false;
  return check(words.subarray(2, 2 + userLength), words.subarray(3 + userLength));
}

/**
 * The client's side, once method 2 has been agreed on (RFC 1929 §2).
 * @throws ConfigError at once, with nothing said, when there is no room for `credential`. Run, it throws ProtocolError,
 * of code `denied` when the proxy does not know it.
 */
export function sendCredentials({ user, password }: Credential): Handshake<void> {
  const fields = [writeField('user', user), writeField('password', password)];
  return ask(concat([Uint8Array.of(version), ...fields]), readVerdict());
}

function* readVerdict(): Handshake<void> {
  const [theirVersion, status] = yield* read(2);
  if (theirVersion !== version) {
    throw new ProtocolError(
      `SOCKS5 authentication version: expected ${version}, got ${theirVersion ?? 'nothing'}`,
    );
  }
  if (status !== success) {
    throw new ProtocolError(
      `SOCKS5 authentication: expected user and password to be right, got status ${status ?? 'nothing'}`,
      'denied',
    );
  }
}

function writeField(what: string, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0 || bytes.length > maxLength) {
    throw new ConfigError(`SOCKS5 ${what}: expected 1 to ${maxLength} bytes, got ${bytes.length}`);
  }
  return concat([Uint8Array.of(bytes.length), bytes]);
}
