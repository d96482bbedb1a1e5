import { concat } from '../bytes.js';
import { unspecifiedTarget } from '../codec/address.js';
import { ProtocolError, type Refusal } from '../errors.js';
import type { Handshake } from './handshake.js';
import { longestHead, readLine, readRest } from './http-lines.js';
import { refusalErrors } from './http-refusal.js';
import type { FarReply } from './request.js';

/** Switching Protocols (RFC 9110 §15.2.2). */
const switching = 101;

/** The answer to a CONNECT whose target was reached. */
export const httpGranted: Uint8Array = new TextEncoder().encode(
  'HTTP/1.1 200 Connection established\r\n\r\n',
);

/**
 * The client's side of the answer to a CONNECT: its head, which tells the outcome. What follows is for the client
 * alone. Only what a log wants to know is looked at: the status and, in a refusal, the word of `Proxy-Status`.
 * @throws ProtocolError when it is no HTTP answer.
 */
export function* readHttpReply(): Handshake<FarReply> {
  const head = yield* readHead();
  return { refusal: refusalIn(head), bound: unspecifiedTarget, bytes: head.bytes };
}

/** What a proxy says to a CONNECT. */
export interface ConnectReply {
  readonly status: number;
  /** Undefined: granted, and what follows the head is the target's. */
  readonly refusal: Refusal | undefined;
}

/**
 * Interim answers before the real one. With it they are no more than what a driver reads ahead, 64 KiB: it never has to
 * keep back what is waited for here.
 */
const mostInterim = 3;

/**
 * The same for whoever asked in words of his own: the first answer that is not interim (RFC 9110 §15.2). One that grants
 * has no body, whatever its fields say of a length (§9.3.6).
 * @throws ProtocolError when it is no HTTP answer, has a head of more than 16 KiB, or never comes to the point.
 */
export function* readConnectReply(): Handshake<ConnectReply> {
  for (let interim = 0; interim <= mostInterim; interim++) {
    const head = yield* readHead();
    const { status, whole } = head;
    if (!whole) {
      throw new ProtocolError(`HTTP reply: expected a head of at most ${longestHead} bytes, got more`);
    }
    // No interim answer, though its number is of their kind: what follows would be in another protocol.
    if (status === switching) throw new ProtocolError('HTTP reply: expected that of a CONNECT, got 101');
    if (status >= 200) return { status, refusal: refusalIn(head) };
  }
  throw new ProtocolError(`HTTP reply: expected at most ${mostInterim} interim answers, got more`);
}

interface ReplyHead {
  readonly status: number;
  readonly lines: readonly string[];
  readonly bytes: Uint8Array;
  readonly whole: boolean;
}

function* readHead(): Handshake<ReplyHead> {
  const first = yield* readLine();
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)[ \r\n]/.exec(String.fromCharCode(...first))?.[1];
  if (status === undefined) {
    throw new ProtocolError('HTTP reply: expected a status line, got something else');
  }
  const { lines, bytes, whole } = yield* readRest(first);
  return { status: Number(status), lines, bytes: concat([first, bytes]), whole };
}

/** What a status means where no word says more. */
const refusalsByStatus: ReadonlyMap<number, Refusal> = new Map<number, Refusal>([
  [403, 'not-allowed'],
  [407, 'not-allowed'],
  [504, 'timed-out'],
]);

function refusalIn({ status, lines }: ReplyHead): Refusal | undefined {
  if (status >= 200 && status < 300) return undefined;
  const words = lines.map((line) => /^proxy-status:.*[; ]error=([a-z_]+)/i.exec(line)?.[1]);
  const known = words.map((word) => refusalErrors.get(word)).find((refusal) => refusal !== undefined);
  return known ?? refusalsByStatus.get(status) ?? 'general-failure';
}
