/** Outline's `prefix` in the object of a server. */
import type { Method } from '../codec/methods.js';
import { messageOf } from '../errors.js';
import type { ClassicObject } from './classic-object.js';
import { kindOf } from './file-text.js';
import { readPrefix } from './uri-prefix.js';

/**
 * What the salts of requests begin with, undefined without `prefix`: each character is one byte, so that control characters
 * belong to it. ConfigError for what does not fit the method.
 */
export function readSaltPrefix(object: ClassicObject, method: Method): Uint8Array | undefined {
  const node = object.value('prefix');
  if (node === undefined) return undefined;
  if (node.type !== 'string') throw object.complain('prefix', `expected a string, got ${kindOf(node)}`);
  const parameters = new URLSearchParams([['prefix', String(node.value)]]);
  try {
    return readPrefix(method, parameters);
  } catch (error) {
    throw object.complain('prefix', messageOf(error).replace(/^URI: (?:prefix: )?/, ''));
  }
}
