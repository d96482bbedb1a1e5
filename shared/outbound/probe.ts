/** A round trip through a server to see whether it works, for those that show their key to nobody but its owner. */
import type { Target } from '../codec/address.js';
import { HandshakeDriver } from '../net/drive.js';
import { dismiss } from '../net/relay.js';
import { askForRoot } from '../proxy/name-query.js';
import { FarFailure } from './outbound.js';
import type { Tunnel } from './reach.js';
import { shadowsocksDialer } from './tunnel.js';

/**
 * Asks the name server `target` something, over the standard wire through the server: bytes from a target are the
 * one thing by which such a server proves its key, and any will do. Settles when the first has come. Rejects with a FarFailure whose
 * cause says what was wrong.
 */
export async function probeThrough(tunnel: Tunnel, target: Target, signal: AbortSignal): Promise<void> {
  const { stream } = await shadowsocksDialer(tunnel)(target, { signal });
  const driver = new HandshakeDriver(stream);
  const id = tunnel.environment.randomBytes(2);
  try {
    await driver.run(askForRoot(id), tunnel.timeouts.replyMs, { signal });
    dismiss(stream);
  } catch (error) {
    stream.abort();
    throw new FarFailure(tunnel.remote, error);
  }
}
