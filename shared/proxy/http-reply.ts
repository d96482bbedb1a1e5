import { concat } from '../bytes.js';
import { unspecifiedTarget } from '../codec/address.js';
import { ProtocolError, type Refusal } from '../errors.js';
import type { Handshake } from './handshake.js';
import { readLine, readRest } from './http-lines.js';
import { refusalErrors } from './http-refusal.js';
import type { FarReply } from './request.js';

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
  const first = yield* readLine();
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)[ \r\n]/.exec(String.fromCharCode(...first))?.[1];
  if (status === undefined) {
    throw new ProtocolError('HTTP reply: expected a status line, got something else');
  }
  const { lines, bytes } = yield* readRest(first);
  return {
    refusal: status.startsWith('2') ? undefined : refusalIn(lines, status),
    bound: unspecifiedTarget,
    bytes: concat([first, bytes]),
  };
}

function refusalIn(lines: readonly string[], status: string): Refusal {
  const words = lines.map((line) => /^proxy-status:.*[; ]error=([a-z_]+)/i.exec(line)?.[1]);
  const known = words.map((word) => refusalErrors.get(word)).find((refusal) => refusal !== undefined);
  return known ?? (status === '407' ? 'not-allowed' : 'general-failure');
}
