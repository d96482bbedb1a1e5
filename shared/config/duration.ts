/** Lengths of time as people write them. */
import { ConfigError } from '../errors.js';
import { longestMs } from '../net/patience.js';

/** In ms. */
const units: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['ms', 1],
  ['s', 1000],
  ['m', 60_000],
  ['h', 3_600_000],
]);

/**
 * The whole ms 1..2³¹−1 in `value`: a number of them, or `5000`, `250ms`, `1.5s`, `2m`, `1h`. ConfigError that begins with
 * `what` otherwise: nothing is no duration, and who wants no limit says so in another way.
 */
export function parseDuration(value: number | string, what: string): number {
  const ms = typeof value === 'number' ? value : readText(value);
  if (ms === undefined || !Number.isFinite(ms)) {
    throw new ConfigError(`${what}: expected a duration such as 5s, 250ms or 5000 (ms), got something else`);
  }
  if (ms <= 0 || ms > longestMs) {
    const got = ms > longestMs ? 'more' : ms === 0 ? '0' : 'less than 0';
    throw new ConfigError(`${what}: expected a duration above 0 and up to ${longestMs} ms, got ${got}`);
  }
  return Math.max(1, Math.round(ms));
}

function readText(text: string): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,16}(?:\.\d{1,9})?)([a-z]*)$/.exec(text) ?? [];
  const scale = units.get(unit);
  return digits === undefined || scale === undefined ? undefined : Number(digits) * scale;
}
