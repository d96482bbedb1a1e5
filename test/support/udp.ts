/** Datagrams for tests: a socket that keeps what it hears until the test asks for it. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';

/** A datagram, and who sent it. */
export interface Heard {
  readonly payload: Buffer;
  readonly from: Target;
}

/** One end of a talk in datagrams; closed when the test is over. */
export interface UdpPeer extends Target {
  readonly socket: Socket;
  /** Sends as it is. */
  say(payload: Uint8Array | string, to: Target): Promise<void>;
  /** The next datagram that nobody has taken yet. */
  next(): Promise<Heard>;
  /** How many there have been. */
  readonly count: number;
  close(): void;
}

/** A socket on a port of this host; `answer` is told of every datagram, and what it returns goes back at once. */
export async function udpPeer(
  options: {
    readonly host?: string;
    readonly port?: number;
    readonly answer?: (payload: Buffer, from: RemoteInfo) => Uint8Array | undefined;
  } = {},
): Promise<UdpPeer> {
  const { host = '127.0.0.1', port = 0, answer } = options;
  const type = host.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket({ type, recvBufferSize: 1 << 22 });
  const heard: Heard[] = [];
  const asking: ((heard: Heard) => void)[] = [];
  let count = 0;
  let open = true;
  socket.on('message', (payload, from) => {
    count += 1;
    const back = answer?.(payload, from);
    if (back !== undefined) socket.send(back, from.port, from.address);
    if (answer !== undefined) return;
    const one = { payload, from: { host: from.address, port: from.port } };
    const taker = asking.shift();
    if (taker === undefined) heard.push(one);
    else taker(one);
  });
  socket.bind(port, host);
  await once(socket, 'listening');
  const close = (): void => {
    if (open) socket.close();
    open = false;
  };
  onTestFinished(close);
  return {
    host,
    port: socket.address().port,
    socket,
    say(payload, to) {
      return new Promise((resolve, reject) => {
        socket.send(payload, to.port, to.host, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    },
    next() {
      const one = heard.shift();
      if (one !== undefined) return Promise.resolve(one);
      return new Promise((resolve) => asking.push(resolve));
    },
    get count() {
      return count;
    },
    close,
  };
}

/** A target that says back whatever it hears. */
export function udpEcho(host = '127.0.0.1'): Promise<UdpPeer> {
  return udpPeer({ host, answer: (payload) => payload });
}
