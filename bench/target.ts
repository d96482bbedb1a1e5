/**
 * The target: a process of its own that obeys one request line per connection.
 *
 *     download N\n  sends N bytes, then the end
 *     upload N\n    swallows N bytes, answers one byte, then the end
 *     hold\n        answers one byte, then stays silent until the client leaves
 *
 * Datagrams on the same port are counted, or sent as they are asked for (datagram-wire.ts).
 *
 * Not HTTP: its headers and parser would be measured too. Prints its port; ends when its standard input does.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { listenForDatagrams } from './datagram-target.js';
import type { Direction, Listening } from './orders.js';
import { block, pour } from './pour.js';

const acknowledgement = Uint8Array.of(0x2b);
const longestRequest = 32;

/** `early` is how many bytes came behind the request line in the same piece. */
type Verb = (socket: Socket, count: number, early: number) => void;

const verbs: Readonly<Record<Direction | 'hold', Verb>> = {
  download(socket, count) {
    // A short answer and the end behind it in one go: nothing that a conversation needs is to cost more than it must.
    if (count <= block.length) {
      socket.end(block.subarray(0, count));
      return;
    }
    pour(socket, count).then(
      () => socket.end(),
      () => socket.destroy(),
    );
  },
  upload(socket, count, early) {
    let missing = count - early;
    const finish = (): void => {
      if (missing === 0) socket.end(acknowledgement);
      else if (missing < 0) socket.resetAndDestroy();
    };
    socket.on('data', (piece) => {
      missing -= piece.length;
      finish();
    });
    finish();
  },
  hold(socket) {
    socket.write(acknowledgement);
    socket.resume();
  },
};

function isVerb(word: string | undefined): word is keyof typeof verbs {
  return word !== undefined && Object.hasOwn(verbs, word);
}

const server = createServer({ noDelay: true }, (socket) => {
  let line = Buffer.alloc(0);
  const read = (piece: Buffer): void => {
    line = Buffer.concat([line, piece]);
    const end = line.indexOf('\n');
    if (end < 0 && line.length < longestRequest) return;
    socket.off('data', read);
    const [verb, count] = line.toString('latin1', 0, end).split(' ');
    if (isVerb(verb)) verbs[verb](socket, Number(count), line.length - end - 1);
    else socket.destroy();
  };
  socket.on('data', read);
  // A client that resets is the client's affair: it reports what it saw.
  socket.on('error', () => socket.destroy());
});

server.listen({ host: '0.0.0.0', port: 0, backlog: 1024 }, () => {
  const listening: Listening = { port: (server.address() as AddressInfo).port };
  listenForDatagrams(listening.port);
  console.log(JSON.stringify(listening));
});
process.stdin.on('end', () => process.exit()).resume();
