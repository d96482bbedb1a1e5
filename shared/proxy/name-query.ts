/** A question to a name server over TCP (RFC 1035 §4, RFC 7766 §8), to see whether it can be reached. */
import { type Handshake, read, write } from './handshake.js';

/**
 *     +--------+----+-------+-------------------+------+------+-------+
 *     | LENGTH | ID | FLAGS | 1 question, 0 … 0 | NAME | TYPE | CLASS |
 *     |   2    | 2  |   2   |         8         |  1   |  2   |   2   |
 *     +--------+----+-------+-------------------+------+------+-------+
 *                     0x0100                      root   NS     IN
 *
 * The name servers of the root: every resolver knows them, and the question tells nothing of whoever asks.
 */
function question(id: Uint8Array): Uint8Array {
  const [high = 0, low = 0] = id;
  return Uint8Array.of(0, 17, high, low, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1);
}

/**
 * Asks, and returns when the first byte has come back, whatever it is: it is not the answer that is wanted, but a sign that
 * somebody was reached. `id` is two bytes.
 */
export function* askForRoot(id: Uint8Array): Handshake<void> {
  yield* write(question(id));
  yield* read(1);
}
