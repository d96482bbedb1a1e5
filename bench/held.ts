/** Conversations that the client keeps open, and silent. */
import type { Socket } from 'node:net';
import { converse } from './conversation.js';
import type { Asks, Census } from './orders.js';

const into = new Uint8Array(1024);
const held = new Set<Socket>();
let lost: string | undefined;
let releasing: (() => void) | undefined;

/** Opens them. What goes wrong ends the opening, and is told by every census from then on. */
export function hold({ entry, count, ramp, withinMs }: Asks<'hold'>): Promise<Census> {
  return new Promise((settle) => {
    const opening = new Set<Socket>();
    let toOpen = count;
    const deadline = setTimeout(() => {
      for (const socket of opening) socket.destroy(new Error(`hold: expected a byte within ${withinMs} ms`));
    }, withinMs);
    const next = (): void => {
      while (toOpen > 0 && opening.size < ramp && lost === undefined) openOne();
      if (opening.size > 0) return;
      clearTimeout(deadline);
      settle(census());
    };
    const openOne = (): void => {
      toOpen -= 1;
      const socket = converse(entry, 'hold', {
        into,
        asked() {},
        received() {
          opening.delete(socket);
          held.add(socket);
          next();
        },
        closed(fault) {
          if (releasing === undefined) lost ??= fault ?? 'hold: expected silence, got the end';
          if (held.delete(socket) && held.size === 0) releasing?.();
          if (opening.delete(socket)) next();
        },
      });
      opening.add(socket);
    };
    next();
  });
}

export function census(): Census {
  return lost === undefined ? { held: held.size } : { held: held.size, lost };
}

/** Ends them all as an application does that has what it wanted: with its own end, not with a reset. */
export async function release(): Promise<Census> {
  const ended = new Promise<void>((resolve) => (releasing = resolve));
  for (const socket of held) socket.end();
  if (held.size > 0) await ended;
  return census();
}
