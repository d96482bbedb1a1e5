import type { Target } from '../codec/address.js';
import { ProtocolError, type Refusal } from '../errors.js';
import type { Handshake } from './handshake.js';

/** What a SOCKS client may ask for: a connection to a target, one from it, or a relay of datagrams. */
export type Command = 'connect' | 'bind' | 'associate';

/** The protocols of the one port, as words of the log. */
export type Protocol = 'SOCKS4' | 'SOCKS5' | 'HTTP';

/** What a client asked for; answer it exactly once, with `granted` or `refused`. */
export interface SocksRequest {
  readonly protocol: 'SOCKS4' | 'SOCKS5';
  readonly command: Command;
  /**
   * An IP literal as canonical text, or a name that is plain enough to look up. To `bind` it is the host that will
   * connect, to `associate` the address the client sends from: of those two the port may be 0.
   */
  readonly target: Target;
  /** All that the client said, word for word, so that it can be passed on. */
  readonly words: Uint8Array;
  /** The reply to a target that was reached; `bound` is the near end of the connection to it. Of a binding there are
   * two: the first with the address it listens on, the second with the address that came. */
  readonly granted: (bound: Target) => Uint8Array;
  /** The reply to a target that was not. The conversation ends after it. */
  readonly refused: (reason: Refusal) => Uint8Array;
}

/** A proxy's answer to a request, on the client's side. */
export interface FarReply {
  /** Undefined: granted. */
  readonly refusal: Refusal | undefined;
  readonly bound: Target;
  /** The reply as the proxy sent it, so that it can be passed on word for word. */
  readonly bytes: Uint8Array;
}

/** The client's side of the answer to words that were passed on. Throws ProtocolError when it is not one. */
export type ReplyReader = () => Handshake<FarReply>;

/** Whether these are the credentials of somebody. It takes the same time for every answer. */
export type CredentialCheck = (user: Uint8Array, password: Uint8Array) => boolean;

/**
 * A client that may not come in: its credentials are wrong, or it has none. Nothing was written: `reply` is what it is
 * to be told, after a pause that is the same for all.
 */
export class DeniedError extends ProtocolError {
  readonly protocol: Protocol;
  readonly reply: Uint8Array;

  constructor(protocol: Protocol, reply: Uint8Array) {
    super(`${protocol} credentials: expected those of a user, got others`, 'denied');
    this.protocol = protocol;
    this.reply = reply;
  }
}
