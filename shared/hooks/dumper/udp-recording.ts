/** A conversation over UDP as the packets that its datagrams were, or could have been. */
import type { Direction } from '../hook.js';
import type { ConversationEnds } from './ends.js';
import { type Course, udpLength, writeUdp } from './packets.js';
import {
  commentOption,
  inbound,
  outbound,
  packetBlockLength,
  packetOffset,
  writePacketFrame,
} from './pcapng.js';
import type { Recording } from './recording.js';
import type { Volume } from './volume.js';

/** What IPv4 can carry, bytes; only a filter could make more of it. */
const maxPayload = 65_507;

const frameFlags: Readonly<Record<Direction, number>> = { up: inbound, down: outbound };

export class UdpRecording implements Recording {
  readonly #volume: Volume;
  readonly #courses: Readonly<Record<Direction, Course>>;
  /** For the first packet. */
  #comment: Buffer | undefined;

  constructor(volume: Volume, { client, target }: ConversationEnds, headline: string) {
    this.#volume = volume;
    this.#courses = { up: { from: client, to: target }, down: { from: target, to: client } };
    this.#comment = commentOption(headline);
  }

  piece(direction: Direction, whole: Uint8Array, time: number): void {
    const bytes = whole.subarray(0, maxPayload);
    const course = this.#courses[direction];
    const frame = {
      time,
      length: udpLength(course, bytes.length),
      flags: frameFlags[direction],
      comment: this.#comment,
    };
    this.#comment = undefined;
    const room = this.#volume.room(packetBlockLength(frame));
    if (room === undefined) return;
    writeUdp({ bytes: room.bytes, words: room.words, at: room.at + packetOffset }, course, bytes);
    writePacketFrame(room.bytes, room.at, frame);
  }

  /** A datagram says nothing of an end. */
  ended(): void {
    return;
  }

  broken(): void {
    return;
  }

  finish(): void {
    this.#volume.finish();
  }
}
