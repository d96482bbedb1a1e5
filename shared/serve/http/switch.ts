import type { PushDuplex } from '../../net/duplex.js';
import { limitIdle, relay } from '../../net/relay.js';
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
  limitIdle([near, far], idleMs);
  await new Promise((over) => {
    relay(near, far, over);
  });
}
