/** The part of a URI before the `@`: how to speak to the remote, and with which key. */
import { clientKeys } from '../codec/keys.js';
import { findMethod, type Method, methods } from '../codec/methods.js';
import { asUriError, cutAt, decodeBase64, unescapeText, unexpected, withoutControls } from './uri-text.js';

/** What stands in the place of a secret that is not to be shown. */
export const redacted = '***';

/** A method, and a secret that fits it. */
export interface User {
  readonly method: Method;
  readonly secret: string;
}

/** What `METHOD:SECRET`, percent-encoded, or the base64 of it names. ConfigError as from `parseServerUri`. */
export function readUserInfo(text: string): User {
  const plain = text.includes(':');
  const [name, secret] = plain ? formB(text) : formA(text);
  return checkUser({ name, secret, encoded: !plain });
}

/** The two halves of `METHOD:SECRET`, not judged yet. */
interface Halves {
  readonly name: string;
  readonly secret: string;
  /** They came as one base64 block. */
  readonly encoded: boolean;
}

/** The method of that name with a secret that fits it. ConfigError otherwise; it shows nothing that may be the secret. */
export function checkUser({ name, secret, encoded }: Halves): User {
  const method = readMethod(name, secret);
  if (encoded && method.edition === 2022) {
    throw unexpected(
      `${method.name}:KEY, percent-encoded`,
      'both as one base64 block (SIP002 forbids it for 2022)',
    );
  }
  const what = method.edition === 2022 ? 'a key' : 'a password';
  if (secret === '') throw unexpected(what, 'none');
  if (secret === redacted) throw unexpected(what, '***: put the key where *** stands');
  return { method, secret: fitting(method, secret) };
}

/** Split at the first colon: whatever follows, colons too, is the secret. */
function formB(text: string): readonly [string, string] {
  const [name, secret] = cutAt(text, ':');
  return [unescapeText(name, 'method'), unescapeText(secret, 'key')];
}

function formA(text: string): readonly [string, string] {
  const decoded = decodeBase64(unescapeText(text, 'user part'));
  if (decoded?.includes(':') !== true) throw unexpected('METHOD:KEY or its base64 before the @', 'neither');
  return cutAt(withoutControls(decoded, 'password'), ':');
}

function readMethod(name: string, secret: string): Method {
  // Swapped halves must not bring the key into the message as an "unknown method".
  if (Object.hasOwn(methods, secret)) throw unexpected('METHOD:KEY', 'KEY:METHOD');
  if (!/^[A-Za-z0-9-]{0,40}$/.test(name))
    throw unexpected('a method before the first colon', 'something else');
  try {
    return findMethod(name);
  } catch (error) {
    throw asUriError(error);
  }
}

function fitting(method: Method, secret: string): string {
  try {
    clientKeys(method, secret);
    return secret;
  } catch (error) {
    throw asUriError(error);
  }
}
