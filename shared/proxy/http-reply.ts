import { concat } from '../bytes.js';
import { ProtocolError, type Refusal } from '../errors.js';
import { type Handshake, readUntil } from './handshake.js';
import { refusalErrors } from './http-refusal.js';
import type { FarReply } from './request.js';

const lineFeed = 0x0a;
/** The longest head of an answer, bytes. */
const longestHead = 16 * 1024;

/**
 * The client's side of the answer to a CONNECT: its head, which tells the outcome. What follows is for the client
 * alone. Only what a log wants to know is looked at: the status and, in a refusal, the word of `Proxy-Status`.
 * @throws ProtocolError when it is no HTTP answer.
 */
export function* readHttpReply(): Handshake<FarReply> {
  const lines = [yield* readUntil(lineFeed, longestHead)];
  const status = /^HTTP\/1\.[01] ([1-5]\d\d)[ \r\n]/.exec(textOf(lines[0]))?.[1];
  if (status === undefined) {
    throw new ProtocolError('HTTP reply: expected a status line, got something else');
  }
  let refusal: Refusal = status === '407' ? 'not-allowed' : 'general-failure';
  for (let room = longestHead; room > 0;) {
    const line = yield* readUntil(lineFeed, room);
    lines.push(line);
    room -= line.length;
    const text = textOf(line);
    const word = /^proxy-status:.*[; ]error=([a-z_]+)/i.exec(text)?.[1];
    refusal = refusalErrors.get(word) ?? refusal;
    if (text.trim() === '') break;
  }
  const bytes = concat(lines);
  return {
    refusal: status.startsWith('2') ? undefined : refusal,
    bound: { host: '0.0.0.0', port: 0 },
    bytes,
  };
}

function textOf(line: Uint8Array | undefined): string {
  return String.fromCharCode(...(line ?? []));
}
