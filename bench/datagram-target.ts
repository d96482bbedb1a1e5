/** The target of datagrams: counts what comes, and sends as many as it is asked for. */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { headerLength, kinds, message, stride } from './datagram-wire.js';

const receiveBuffer = 1 << 22;

/** Listens for datagrams on that port of every address. */
export function listenForDatagrams(port: number): Socket {
  // An address is one: without this Node would ask getaddrinfo about it for each datagram.
  const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBuffer, lookup: itself });
  let run = 0;
  let counted = 0;
  let sent = 0;

  /** A run is one direction of one measurement; there is one at a time. */
  const begin = (next: number): void => {
    if (next === run) return;
    run = next;
    counted = 0;
    sent = 0;
  };
  const answers: Readonly<Record<number, (bytes: Buffer, from: RemoteInfo) => void>> = {
    [kinds.up](_, from) {
      counted += 1;
      if (counted % stride === 0) tell(from);
    },
    [kinds.query]: (_, from) => {
      tell(from);
    },
    [kinds.credit](bytes, from) {
      const datagram = message(kinds.down, run, { length: bytes.readUInt16BE(headerLength) });
      for (const granted = bytes.readUInt32BE(2); sent < granted; sent += 1) {
        socket.send(datagram, from.port, from.address);
      }
    },
  };
  const tell = (from: RemoteInfo): void => {
    socket.send(message(kinds.counted, run, { count: counted }), from.port, from.address);
  };
  socket.on('message', (bytes, from) => {
    const [kind = 0, of = 0] = bytes;
    begin(of);
    answers[kind]?.(bytes, from);
  });
  // Not before the caller can listen for that.
  setImmediate(() => socket.bind(port));
  return socket;
}

export function itself(
  ip: string,
  _family: unknown,
  found: (error: Error | null, address: string, family: number) => void,
): void {
  found(null, ip, 4);
}
