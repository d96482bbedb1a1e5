import { readU16 } from '../bytes.js';
import type { Environment } from '../environment.js';

/** A number in 0..count−1, as even as 32 bits make it. */
export function draw(count: number, env: Environment): number {
  const random = env.randomBytes(4);
  const fraction = (readU16(random, 0) * 0x10000 + readU16(random, 2)) / 0x1_0000_0000;
  return Math.floor(fraction * count);
}
