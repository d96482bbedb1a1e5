import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';

// Built once: making bytes must cost the measured seconds nothing. With 1 MiB per write the loop itself is free.
export const block: Uint8Array = randomBytes(1_048_576);

/** Writes `count` bytes as fast as `socket` drains; settles when the last is handed over, rejects when it breaks. */
export async function pour(socket: Socket, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const piece = block.subarray(0, Math.min(left, block.length));
    left -= piece.length;
    if (!socket.write(piece) && left > 0) await once(socket, 'drain');
  }
}
