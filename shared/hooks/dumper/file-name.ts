/** What the files of a dump are called. */
import type { ConnectionFacts } from '../../observe/connection.js';

/** Longer names of targets are cut, so that a file system takes them with all that is around them. */
const maxTarget = 120;

/**
 * `20261121T003509.123Z-12-example.com_443`: when the connection was accepted, its number, its target. Whatever a shell, a terminal or a
 * file system could take for something else is `_`.
 */
export function fileStem({ openedAt, id, target }: ConnectionFacts): string {
  const time = new Date(openedAt).toISOString().replaceAll(/[-:]/g, '');
  const place = target === undefined ? 'unknown' : `${target.host}_${target.port}`;
  return `${time}-${id}-${place.slice(-maxTarget).replaceAll(/[^A-Za-z0-9.-]/g, '_')}`;
}
