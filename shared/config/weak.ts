/** Passwords that somebody thought of. */
import { weakPassword } from '../codec/keys.js';
import type { Method } from '../codec/methods.js';
import { ConfigError } from '../errors.js';

/** A secret, and whether it may be a weak one. */
export interface ChosenSecret {
  readonly method: Method;
  readonly secret: string;
  readonly allowWeakPassword: boolean;
}

/** ConfigError for a password that is easy to guess, unless it is allowed. `where` it stands begins the message. */
export function refuseWeak({ method, secret, allowWeakPassword }: ChosenSecret, where?: string): void {
  const why = method.edition === 2017 && !allowWeakPassword ? weakPassword(secret) : undefined;
  if (why === undefined) return;
  const words = `${why}; make one with halflight keygen, or insist with --allow-weak-password`;
  throw new ConfigError(where === undefined ? words : `${where}: ${words}`);
}
