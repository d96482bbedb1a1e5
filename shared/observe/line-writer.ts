import type { Writable } from 'node:stream';

/** Lines to a stream that may stop reading or go away: what cannot be written is dropped and counted. */
export interface LineWriter {
  /** Writes `line` and a line end, or drops it. Never throws, never waits. */
  write(line: string): void;
  /** How many lines have been dropped so far. */
  readonly dropped: number;
}

/** What may wait for a reader who paused, in bytes. A few thousand lines of log. */
const maxWaiting = 256 * 1024;

/**
 * A writer to `stream`, which must outlive it. A closed pipe (`halflight … | head -1`) is not an error here, and a
 * pipe that nobody reads fills up to 256 KiB and no further (docs/probes.md R-18).
 *
 * `options.recovered` hears how many lines were dropped in a row, once there is room again.
 */
export function createLineWriter(
  stream: Writable,
  options: { readonly recovered?: (dropped: number) => void } = {},
): LineWriter {
  let dropped = 0;
  let inARow = 0;
  let broken = false;

  stream.on('error', () => {
    broken = true;
  });
  stream.on('drain', () => {
    if (inARow === 0) return;
    const count = inARow;
    inARow = 0;
    options.recovered?.(count);
  });

  return {
    write(line) {
      if (broken || stream.writableLength > maxWaiting) {
        dropped += 1;
        inARow += 1;
        return;
      }
      stream.write(`${line}\n`);
    },
    get dropped() {
      return dropped;
    },
  };
}
