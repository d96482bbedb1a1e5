/**
 * Who may speak to the management API. It is for programs of this machine that know its token, and for nobody's
 * browser: a page that has itself resolved to 127.0.0.1, or has a browser send a form there, is turned away before
 * anything of its request is looked at (docs/probes.md T-32, T-33).
 */
import { formatTarget, type Target } from '../../codec/address.js';
import type { CredentialCheck } from '../../proxy/request.js';
import { credentialCheck } from '../credentials.js';
import { ApiFault } from './reply.js';

/** The head of a request. */
export interface ApiHead {
  readonly target: string;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
}

/** What every answer carries, whatever it says: it is no page, and nobody is to keep, frame or guess at it. */
export const sternHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** Knows the token. Compares digests, so that time tells nothing of it. */
export function tokenCheck(token: string): (given: string) => boolean {
  const check: CredentialCheck | undefined = credentialCheck([{ user: 'api', password: token }]);
  return (given) => check?.(Buffer.from('api'), Buffer.from(given)) === true;
}

/** What requests have to be judged by. */
export interface Door {
  /** What the port is called, as `127.0.0.1:1234`. */
  readonly names: readonly string[];
  readonly isToken: (given: string) => boolean;
}

/** What a client that means this address writes into `Host`. */
export function namesOf({ host, port }: Target): readonly string[] {
  const names = [formatTarget({ host, port }), `localhost:${port}`];
  // RFC 9110 §4.2.1: the port of http: goes without saying.
  return port === 80 ? [...names, ...names.map((name) => name.replace(/:80$/, ''))] : names;
}

/** Throws an ApiFault for whoever may not ask. */
export function judgeHead({ target, rawHeaders }: ApiHead, { names, isToken }: Door): void {
  const hosts = valuesOf('host', rawHeaders);
  if (hosts.length !== 1) throw new ApiFault(400, `Host: expected one, got ${hosts.length}`);
  if (!names.includes((hosts[0] ?? '').toLowerCase())) {
    throw new ApiFault(421, `Host: expected ${names.join(' or ')}, got another`);
  }
  if (!target.startsWith('/')) throw new ApiFault(400, 'target: expected a path, got something else');
  if (valuesOf('origin', rawHeaders).length > 0) throw new ApiFault(403, 'Origin: expected none, got one');
  const claims = valuesOf('authorization', rawHeaders);
  const given = claims.length === 1 ? /^bearer +(\S+)$/i.exec(claims[0] ?? '')?.[1] : undefined;
  if (given !== undefined && isToken(given)) return;
  throw new ApiFault(401, 'Authorization: expected Bearer and the token, got something else', {
    'www-authenticate': 'Bearer realm="halflight"',
  });
}

/** Throws an ApiFault when a body with this head is not JSON as it stands. */
export function judgeBody(rawHeaders: readonly string[]): void {
  const [type = '', ...others] = valuesOf('content-type', rawHeaders);
  if (others.length > 0 || !/^application\/json *(;|$)/i.test(type)) {
    throw new ApiFault(415, 'Content-Type: expected application/json, got another');
  }
  if (valuesOf('content-encoding', rawHeaders).length > 0) {
    throw new ApiFault(415, 'Content-Encoding: expected none, got one');
  }
}

function valuesOf(name: string, rawHeaders: readonly string[]): readonly string[] {
  return rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name);
}
