/** Loopback connections with a push stream at the near end and a peer at the far end. */
import { once } from 'node:events';
import net from 'node:net';
import { onTestFinished } from 'vitest';
import { adoptSocket, connectSocket, relayedSocketOptions } from '../../shared/net/lending.js';
import { TcpStream } from '../../shared/net/tcp.js';
import { Peer } from './peer.js';

/** How the near end came to be, and so how it reads: `accepted` is what is left where a socket cannot be adopted. */
export type Kind = 'accepted' | 'adopted' | 'dialled';
export const kinds: readonly Kind[] = ['accepted', 'adopted', 'dialled'];

export interface Pair {
  readonly stream: TcpStream;
  /** The socket inside the stream. */
  readonly socket: net.Socket;
  readonly peer: Peer;
}

/** A connection of that kind, gone after the test. */
export async function tcpPair(kind: Kind, host = '127.0.0.1'): Promise<Pair> {
  const server = net.createServer({ ...relayedSocketOptions, pauseOnConnect: kind !== 'dialled' });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  const far = once(server, 'connection') as Promise<[net.Socket]>;
  const dialling =
    kind === 'dialled' ? connectSocket(host, port) : net.connect({ ...relayedSocketOptions, host, port });
  await once(dialling, 'connect');
  const [accepted] = await far;
  server.close();
  const near = kind === 'adopted' ? adoptSocket(accepted) : accepted;
  const [socket, other] = kind === 'dialled' ? [dialling, accepted] : [near, dialling];
  onTestFinished(() => {
    socket.destroy();
  });
  return { stream: new TcpStream(socket), socket, peer: new Peer(other) };
}
