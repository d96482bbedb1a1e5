import { connect, type Socket } from 'node:net';
import type { Entry } from './orders.js';

/** What a conversation tells its owner. */
export interface Ear {
  /** Reads land here; one buffer may serve many conversations, since nobody looks at the bytes. */
  readonly into: Uint8Array;
  /** The entry has accepted the connection. */
  accepted?(): void;
  /** The way to the target is open as far as the entry says, and the request line has been written. */
  asked(socket: Socket): void;
  /** `count` bytes came from the target. */
  received(count: number): void;
  /** Said once, last. `fault` is absent when the target's end came cleanly. */
  closed(fault?: string): void;
}

interface Step {
  readonly send: Uint8Array;
  /** True: granted. False: more bytes are needed. Throws at a refusal. */
  readonly granted: (reply: Uint8Array) => boolean;
}

/**
 * Opens a conversation with the target behind `entry` and sends it `request` (one line, see target.ts).
 *
 * SOCKS5 by hand (RFC 1928 §3, §4): method 0, CONNECT to 127.0.0.1, each reply awaited before the next step, as
 * curl does. Reads use `onread`, so that past 64 KiB a read needs no new memory.
 */
export function converse(entry: Entry, request: string, ear: Ear): Socket {
  const steps = entry.way === 'socks5' ? socks5Steps(entry.target) : [];
  let step = steps.shift();
  let reply: Uint8Array = new Uint8Array(0);
  let fault: string | undefined;
  let ended = false;

  const proceed = (): void => {
    if (step !== undefined) {
      socket.write(step.send);
    } else {
      socket.write(`${request}\n`);
      ear.asked(socket);
    }
  };
  const received = (count: number, into: Uint8Array): boolean => {
    if (step === undefined) {
      ear.received(count);
      return true;
    }
    reply = Buffer.concat([reply, into.subarray(0, count)]);
    try {
      if (!step.granted(reply)) return true;
      reply = new Uint8Array(0);
      step = steps.shift();
      proceed();
    } catch (error) {
      socket.destroy(error as Error);
    }
    return true;
  };

  const socket = connect({
    host: entry.way === 'straight' ? entry.host : '127.0.0.1',
    port: entry.port,
    noDelay: true,
    onread: { buffer: ear.into, callback: received },
  });
  socket.once('connect', () => {
    ear.accepted?.();
    proceed();
  });
  socket.once('end', () => (ended = true));
  socket.once('error', (error) => (fault = error.message));
  socket.once('close', () => {
    if (fault === undefined && !ended) fault = 'target: expected its end, got a close without one';
    if (fault === undefined && step !== undefined) fault = 'SOCKS: expected a reply, got the end';
    ear.closed(fault);
  });
  return socket;
}

function socks5Steps(target: number): Step[] {
  return [
    {
      send: Uint8Array.of(5, 1, 0),
      granted: (reply) => reply.length >= 2 && accepted('method', reply),
    },
    {
      send: Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, target >>> 8, target & 0xff),
      granted: (reply) => reply.length >= 2 && accepted('reply', reply) && reply.length >= replyLength(reply),
    },
  ];
}

/** The second byte of both replies is 0 when all is well: method 0, REP 00. */
function accepted(what: string, reply: Uint8Array): boolean {
  const [version, word] = reply;
  if (version === 5 && word === 0) return true;
  throw new Error(`SOCKS ${what}: expected 05 00, got ${Buffer.from(reply).toString('hex', 0, 2)}`);
}

/** VER REP RSV ATYP, then 4 or 16 bytes of bound address, then 2 of port. Infinite while ATYP is unknown. */
function replyLength(reply: Uint8Array): number {
  const address = reply[3] === 1 ? 4 : reply[3] === 4 ? 16 : Infinity;
  return 4 + address + 2;
}
