/** What the bench asks of its load generators, and what they answer: one JSON object per line, both ways. */

/** Which way the bytes go: a download is target → client. The word is also the verb of the target's request line. */
export type Direction = 'download' | 'upload';

/** Where a conversation enters: a SOCKS5 port that is told the target, or a port that leads to it anyway. */
export type Entry =
  | { readonly way: 'socks5'; readonly port: number; readonly target: number }
  | { readonly way: 'straight'; readonly host: string; readonly port: number };

interface Errand {
  readonly entry: Entry;
  readonly withinMs: number;
}

/** What the client can be told to do, and what it answers. Times are milliseconds, unless they say seconds. */
export interface Orders {
  readonly transfer: {
    /** `bytes` in all, in so many `flows` at the same moment. */
    readonly asks: Errand & {
      readonly direction: Direction;
      readonly bytes: number;
      readonly flows: number;
    };
    /** From the first dial to the last byte (upload: to the target's last word that it has them all). */
    readonly gives: { readonly seconds: number };
  };
  /** One conversation after another, each of which brings `bytes` from the target; `atOnce` at the same moment. */
  readonly converse: {
    readonly asks: Errand & {
      readonly count: number;
      readonly bytes: number;
      readonly atOnce: number;
      /** None begins later than this, so that there may be fewer. */
      readonly enoughMs?: number;
    };
    readonly gives: {
      /** From the first dial to the last end. */
      readonly seconds: number;
      /** From the dial to the end of one conversation: the median, and what one in a hundred exceeds. */
      readonly p50: number;
      readonly p99: number;
      readonly succeeded: number;
      readonly failed: number;
    };
  };
  /** `count` conversations of one byte each, with a pause between them. */
  readonly probe: {
    readonly asks: Errand & { readonly count: number; readonly pauseMs: number };
    /** Of each: until the entry had accepted, and until the byte was there. */
    readonly gives: { readonly accepted: readonly number[]; readonly firstByte: readonly number[] };
  };
  /** Opens `count` conversations, each proved by one byte from the target, `ramp` at a time, and keeps them. */
  readonly hold: {
    readonly asks: Errand & { readonly count: number; readonly ramp: number };
    readonly gives: Census;
  };
  /** As many datagrams of `length` as get through with so many in flight: for `ms` up, and then for as long down. */
  readonly datagrams: {
    readonly asks: Errand & { readonly length: number; readonly inFlight: number; readonly ms: number };
    readonly gives: {
      readonly seconds: number;
      readonly up: DatagramTally;
      readonly down: DatagramTally;
    };
  };
  /** How many of the held conversations are still open? */
  readonly census: { readonly asks: object; readonly gives: Census };
  /** Ends the held conversations. */
  readonly release: { readonly asks: object; readonly gives: Census };
  /** Does something accept connections there? */
  readonly knock: {
    readonly asks: { readonly host: string; readonly port: number };
    readonly gives: { readonly open: boolean };
  };
}

/** `held` conversations are open now; `lost` is the first thing that went wrong with one of the others. */
export interface Census {
  readonly held: number;
  readonly lost?: string;
}

/** `sent` are those that were received, or lost for certain. */
export interface DatagramTally {
  readonly sent: number;
  readonly received: number;
}

export type OrderName = keyof Orders;
export type Asks<Name extends OrderName> = Orders[Name]['asks'];
export type Gives<Name extends OrderName> = Orders[Name]['gives'];

/** A line to the client. */
export type Order = { readonly [Name in OrderName]: { readonly order: Name } & Asks<Name> }[OrderName];

/** A line from the client: what was asked for, or why there is none. */
export type Answer<Name extends OrderName> = Gives<Name> | { readonly fault: string };

/** The first line of the target and of the plain relay: the port they listen on. */
export interface Listening {
  readonly port: number;
}
