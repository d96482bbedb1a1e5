/** What the files of a dump are called. */
import type { ConnectionFacts } from '../../observe/connection.js';

/** Longer names of targets are cut, so that a file system takes them with all that is around them. */
const maxTarget = 120;

/**
 * `20261121T003509.123Z-12-example.com_443`: when the connection was accepted, its number, its target; `12_2` is its second `turn`.
 * Whatever a shell, a terminal or a file system could take for something else is `_`.
 */
export function fileStem({ openedAt, id, target }: ConnectionFacts, turn: number): string {
  const time = new Date(openedAt).toISOString().replaceAll(/[-:]/g, '');
  const place = target === undefined ? 'unknown' : `${target.host}_${target.port}`;
  return `${time}-${id}${turn === 1 ? '' : `_${turn}`}-${place.slice(-maxTarget).replaceAll(/[^A-Za-z0-9.-]/g, '_')}`;
}
