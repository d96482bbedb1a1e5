/** What is written down of a conversation, in whatever form. */
import type { Direction } from '../hook.js';

/** Times are in microseconds since 1970. */
export interface Recording {
  /** Bytes that went on in one piece; of UDP a datagram. Nobody changes them any more. */
  piece(direction: Direction, bytes: Uint8Array, time: number): void;
  /** A direction has ended. */
  ended(direction: Direction, time: number): void;
  /** It broke, at the end that sends this direction; `why` in one line. */
  broken(direction: Direction, why: string, time: number): void;
  /** Nothing more will come. */
  finish(): void;
}

/** How a recording begins. */
export interface Beginning {
  /** What is known of the conversation, in one line. */
  readonly headline: string;
  /** When the client came, and when it was let in. */
  readonly opened: number;
  readonly time: number;
}
