import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { CredentialCheck } from '../proxy/request.js';
import type { Credential } from '../proxy/socks5-auth.js';

/**
 * Knows these people; undefined when there are none, and everybody may come in.
 *
 * Digests are compared, keyed anew in each process, and each of them for every question: how long it takes tells
 * neither how much of a password was right nor whether there is such a user (docs/probes.md T-19).
 */
export function credentialCheck(credentials: readonly Credential[]): CredentialCheck | undefined {
  if (credentials.length === 0) return undefined;
  const key = randomBytes(32);
  const digest = (user: Uint8Array, password: Uint8Array): Buffer =>
    createHmac('sha256', key).update(Uint8Array.of(user.length)).update(user).update(password).digest();
  const known = credentials.map(({ user, password }) => digest(Buffer.from(user), Buffer.from(password)));
  return (user, password) => {
    const given = digest(user, password);
    return known.reduce((found, each) => timingSafeEqual(each, given) || found, false);
  };
}
