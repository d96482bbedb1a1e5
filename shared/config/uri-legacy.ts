/**
 * The form of URIs before SIP002: everything but the name in one base64 block.
 *
 *     ss://BASE64( METHOD ":" PASSWORD "@" HOST ":" PORT [ "?" … ] )[?…][#TAG]
 *
 * What is inside is no URI: a password stands there as it is, and may have `@ : / # ?` in it. So the method ends at the
 * first colon, the password at the last `@`. A `/` may be a digit of the block, which is why it ends nothing.
 */
import { formatTarget } from '../codec/address.js';
import type { Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { cutAt, decodeBase64, escapeText, withoutControls } from './uri-text.js';
import { checkUser, type User } from './uri-user.js';

const beginning = /^ss:\/\/[A-Za-z0-9+/_=%-]+(?:[?#]|$)/i;

/** Whether `text`, in which `parseServerUri` has found a remote, is in the legacy form. */
export function isLegacyUri(text: string): boolean {
  return beginning.test(text);
}

/** A block taken apart. */
export interface LegacyBlock {
  readonly user: User;
  /** `HOST:PORT`, not judged yet. */
  readonly authority: string;
  /** Outline puts a query inside; may be empty. */
  readonly query: string;
}

/** What is in a block, or undefined when it is none. ConfigError as from `parseServerUri`. */
export function readLegacyBlock(block: string): LegacyBlock | undefined {
  const encoded = block.replace(/%3d/gi, '=');
  const text = [encoded, encoded.replace(/\/$/, '')].map(decodeBase64).find((each) => each?.includes('@'));
  if (text === undefined) return undefined;
  const at = text.lastIndexOf('@');
  const [name, secret] = cutAt(withoutControls(text.slice(0, at), 'password'), ':');
  const [authority, query] = cutAt(text.slice(at + 1), '?');
  return { user: checkUser({ name, secret, encoded: true }), authority, query };
}

/** What the legacy form can say. */
interface LegacyUri extends User, Target {
  readonly tag?: string;
  readonly saltPrefix?: Uint8Array;
  readonly plugin?: { readonly name: string };
}

/** The text for programs that know no other form. ConfigError for what it cannot say: a 2022 method, a prefix, a plugin. */
export function formatLegacyUri(uri: LegacyUri): string {
  const { method, secret, host, port, tag, saltPrefix, plugin } = uri;
  if (method.edition === 2022) throw unsayable(`a 2017 method`, method.name);
  if (saltPrefix !== undefined) throw unsayable('no prefix', 'one');
  if (plugin !== undefined) throw unsayable('no plugin', 'one');
  const block = Buffer.from(`${method.name}:${secret}@${formatTarget({ host, port })}`).toString('base64url');
  return `ss://${block}${tag === undefined ? '' : `#${escapeText(tag)}`}`;
}

function unsayable(expected: string, got: string): ConfigError {
  return new ConfigError(`legacy form: expected ${expected}, got ${got}: it has no place for it`);
}
