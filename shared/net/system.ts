import { randomFillSync } from 'node:crypto';
import type { Environment } from '../environment.js';

/** One system call's worth of dice serves about 100 salts. */
const poolSize = 4096;
let pool = new Uint8Array(0);
let used = 0;

/** The real clock and the kernel's random numbers. */
export const systemEnvironment: Environment = {
  now: () => Date.now(),
  randomBytes(length) {
    if (length > poolSize / 4) return randomFillSync(new Uint8Array(length));
    if (used + length > pool.length) {
      pool = randomFillSync(new Uint8Array(poolSize));
      used = 0;
    }
    const bytes = pool.slice(used, used + length);
    // What has been handed out must not lie about for a second reader.
    pool.fill(0, used, used + length);
    used += length;
    return bytes;
  },
};
