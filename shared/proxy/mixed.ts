/** One port for every protocol: the first byte of a client tells which one it speaks. */
import { ProtocolError } from '../errors.js';
import { type Handshake, peek } from './handshake.js';
import type { CredentialCheck, ReplyReader, SocksRequest } from './request.js';
import { acceptSocks4, readSocks4Reply } from './socks4.js';
import { acceptSocks5 } from './socks5.js';
import { methodAndReply } from './socks5-client.js';

/** A client that speaks none of our protocols. It was told nothing: whatever we said, it would not understand. */
export class ForeignGreeting extends ProtocolError {
  readonly firstByte: number;

  constructor(firstByte: number) {
    super(`first byte: expected that of SOCKS4, SOCKS5 or HTTP, got ${firstByte}`);
    this.firstByte = firstByte;
  }
}

/** How the answer to words that were passed on is read, in the protocol that they were spoken in. */
export const replyReaders: Readonly<Record<SocksRequest['protocol'], ReplyReader>> = {
  SOCKS4: readSocks4Reply,
  SOCKS5: methodAndReply,
};

/**
 * Reads a SOCKS request of either version and returns it, not yet answered; or `http`, with nothing taken, when the
 * client begins like a method of HTTP. With a `check` only clients that it knows come in.
 * @throws ForeignGreeting for anything else, and what `acceptSocks4` and `acceptSocks5` throw.
 */
export function* acceptSocks(check?: CredentialCheck): Handshake<SocksRequest | 'http'> {
  const [first = 0] = yield* peek(1);
  if (first === 0x05) return yield* acceptSocks5(check);
  if (first === 0x04) return yield* acceptSocks4(check === undefined ? {} : { closed: true });
  // Every method of HTTP that anybody has registered begins with a capital letter (RFC 9110 §16.1).
  if (first >= 0x41 && first <= 0x5a) return 'http';
  throw new ForeignGreeting(first);
}
