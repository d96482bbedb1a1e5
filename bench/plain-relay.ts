/**
 * One half of a tunnel with nothing in it: relays each connection to the port of 127.0.0.1 given as argument, with
 * the tunnel's own sockets and relay. Prints its port; ends when its standard input does.
 */
import { listen } from '../shared/net/listen.js';
import type { Listening } from './orders.js';
import { relay } from '../shared/net/relay.js';
import { connectSocket } from '../shared/net/lending.js';
import { TcpStream } from '../shared/net/tcp.js';

const next = Number(process.argv[2]);

const listener = await listen(
  { host: '127.0.0.1', port: 0 },
  {
    accept(client) {
      const socket = connectSocket('127.0.0.1', next);
      const unreachable = (): void => {
        client.abort();
      };
      socket.once('error', unreachable);
      socket.once('connect', () => {
        socket.off('error', unreachable);
        relay(client, new TcpStream(socket), () => undefined);
      });
    },
    crowded(limit) {
      console.error(`plain relay: more than ${limit} connections`);
    },
  },
);
const listening: Listening = { port: listener.address.port };
console.log(JSON.stringify(listening));
process.stdin.on('end', () => process.exit()).resume();
