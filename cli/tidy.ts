/**
 * Gives memory back after a crowd. V8 collects when something new needs room, so a process that nobody asks for anything
 * keeps what ten thousand conversations have left behind, and the young generation it grew for them (32 MiB), for
 * as long as it is idle. Smaller generations would cost each short conversation a tenth of its CPU time instead.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** So many conversations begun or ended are a crowd. */
const crowd = 1_000;
/**
 * A heap up to this size is not worth tidying, bytes: short conversations alone make one of 50 MiB, however many they are,
 * and would cost half as much again for a while after each collection.
 */
const smallHeap = 64 * 1024 * 1024;
/** How often is looked whether the process is calm, ms; how much of that time it may work then, and how many may move. */
const lookMs = 1_000;
const calmPart = 0.1;
const calmMoves = 20;
/**
 * Which looks in a calm are followed by a collection. The first two free what is unused, and what that held on to. V8 gives
 * up the room for new objects only when hardly any have been made in the last 5 s.
 */
const collectAt: readonly number[] = [1, 2, 8];

/** A function that is told of each conversation begun or ended, and has the heap collected in the calm after many. */
export function tidyAfterCrowds(collect: () => void = collectAll): () => void {
  /** Since the last calm began, and up to the last look. */
  let moved = 0;
  let movedBefore = 0;
  let busyBefore = performance.eventLoopUtilization();
  let looking: NodeJS.Timeout | undefined;
  let looks = 0;
  const isCalm = (): boolean => {
    const { utilization } = performance.eventLoopUtilization(busyBefore);
    busyBefore = performance.eventLoopUtilization();
    const moves = moved - movedBefore;
    movedBefore = moved;
    return utilization <= calmPart && moves <= calmMoves;
  };
  const look = (): void => {
    if (!isCalm()) {
      if (moved >= crowd) looks = 0;
      return;
    }
    looks += 1;
    if (looks === 1) moved = movedBefore = 0;
    if (looks === 1 && getHeapStatistics().total_heap_size <= smallHeap) looks = Infinity;
    if (collectAt.includes(looks)) collect();
    busyBefore = performance.eventLoopUtilization();
    if (looks < (collectAt.at(-1) ?? 0)) return;
    clearInterval(looking);
    looking = undefined;
  };
  return () => {
    moved += 1;
    if (moved < crowd || looking !== undefined) return;
    looks = 0;
    isCalm();
    looking = setInterval(look, lookMs);
    looking.unref();
  };
}

/** Node has no door to the collector but this one: a context that is made while the flag is set has it. */
function collectAll(): void {
  setFlagsFromString('--expose-gc');
  const collector = runInNewContext('gc') as () => void;
  setFlagsFromString('--no-expose-gc');
  collector();
}
