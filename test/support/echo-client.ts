/** Clients of a proxy port that hold a connection to an echo. */
import { connect, type Peer } from './peer.js';
import type { TestTarget } from './targets.js';

/** One that has reached `target` (SOCKS4), and has heard from it. */
export async function echoClient(port: number, target: TestTarget): Promise<Peer> {
  const peer = await connect(port);
  void peer.send(Buffer.from([4, 1, target.port >> 8, target.port & 255, 127, 0, 0, 1, 0]));
  await peer.read(8);
  await echoes(peer);
  return peer;
}

/** Settles when what it says has come back. */
export async function echoes(peer: Peer): Promise<void> {
  void peer.send('hello');
  await peer.read(5);
}
