import type { PushDuplex } from '../../net/duplex.js';
import { relay } from '../../net/relay.js';
import { TcpStream } from '../../net/tcp.js';
import type { Upgraded } from './exchange.js';

/**
 * Lets client and target speak what they have agreed on (RFC 9110 §7.8), beginning with the head of the answer that
 * says so. Settles when both have ended, or one has broken off, or no byte has moved for `idleMs`.
 */
export async function switchOver(
  client: PushDuplex,
  { head, connection }: Upgraded,
  idleMs: number,
): Promise<void> {
  const [near, far] = [client.release(), connection.release()];
  near.write([Buffer.from(head, 'latin1')]);
  // One plain socket sees every byte of the conversation, so its idle time is the conversation's.
  for (const stream of [near, far]) {
    if (stream instanceof TcpStream) stream.limitIdle(idleMs);
  }
  await new Promise((over) => {
    relay(near, far, over);
  });
}
