/** Where a subscription is: an address that is as secret as a key, for it may hold a token, and leads to keys in any case. */
import { ConfigError } from '../errors.js';
import { isSafePath } from '../net/safe-path.js';
import { unwrapped } from './pasted.js';

/** A list of servers that somebody else keeps (SIP008), and what a local may do with it. */
export interface SubscriptionSettings {
  /** `https:`, or `http:` on this machine. */
  readonly url: URL;
  /** The names of the plugins that its servers may name. */
  readonly plugins: readonly string[];
  /** The directory where the last good answer is kept; undefined keeps none. */
  readonly cacheDirectory: string | undefined;
  /** Who is trusted to vouch for its server instead of those whom Node trusts, as PEM. */
  readonly ca?: string;
}

const maxBytes = 4096;

/**
 * The address that somebody pasted, which may begin with `ssconf:` for `https:`: blanks around it and one pair of quotes
 * do not matter. ConfigError `subscription: expected x, got y`, which shows at most its scheme.
 */
export function readSubscriptionUrl(text: string): URL {
  const address = unwrapped(text);
  const scheme = /^([a-z][a-z0-9+.-]{0,15}):\/\//i.exec(address)?.[1]?.toLowerCase();
  if (scheme === undefined || /[\u0000-\u0020\u007f-\u009f]/.test(address)) {
    throw unexpected('https://HOST/PATH', 'another text');
  }
  if (scheme === 'ss' || scheme === 'halflight') {
    throw unexpected(
      'https://HOST/PATH',
      `${scheme}://: that is one server, and goes without --subscription`,
    );
  }
  if (Buffer.byteLength(address) > maxBytes) throw unexpected(`at most ${maxBytes} bytes`, 'more');
  // Outline's spelling.
  const spelt = address.replace(/^ssconf:/i, 'https:');
  if (!URL.canParse(spelt)) throw unexpected('https://HOST/PATH', 'an address that cannot be read');
  const url = new URL(spelt);
  if (isSafePath(url)) return url;
  throw unexpected(
    'https://HOST/PATH',
    scheme === 'http'
      ? 'http://, which is for this machine alone: on the way anybody could read the keys, and change them'
      : `${scheme}://`,
  );
}

/** The same address without anything that may be a secret. */
export function redactSubscription(text: string): string {
  const { protocol, host } = readSubscriptionUrl(text);
  return `${protocol}//${host}/***`;
}

function unexpected(expected: string, got: string): ConfigError {
  return new ConfigError(`subscription: expected ${expected}, got ${got}`);
}
