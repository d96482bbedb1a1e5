import type { Writable } from 'node:stream';

/** Sockets that wait since before the last look at what has come, and those that do since after it. */
let due: Writable[] = [];
let gathering: Writable[] = [];

/**
 * Keeps what is written to `socket` back until the loop has looked once at what has come to all sockets, so that an
 * answer and the end that is right behind it leave in one write. On a machine that has nothing else to do that takes
 * some microseconds; on a busy one a write saved is a tenth of what a short conversation costs.
 */
export function gatherForTurn(socket: Writable): void {
  socket.cork();
  if (due.length + gathering.length === 0) setImmediate(turn);
  gathering.push(socket);
}

/** Immediates run right after a look. Who began to gather before the last one has seen a whole turn. */
function turn(): void {
  const gathered = due;
  due = gathering;
  gathering = [];
  for (const socket of gathered) socket.uncork();
  if (due.length > 0) setImmediate(turn);
}
