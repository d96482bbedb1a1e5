/** UDP ASSOCIATE as an application asks for it (RFC 1928 §4, §7). */
import { concat } from '../../shared/bytes.js';
import { encodeTarget, type Target } from '../../shared/codec/address.js';
import { connect, type Peer } from './peer.js';
import { socksDatagram, unspecified } from './relay.js';
import { readReply, type SocksReply } from './tunnel.js';
import { type UdpPeer, udpPeer } from './udp.js';

/** Asks the SOCKS5 port for an association; the connection has to stay open for as long as it is wanted. */
export async function askAssociation(
  port: number,
  announced: Target = unspecified,
): Promise<{ readonly control: Peer; readonly reply: SocksReply }> {
  const control = await connect(port);
  void control.send(Uint8Array.of(5, 1, 0));
  const method = await control.read(2);
  if (method.toString('hex') !== '0500') throw new Error(`method reply: got ${method.toString('hex')}`);
  void control.send(concat([Uint8Array.of(5, 3, 0), encodeTarget(announced)]));
  return { control, reply: await readReply(control) };
}

/** An application with an association. */
export interface UdpClient {
  readonly control: Peer;
  readonly socket: UdpPeer;
  /** Where it sends its datagrams. */
  readonly relay: Target;
  send(target: Target, payload: Uint8Array | string): Promise<void>;
}

/** An application whose association was granted. */
export async function udpClient(port: number): Promise<UdpClient> {
  const { control, reply } = await askAssociation(port);
  if (reply.code !== 0) throw new Error(`SOCKS5 reply: expected 0, got ${reply.code}`);
  const socket = await udpPeer();
  const relay = reply.bound;
  return {
    control,
    socket,
    relay,
    send: (target, payload) => socket.say(socksDatagram(target, payload), relay),
  };
}
