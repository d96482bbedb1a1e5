/** How many processes a half is. */
import { availableParallelism } from 'node:os';
import { ConfigError } from '../errors.js';

export interface WorkersFlags {
  readonly workers?: string;
}

/** More than any machine has cores; each of them takes memory. */
const most = 256;

/**
 * The number of workers in `text`: `auto` is as many as this machine can run at once, nothing is one. ConfigError for
 * anything else.
 */
export function readWorkers(text: string | undefined): number {
  if (text === undefined) return 1;
  if (text === 'auto') return Math.min(availableParallelism(), most);
  const workers = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (workers >= 1 && workers <= most) return workers;
  throw new ConfigError(`workers: expected auto or a number from 1 to ${most}, got ${JSON.stringify(text)}`);
}
