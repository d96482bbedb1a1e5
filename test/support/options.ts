/** What the library says of options that cannot be used. */
import { expect } from 'vitest';
import { ConfigError } from '../../shared/errors.js';

/** What a program may write that no compiler has checked. */
export type Unchecked = Readonly<Record<string, unknown>>;

/** The key in these tests, and the beginning or all of every password. */
export const knownKey = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
const secrets = [knownKey, encodeURIComponent(knownKey), 'geheim'];

/** The message of the ConfigError, which must not show a secret. */
export function complaint(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    const { message, stack = '' } = error as ConfigError;
    for (const secret of secrets) expect(stack).not.toContain(secret);
    return message;
  }
  throw new Error('options: expected a ConfigError, got none');
}
