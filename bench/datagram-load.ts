/** The client of datagrams: as many as get through, with so many on their way at a time. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import { itself } from './datagram-target.js';
import { headerLength, kinds, message, stride } from './datagram-wire.js';
import type { Asks, DatagramTally, Entry, Gives } from './orders.js';

/** When nothing has come for so long, what was on its way is lost. */
const lostAfterMs = 100;
const receiveBuffer = 1 << 22;
/** RSV FRAG ATYP ADDR PORT, of an IPv4 address. */
const socksHeader = 10;

/** A way for datagrams to the target and back. */
interface Way {
  readonly socket: Socket;
  readonly host: string;
  readonly port: number;
  /** What goes before each datagram, both ways. */
  readonly header: Buffer;
  close(): void;
}

let runs = 0;

/** First up, then down, each for `ms`. Rejects when not one got through. */
export async function exchange({ entry, ms, ...each }: Asks<'datagrams'>): Promise<Gives<'datagrams'>> {
  const way = await openWay(entry);
  try {
    const up = await one(way, 'up', { ms, ...each });
    const down = await one(way, 'down', { ms, ...each });
    if (up.received === 0 || down.received === 0) throw new Error('datagrams: expected some, got none');
    return { seconds: (2 * ms) / 1000, up, down };
  } finally {
    way.close();
  }
}

interface Amounts {
  readonly ms: number;
  readonly length: number;
  readonly inFlight: number;
}

function one(
  { socket, host, port, header }: Way,
  direction: 'up' | 'down',
  { ms, length, inFlight }: Amounts,
): Promise<DatagramTally> {
  runs = (runs % 255) + 1;
  const run = runs;
  const send = (bytes: Buffer): void => {
    socket.send(bytes, port, host);
  };
  const framed = (kind: number, sizes: { readonly count?: number; readonly length?: number }): Buffer =>
    Buffer.concat([header, message(kind, run, sizes)]);
  const filler = framed(kinds.up, { length });
  const query = framed(kinds.query, {});
  let offered = 0;
  let received = 0;
  let lost = 0;

  const offer = (): void => {
    const most = received + lost + inFlight;
    if (direction === 'up') {
      for (; offered < most; offered += 1) send(filler);
    } else if (most - offered >= stride) {
      offered = most;
      const credit = framed(kinds.credit, { count: offered, length: headerLength + 2 });
      credit.writeUInt16BE(length, header.length + headerLength);
      send(credit);
    }
  };
  const stalled = (): void => {
    // The answer to the query says how many; of those that come down it is known.
    if (direction === 'up') send(query);
    lost = offered - received;
    offer();
  };

  return new Promise((resolve) => {
    const patience = setTimeout(stalled, lostAfterMs);
    const heard = (bytes: Buffer): void => {
      if (bytes[header.length + 1] !== run) return;
      const kind = bytes[header.length];
      if (kind === kinds.down) received += 1;
      else if (kind === kinds.counted) {
        received = Math.max(received, bytes.readUInt32BE(header.length + 2));
      }
      // What was thought to be lost may still come.
      lost = Math.min(lost, offered - received);
      patience.refresh();
      if (kind === kinds.counted || received % stride === 0) offer();
    };
    socket.on('message', heard);
    setTimeout(() => {
      clearTimeout(patience);
      socket.off('message', heard);
      resolve({ sent: received + lost, received });
    }, ms);
    offer();
  });
}

async function openWay(entry: Entry): Promise<Way> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: receiveBuffer, lookup: itself });
  // With such a `lookup` it listens before `bind` returns.
  const listening = once(socket, 'listening');
  socket.bind(0);
  await listening;
  if (entry.way === 'straight') {
    const { host, port } = entry;
    return { socket, host, port, header: Buffer.alloc(0), close: () => void socket.close() };
  }
  const control = connect({ host: '127.0.0.1', port: entry.port, noDelay: true });
  const reply = async (request: readonly number[]): Promise<Buffer> => {
    control.write(Uint8Array.from(request));
    const [bytes] = (await once(control, 'data')) as [Buffer];
    if (bytes[1] !== 0) throw new Error(`SOCKS: expected 0, got ${bytes[1] ?? 'nothing'}`);
    return bytes;
  };
  await reply([5, 1, 0]);
  // UDP ASSOCIATE (RFC 1928 §4); whoever answers short ones in pieces is not measured here.
  const bound = await reply([5, 3, 0, 1, 0, 0, 0, 0, 0, 0]);
  const { target } = entry;
  return {
    socket,
    host: '127.0.0.1',
    port: bound.readUInt16BE(bound.length - 2),
    header: Buffer.from([0, 0, 0, 1, 127, 0, 0, 1, target >>> 8, target & 0xff]).subarray(0, socksHeader),
    close() {
      socket.close();
      control.destroy();
    },
  };
}
