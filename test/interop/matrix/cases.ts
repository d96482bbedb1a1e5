import type { Case } from './case.js';
import { clockCases } from './clocks.js';
import { datagramCases } from './datagrams.js';
import { intruderCases } from './intruders.js';
import type { Cast } from './stage.js';
import { streamCases } from './streams.js';

/** Whether it makes sense for them. */
export function fits({ datagrams, fits: also = () => true }: Case, cast: Cast): boolean {
  return !(datagrams === true && cast.peer[cast.side]?.streamsOnly === true) && also(cast);
}

/** All that is seen of any two, in the order of the table. */
export const cases: readonly Case[] = [...streamCases, ...datagramCases, ...intruderCases, ...clockCases];
