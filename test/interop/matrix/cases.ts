import type { Case } from './case.js';
import { clockCases } from './clocks.js';
import { datagramCases } from './datagrams.js';
import { intruderCases } from './intruders.js';
import { streamCases } from './streams.js';

/** All that is seen of any two, in the order of the table. */
export const cases: readonly Case[] = [...streamCases, ...datagramCases, ...intruderCases, ...clockCases];
