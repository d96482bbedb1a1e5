import { libev } from './libev.js';
import type { Implementation } from './peer.js';

/** All that is tried, in the order of the table. */
export const implementations: readonly Implementation[] = [libev];
