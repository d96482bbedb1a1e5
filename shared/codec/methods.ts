/**
 * The methods: a cipher is a row. Sizes from SIP004, SIP007 and SIP022 §2; one table, so that a name accepted by the
 * command line, a URI and the wire is the same name.
 */
import { ConfigError } from '../errors.js';
import { nearest } from '../nearest.js';

/** A method by the name that every Shadowsocks program knows it under. */
export type MethodName =
  | 'aes-128-gcm'
  | 'aes-256-gcm'
  | 'chacha20-ietf-poly1305'
  | 'xchacha20-ietf-poly1305'
  | '2022-blake3-aes-128-gcm'
  | '2022-blake3-aes-256-gcm'
  | '2022-blake3-chacha20-poly1305';

/** The primitive below a method. Two methods may share one. */
export type AeadName = 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305' | 'xchacha20-poly1305';

/** One row: everything that differs between methods. Lengths in bytes. */
export interface Method {
  readonly name: MethodName;
  /** 2017: SIP004, keys from passwords, no clock. 2022: SIP022, random keys, headers with a timestamp. */
  readonly edition: 2017 | 2022;
  readonly aead: AeadName;
  readonly keyLength: 16 | 32;
  readonly saltLength: 16 | 32;
  /** The longest payload of one chunk: 14 bits in SIP004, 16 bits in SIP022. */
  readonly maxPayload: 0x3fff | 0xffff;
}

function sip004(name: MethodName, aead: AeadName, keyLength: 16 | 32): Method {
  return { name, edition: 2017, aead, keyLength, saltLength: keyLength, maxPayload: 0x3fff };
}

function sip022(name: MethodName, aead: AeadName, keyLength: 16 | 32): Method {
  return { name, edition: 2022, aead, keyLength, saltLength: keyLength, maxPayload: 0xffff };
}

/** Length of every authentication tag, in bytes. */
export const tagLength = 16;

/** Every supported method. */
export const methods: Readonly<Record<MethodName, Method>> = {
  '2022-blake3-aes-256-gcm': sip022('2022-blake3-aes-256-gcm', 'aes-256-gcm', 32),
  '2022-blake3-aes-128-gcm': sip022('2022-blake3-aes-128-gcm', 'aes-128-gcm', 16),
  '2022-blake3-chacha20-poly1305': sip022('2022-blake3-chacha20-poly1305', 'chacha20-poly1305', 32),
  'aes-256-gcm': sip004('aes-256-gcm', 'aes-256-gcm', 32),
  'aes-128-gcm': sip004('aes-128-gcm', 'aes-128-gcm', 16),
  'chacha20-ietf-poly1305': sip004('chacha20-ietf-poly1305', 'chacha20-poly1305', 32),
  'xchacha20-ietf-poly1305': sip004('xchacha20-ietf-poly1305', 'xchacha20-poly1305', 32),
};

/** The method of a new remote: random keys, replay protection by time, and hardware AES. */
export const defaultMethod: MethodName = '2022-blake3-aes-256-gcm';

/**
 * The method of that name.
 *
 * @throws ConfigError that lists the supported names; for methods without authentication it says why they are left out.
 * It shows `name` only when that cannot be a secret.
 */
export function findMethod(name: string): Method {
  if (isSupported(name)) return methods[name];
  const supported = Object.keys(methods).join(', ');
  const reason = unauthenticated.find((family) => family.names.test(name))?.reason;
  if (reason !== undefined)
    throw new ConfigError(`method ${name}: not supported: ${reason}; use one of ${supported}`);
  const near = nearest(name, Object.keys(methods));
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  const got = near !== undefined || isAlike(name) ? JSON.stringify(name.slice(0, 64)) : 'another text';
  throw new ConfigError(`method: expected one of ${supported}, got ${got}${hint}`);
}

/** Whether a name is made of the words of ours. Whatever else stands in its place may be the key, when the two are swapped. */
function isAlike(name: string): boolean {
  const words = new Set(Object.keys(methods).flatMap((each) => each.split('-')));
  return name === '' || name.split('-').every((word) => words.has(word.toLowerCase()));
}

function isSupported(name: string): name is MethodName {
  return Object.hasOwn(methods, name);
}

/** Methods of the wild that anybody on the path can rewrite, and one that anybody can read. */
const unauthenticated: readonly { readonly names: RegExp; readonly reason: string }[] = [
  { names: /^(none|plain|dummy)$/i, reason: 'it does not encrypt' },
  { names: /^table$/i, reason: 'a substitution table is no encryption' },
  {
    names:
      /^(rc4|rc4-md5|rc4-md5-6|x?chacha20|chacha20-ietf|salsa20|[a-z0-9-]+-(cfb|cfb1|cfb8|cfb128|ofb|ctr))$/i,
    reason: 'a stream cipher without authentication lets anybody turn the remote into a decryption oracle',
  },
];
