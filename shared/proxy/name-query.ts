/** A question to a name server over TCP (RFC 1035 §4, RFC 7766 §8), to see whether it can be reached. */
import { ProtocolError } from '../errors.js';
import { type Handshake, read, write } from './handshake.js';

/** Length of an answer's header. */
const headLength = 12;
const isAnswer = 0x80;

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
 * Asks, and returns when any answer has come, a refusal too: whoever gives one is there. `id` is two bytes.
 * @throws ProtocolError for what is no answer to it.
 */
export function* askForRoot(id: Uint8Array): Handshake<void> {
  yield* write(question(id));
  const head = yield* read(2 + headLength);
  const [, , high, low, flags = 0] = head;
  if (high !== id[0] || low !== id[1] || (flags & isAnswer) === 0) {
    throw new ProtocolError('name server: expected an answer to our question, got something else');
  }
}
