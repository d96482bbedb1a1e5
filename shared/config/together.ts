import { ConfigError } from '../errors.js';

/** What each of these brings, in order. Of several ConfigErrors the first is thrown, and has the others with it. */
export function together<const Reads extends readonly (() => unknown)[]>(
  reads: Reads,
): { readonly [Index in keyof Reads]: ReturnType<Reads[Index]> } {
  const errors: ConfigError[] = [];
  const brought = reads.map((read) => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      errors.push(error, ...error.others);
      return undefined;
    }
  });
  const [first, ...others] = errors;
  if (first !== undefined) throw new ConfigError(first.message, { cause: first, others });
  // Nothing was thrown, so each has brought what it returns.
  return brought as { readonly [Index in keyof Reads]: ReturnType<Reads[Index]> };
}
