/** Credentials of HTTP proxies: the Basic scheme (RFC 7617), in the header that is meant for the next proxy only. */
import { ConfigError } from '../errors.js';
import type { Headers } from './http-head.js';
import { valuesOf } from './http-head.js';
import { type Answer, ownPage } from './http-refusal.js';
import type { CredentialCheck } from './request.js';
import type { Credential } from './socks5-auth.js';

/** How a request stands with the credentials it came with. */
export type Standing = 'known' | 'missing' | 'wrong' | 'ambiguous';

/** Only what decodes: whole groups of four, and a last one with or without its padding. */
const basic = /^basic +((?:[a-z0-9+/]{4})*(?:[a-z0-9+/]{2}(?:==)?|[a-z0-9+/]{3}=?)?)$/i;
const colon = 0x3a;

/** Whether a request may come in, by its `Proxy-Authorization`. What cannot be read is as wrong as a wrong password. */
export function standing(headers: Headers, check: CredentialCheck): Standing {
  const [value, another] = valuesOf(headers, 'proxy-authorization');
  if (value === undefined) return 'missing';
  if (another !== undefined) return 'ambiguous';
  const pair = decoded(basic.exec(value.trim())?.[1] ?? '');
  const end = pair.indexOf(colon);
  const user = pair.subarray(0, Math.max(end, 0));
  return check(user, pair.subarray(end + 1)) && end >= 0 ? 'known' : 'wrong';
}

/** Asks for credentials: 407, with the one challenge that every client understands. */
export function challenge(): Answer {
  const answer = ownPage(407, 'This proxy asks for a user name and a password.', 'http_request_denied');
  return {
    ...answer,
    headers: [...answer.headers, 'Proxy-Authenticate', 'Basic realm="halflight", charset="UTF-8"'],
  };
}

function decoded(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (byte) => byte.charCodeAt(0));
}

/**
 * What a client says of itself, in UTF-8 as every proxy of today reads it (RFC 7617 §2, §2.1).
 * @throws ConfigError for a user with a colon, which would be read as the end of the name, and for control characters.
 */
export function basicCredentials({ user, password }: Credential): string {
  if (user.includes(':')) throw new ConfigError('HTTP user: expected no colon, got one');
  const pair = `${user}:${password}`;
  if (/\p{Cc}/u.test(pair)) throw new ConfigError('HTTP credentials: expected text, got a control character');
  const bytes = Array.from(new TextEncoder().encode(pair), (byte) => String.fromCharCode(byte));
  return `Basic ${btoa(bytes.join(''))}`;
}
