/**
 * What the salts of our requests begin with, as Outline writes it into a URI: `?prefix=`, a text whose every character
 * U+0000 to U+00FF is one byte, in percent-encoded UTF-8. The byte A8 is `%C2%A8`.
 */
import type { Method } from '../codec/methods.js';
import { checkSaltPrefix } from '../codec/salt-prefix.js';
import { asUriError, escapeText, unexpected } from './uri-text.js';

/** The bytes that the query asks for, which fit the method, or undefined. ConfigError otherwise. */
export function readPrefix(method: Method, parameters: URLSearchParams): Uint8Array | undefined {
  const values = parameters.getAll('prefix').filter((value) => value !== '');
  const [text] = values;
  if (text === undefined) return undefined;
  if (values.length > 1) throw unexpected('one prefix', `${values.length}`);
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  if (points.some((point) => point > 0xff)) {
    throw unexpected('characters U+0000 to U+00FF in the prefix, one for each byte', 'another');
  }
  const prefix = Uint8Array.from(points);
  try {
    checkSaltPrefix(method, prefix);
  } catch (error) {
    throw asUriError(error);
  }
  return prefix;
}

/** The value that `readPrefix` reads back. */
export function formatPrefix(prefix: Uint8Array): string {
  return escapeText(String.fromCharCode(...prefix));
}

/** What a prefix costs, for whoever turns it on. */
export function prefixCost({ saltLength }: Method, { length }: Uint8Array): string {
  return (
    `every connection begins with the same ${length} bytes, which can be looked for as well; ` +
    `${saltLength - length} of the ${saltLength} bytes of each salt stay random`
  );
}
