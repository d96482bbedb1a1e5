/** How text is cut, decoded and escaped inside a URI, and how its mistakes are named without showing any of it. */
import { ConfigError } from '../errors.js';

/** What no part of a URI, and nothing that is shown, may contain. */
export const controls: RegExp = /[\u0000-\u001f\u007f-\u009f]/;

const maxBytes = 4096;
/** Spaces belong to it: SIP002 wants them escaped. So does what stands where bytes were no UTF-8. */
const unfit = /[\u0000-\u0020\u007f-\u009f\ufffd]|\p{Surrogate}/u;

/** ConfigError for a text that is no URI at all, whatever is in it. */
export function refuseUnfit(text: string): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > maxBytes) throw unexpected(`at most ${maxBytes} bytes`, `${bytes}`);
  if (unfit.test(text)) {
    throw unexpected('no spaces, no control characters and only UTF-8', 'another character');
  }
}

/** A query appended to a whole URI would be taken for part of its name, and be lost. (Our own names have `?` escaped.) */
export function refuseLateQuery(tagText: string, keys: readonly string[]): void {
  const key = new RegExp(`\\?(?:.*&)?(${keys.join('|')})=`).exec(tagText)?.[1];
  if (key !== undefined) throw unexpected('the query before the #', `${key}=… behind it`);
}

export function cutAt(text: string, mark: string): readonly [string, string] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

/** `encodeURIComponent` leaves `!'()*` as they are, and a `'` in a password would end the quotes of a pasted line. */
export function escapeText(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Percent-decoding only: a `+` is a plus here. ConfigError, naming `what`, for what is no printable UTF-8. */
export function unescapeText(text: string, what: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(text);
  } catch {
    throw unexpected(`percent-encoded UTF-8 in the ${what}`, 'something that does not decode');
  }
  return withoutControls(decoded, what);
}

/** `text` itself. ConfigError, naming `what`, when a control character is in it. */
export function withoutControls(text: string, what: string): string {
  if (controls.test(text)) throw unexpected(`no control characters in the ${what}`, 'one');
  return text;
}

/**
 * The text in `encoded`, either alphabet, padded or not, or undefined. Node's decoder skips over what it does not
 * know, so encoding again is what shows that nothing was skipped.
 */
export function decodeBase64(encoded: string): string | undefined {
  const canonical = encoded
    .replace(/={1,2}$/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  const bytes = Buffer.from(canonical, 'base64url');
  if (bytes.toString('base64url') !== canonical) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

export function unexpected(expected: string, got: string): ConfigError {
  return new ConfigError(`URI: expected ${expected}, got ${got}`);
}

export function asUriError(error: unknown): unknown {
  return error instanceof ConfigError ? new ConfigError(`URI: ${error.message}`, { cause: error }) : error;
}
