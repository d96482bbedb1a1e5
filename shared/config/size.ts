import { ConfigError } from '../errors.js';

const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['k', 1024],
  ['m', 1024 ** 2],
  ['g', 1024 ** 3],
]);

/** How many bytes `100M` are: a whole number, and k, M or G behind it for powers of 1024. ConfigError, beginning with `what`, otherwise. */
export function parseSize(text: string, what: string): number {
  const [, digits = '', letter = ''] = /^(\d{1,15})([kmg]?)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (units.get(letter.toLowerCase()) ?? 1);
  if (digits !== '' && Number.isSafeInteger(bytes)) return bytes;
  throw new ConfigError(
    `${what}: expected a size like 100M (k, M or G), got ${JSON.stringify(text.slice(0, 40))}`,
  );
}
