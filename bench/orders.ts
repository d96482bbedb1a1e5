/** What the bench asks of its two load generators, and what they answer: one JSON object per line, both ways. */

/** Which way the bytes go: a download is target → client. The word is also the verb of the target's request line. */
export type Direction = 'download' | 'upload';

/** Where a conversation enters: a SOCKS5 port that is told the target, or a port that leads to it anyway. */
export type Entry =
  | { readonly way: 'socks5'; readonly port: number; readonly target: number }
  | { readonly way: 'straight'; readonly port: number };

/** What the client process can be told to do. Times are milliseconds. */
export type Order =
  | {
      readonly order: 'transfer';
      readonly entry: Entry;
      readonly direction: Direction;
      readonly bytes: number;
      readonly withinMs: number;
    }
  /** One conversation after another, each of which brings `bytes` from the target. */
  | {
      readonly order: 'converse';
      readonly entry: Entry;
      readonly count: number;
      readonly bytes: number;
      /** How many run at the same moment. */
      readonly atOnce: number;
      readonly withinMs: number;
    }
  | {
      readonly order: 'hold';
      readonly entry: Entry;
      readonly count: number;
      /** How many may be opening at the same moment. */
      readonly ramp: number;
      readonly withinMs: number;
    }
  /** How many of the held conversations are still open? */
  | { readonly order: 'census' };

/**
 * `seconds` from the dial to the last byte (upload: to the target's word that it has them all); of many conversations,
 * from the first dial to the last end.
 */
export type TransferAnswer = { readonly seconds: number } | { readonly fault: string };

/** `held` conversations are open now; `fault` is the first thing that went wrong with one of the others. */
export interface HoldAnswer {
  readonly held: number;
  readonly fault?: string;
}

/** The first line of the target and of the plain relay: the port they listen on. */
export interface Listening {
  readonly port: number;
}
