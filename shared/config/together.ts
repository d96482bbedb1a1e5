import { ConfigError } from '../errors.js';

/** Nobody mends more at once; and whoever sends a list with a thousand of them wants to keep us busy. */
const maxTold = 20;
const more = ' (and there are more)';

/**
 * What each of these brings, in order. Of several ConfigErrors the first is thrown, and has the others with it: at most 20
 * in all, the last of which says so if there are more; what comes behind those is not read.
 */
export function together<const Reads extends readonly (() => unknown)[]>(
  reads: Reads,
): { readonly [Index in keyof Reads]: ReturnType<Reads[Index]> } {
  const errors: ConfigError[] = [];
  const brought: unknown[] = [];
  for (const read of reads) {
    if (errors.length > maxTold) break;
    try {
      brought.push(read());
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error, ...error.others.slice(0, maxTold));
    }
  }
  if (errors.length > maxTold) errors.splice(maxTold - 1, errors.length, notTheLast(errors[maxTold - 1]));
  const [first, ...others] = errors;
  if (first !== undefined) throw new ConfigError(first.message, { cause: first, others });
  // Nothing was thrown, so each has brought what it returns.
  return brought as unknown as { readonly [Index in keyof Reads]: ReturnType<Reads[Index]> };
}

function notTheLast(error: ConfigError | undefined): ConfigError {
  const words = error?.message ?? '';
  return new ConfigError(words.endsWith(more) ? words : `${words}${more}`, { cause: error });
}
