/**
 * A conversation as packets of the TCP connection that it could have been: the bytes are those that went on, in the order and at the time
 * that they did; what TCP adds to them is made up.
 */
import type { Direction } from '../hook.js';
import type { ConversationEnds } from './ends.js';
import { type Course, type Room, tcpFlags, tcpLength, writeTcp } from './packets.js';
import {
  commentOption,
  inbound,
  outbound,
  packetBlockLength,
  packetOffset,
  padded,
  writePacketFrame,
  writePacketHead,
  writePacketTail,
} from './pcapng.js';
import type { Beginning, Recording } from './recording.js';
import type { Volume } from './volume.js';

/** The payload of a segment, bytes; pieces that are longer have several. */
const maxPayload = 32 * 1024;

/** Longer ones are not copied, bytes. */
const leastApart = 4096;

const none = new Uint8Array(0);

/** One end: what it sends, and how far it has got. */
interface Side {
  readonly course: Course;
  readonly flags: number;
  /** The number of its next byte, not modulo anything. */
  next: number;
  ended: boolean;
}

export interface TcpRecordingOptions extends Beginning {
  readonly ends: ConversationEnds;
  /** The number of the SYN of each end. */
  readonly sequence?: number;
}

export class TcpRecording implements Recording {
  readonly #volume: Volume;
  readonly #sides: Readonly<Record<Direction, Side>>;

  constructor(volume: Volume, { ends, headline, opened, time, sequence = 0 }: TcpRecordingOptions) {
    const { client, target } = ends;
    this.#volume = volume;
    this.#sides = {
      up: { course: { from: client, to: target }, flags: inbound, next: sequence, ended: false },
      down: { course: { from: target, to: client }, flags: outbound, next: sequence, ended: false },
    };
    this.#send('up', { flags: tcpFlags.syn, time: opened, comment: headline });
    this.#send('down', { flags: tcpFlags.syn | tcpFlags.ack, time });
    this.#send('up', { flags: tcpFlags.ack, time });
  }

  piece(direction: Direction, bytes: Uint8Array, time: number): void {
    const segments = Math.ceil(bytes.length / (Math.min(maxPayload, this.#volume.largest) & ~3));
    const size = padded(Math.ceil(bytes.length / segments));
    for (let at = 0; at < bytes.length; at += size) {
      const last = at + size >= bytes.length;
      const flags = last ? tcpFlags.psh | tcpFlags.ack : tcpFlags.ack;
      this.#send(direction, { flags, time, payload: bytes.subarray(at, at + size) });
    }
    this.#acknowledge(direction, time);
  }

  ended(direction: Direction, time: number): void {
    const side = this.#sides[direction];
    if (side.ended) return;
    side.ended = true;
    this.#send(direction, { flags: tcpFlags.fin | tcpFlags.ack, time });
    this.#acknowledge(direction, time);
  }

  broken(direction: Direction, why: string, time: number): void {
    this.#send(direction, { flags: tcpFlags.rst | tcpFlags.ack, time, comment: why });
  }

  finish(): void {
    this.#volume.finish();
  }

  #acknowledge(direction: Direction, time: number): void {
    this.#send(direction === 'up' ? 'down' : 'up', { flags: tcpFlags.ack, time });
  }

  #send(
    direction: Direction,
    segment: {
      readonly flags: number;
      readonly time: number;
      readonly payload?: Uint8Array;
      readonly comment?: string;
    },
  ): void {
    const { flags, time, payload = none } = segment;
    const side = this.#sides[direction];
    const other = this.#sides[direction === 'up' ? 'down' : 'up'];
    const comment = segment.comment === undefined ? undefined : commentOption(segment.comment);
    const frame = { time, length: tcpLength(side.course, flags, payload.length), flags: side.flags, comment };
    // SYN and FIN have a number each, as bytes have.
    const sequence = side.next;
    side.next += payload.length + ((flags & (tcpFlags.syn | tcpFlags.fin)) === 0 ? 0 : 1);
    const acknowledged = (flags & tcpFlags.ack) === 0 ? 0 : other.next % 2 ** 32;
    const numbers = { sequence: sequence % 2 ** 32, acknowledged, flags };
    if (payload.length >= leastApart && payload.byteOffset % 4 === 0) {
      const whole = payload.subarray(0, payload.length & ~3);
      const before = packetOffset + frame.length - payload.length;
      const behind = packetBlockLength(frame) - before - whole.length;
      const rooms = this.#volume.around(whole, { before, behind });
      if (rooms === undefined) return;
      writePacketHead(rooms.before.bytes, rooms.before.at, frame);
      writeTcp(inner(rooms.before), side.course, numbers, { payload, apart: true });
      const { bytes, at } = rooms.behind;
      bytes.set(payload.subarray(whole.length), at);
      writePacketTail(bytes, at + payload.length - whole.length, frame);
      return;
    }
    const room = this.#volume.room(packetBlockLength(frame));
    if (room === undefined) return;
    writeTcp(inner(room), side.course, numbers, { payload, apart: false });
    writePacketFrame(room.bytes, room.at, frame);
  }
}

function inner({ bytes, words, at }: Room): Room {
  return { bytes, words, at: at + packetOffset };
}
