import { ProtocolError } from '../errors.js';
import type { Environment } from '../environment.js';
import { concat } from '../bytes.js';
import type { Opener, Sealer } from '../codec/stream.js';
import { free } from './spent.js';
import type { SystemSocket } from './sockets.js';
import type { PushStream, Sink } from './stream.js';
import type { TcpStream } from './tcp.js';
import { Padding, paddingOn, type Wire } from './wire.js';

export { paddingOn, type Wire } from './wire.js';

export interface SealedOptions {
  readonly wire: Wire;
  readonly environment: Environment;
  /** Plaintext that came with the opening, before this stream took over. Owned by the stream from now on. */
  readonly early?: Uint8Array;
  /** A request's header, for a client that says nothing: the far end cannot dial before it has come. */
  readonly header?: (out: Uint8Array[]) => void;
  /**
   * Takes the connection when both directions have ended with their marks, and what came behind the peer's. By default
   * the connection is closed.
   */
  readonly kept?: (rest: readonly Uint8Array[]) => void;
  /** It is not the first conversation of its connection. */
  readonly follows?: boolean;
  /** Told of the error of the connection itself. */
  readonly broken?: (error: Error) => void;
  /** Called instead of a reset when the peer's bytes make no sense, so that a remote can absorb the peer. */
  readonly tampered?: (tcp: TcpStream, error: Error) => void;
}

/**
 * The plaintext of one conversation inside a sealed TCP connection. Pieces it pushes are owned by the sink; pieces
 * written to it are only borrowed.
 */
export class SealedStream implements PushStream, Sink {
  readonly lends = false;
  readonly keeps = false;
  readonly #tcp: TcpStream;
  readonly #sealer: Sealer;
  readonly #opener: Opener;
  readonly #wire: Wire;
  readonly #environment: Environment;
  readonly #tampered: SealedOptions['tampered'];
  readonly #kept: SealedOptions['kept'];
  readonly #follows: boolean;
  readonly #broken: SealedOptions['broken'];
  readonly #heardBefore: number;
  #header: SealedOptions['header'];
  #sink: Sink | undefined;
  #front: Uint8Array | undefined;
  /** What stands before the peer's first word. */
  readonly #padding: Padding;
  #spoke = false;
  #sentEnd = false;
  #ended = false;
  /** Both directions have ended: the connection is somebody else's now. */
  #over = false;
  #failure: Error | undefined;
  #attached = false;
  /** The connection has been handed on to be absorbed, and is no longer ours. */
  #absorbed = false;
  #paused = false;

  constructor(tcp: TcpStream, ends: { sealer: Sealer; opener: Opener }, options: SealedOptions) {
    this.#tcp = tcp;
    this.#sealer = ends.sealer;
    this.#opener = ends.opener;
    this.#wire = options.wire;
    this.#environment = options.environment;
    this.#tampered = options.tampered;
    this.#kept = options.kept;
    this.#follows = options.follows ?? false;
    this.#broken = options.broken;
    this.#heardBefore = tcp.received;
    this.#header = options.header;
    this.#padding = new Padding(options.wire);
    if (options.early !== undefined && options.early.length > 0) {
      const early = this.#padding.strip([options.early]);
      if (early.length > 0) this.#front = concat(early);
    }
  }

  get system(): SystemSocket | undefined {
    return this.#over ? undefined : this.#tcp.system;
  }

  /** Whether the peer has said anything in this conversation. */
  get heard(): boolean {
    return this.#tcp.received > this.#heardBefore;
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#paused = false;
    const front = this.#front;
    this.#front = undefined;
    if (front !== undefined) sink.receive([front]);
    if (this.#sink !== sink) return;
    if (this.#failure !== undefined) sink.failed(this.#failure);
    else if (this.#ended) sink.ended();
    else this.#read();
  }

  giveBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#front = bytes;
  }

  pause(): void {
    if (this.#over) return;
    this.#paused = true;
    this.#tcp.pause();
  }

  resume(): void {
    if (this.#over) return;
    this.#paused = false;
    this.#tcp.resume();
  }

  write(pieces: readonly Uint8Array[]): boolean {
    // Somebody who is being absorbed hears nothing more, whatever comes from the target.
    if (this.#failure !== undefined || this.#over) return true;
    const sealed: Uint8Array[] = [];
    if (this.#spoke) {
      for (const piece of pieces) this.#sealer.seal(piece, sealed);
    } else {
      this.#spoke = true;
      this.#header = undefined;
      // One chunk for the padding and what follows it: the sizes of a handshake's messages must not show.
      this.#sealer.seal(concat([...paddingOn(this.#wire, this.#environment), ...pieces]), sealed);
    }
    return this.#tcp.spend(sealed);
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    const room = this.write(pieces);
    free(pieces);
    return room;
  }

  gather(): void {
    if (this.#wire === 'raw' && !this.#over) this.#tcp.gather();
  }

  end(): void {
    if (this.#sentEnd || this.#failure !== undefined) return;
    this.#sentEnd = true;
    if (this.#wire === 'raw') {
      const sealed: Uint8Array[] = [];
      if (!this.#spoke) this.#sealer.seal(concat(paddingOn(this.#wire, this.#environment)), sealed);
      this.#sealer.end(sealed);
      this.#spoke = true;
      this.#tcp.write(sealed);
      if (this.#ended) this.#finish([]);
    } else {
      this.speakUp();
      this.#tcp.end();
    }
  }

  /** Sends the header of a request whose client has not said anything yet. */
  speakUp(): void {
    const header = this.#header;
    if (this.#spoke || this.#failure !== undefined || header === undefined) return;
    this.#spoke = true;
    this.#header = undefined;
    const sealed: Uint8Array[] = [];
    header(sealed);
    this.#tcp.write(sealed);
  }

  /**
   * Without an end mark, a FIN is a truncation on the raw wire. The standard wire has none: there a length without
   * its payload is the one truncation that a careful client can recognise, and behind our FIN only a reset is left.
   */
  truncate(): void {
    if (this.#failure !== undefined || this.#over) return;
    this.#failure = new ProtocolError('stream: truncated by us', 'truncated');
    if (this.#wire === 'shadowsocks' && this.#sentEnd) {
      this.#tcp.truncate();
      return;
    }
    if (this.#wire === 'shadowsocks') {
      const sealed: Uint8Array[] = [];
      this.#sealer.cut(sealed);
      if (sealed.length > 0) this.#tcp.write(sealed);
    }
    this.#tcp.close();
  }

  abort(): void {
    if (this.#absorbed || this.#over) return;
    this.#failure ??= new ProtocolError('stream: reset by us');
    this.#tcp.abort();
  }

  // What the TCP connection says.

  receive(pieces: readonly Uint8Array[]): void {
    const opened: Uint8Array[] = [];
    const rest: Uint8Array[] = [];
    // Only a peer that has heard our end may begin anew behind its own.
    const goesOn = this.#sentEnd && this.#kept !== undefined;
    let error: Error | undefined;
    for (const piece of pieces) error ??= this.#open(piece, opened, rest);
    if (rest.length > 0 && !goesOn)
      error ??= new ProtocolError('carrier: expected nothing after the end mark, got bytes');
    const plain = this.#padding.gone ? opened : this.#padding.strip(opened);
    // What was authentic before the fault is the peer's own words and is passed on.
    if (plain.length > 0) this.#sink?.receive(plain);
    if (error !== undefined) this.#unreadable(error);
    else if (this.#opener.ended) this.#finished(rest);
  }

  ended(): void {
    // Behind its end mark a peer closes only when both have ended: otherwise it no longer listens.
    if (this.#ended && (this.#sentEnd || this.#wire === 'shadowsocks')) return;
    if (this.#wire === 'shadowsocks' && this.#opener.atBoundary) {
      this.#ended = true;
      this.#sink?.ended();
    } else {
      this.#break(new ProtocolError('stream: expected more, got the end of the connection', 'truncated'));
    }
  }

  failed(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#broken?.(error);
    // After both end marks nothing is left to lose.
    if (!(this.#ended && this.#sentEnd)) this.#sink?.failed(error);
  }

  writable(): void {
    this.#sink?.writable();
  }

  /** Goes on reading, unless the sink has paused the stream while it took the first bytes. */
  #read(): void {
    if (!this.#attached) {
      this.#attached = true;
      this.#tcp.attach(this);
      if (this.#paused) this.#tcp.pause();
    } else if (!this.#paused) this.#tcp.resume();
  }

  /** What stands behind an end mark goes to `rest` as it is. */
  #open(piece: Uint8Array, opened: Uint8Array[], rest: Uint8Array[]): Error | undefined {
    try {
      const consumed = this.#opener.open(piece, opened);
      if (consumed < piece.length) rest.push(piece.subarray(consumed));
      return undefined;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  #finished(rest: readonly Uint8Array[]): void {
    if (this.#ended) return;
    if (this.#follows && this.#padding.untouched) {
      this.#break(new ProtocolError('carrier: expected a conversation, got its end mark alone'));
      return;
    }
    this.#ended = true;
    this.#sink?.ended();
    if (this.#sentEnd) this.#finish(rest);
  }

  #finish(rest: readonly Uint8Array[]): void {
    if (this.#over || this.#failure !== undefined) return;
    this.#over = true;
    if (this.#kept === undefined) {
      this.#tcp.close();
      return;
    }
    this.#opener.next();
    this.#kept(rest);
  }

  /** What was opened is wrong, or cannot be opened: the one kind of fault that an impostor can bring about. */
  #unreadable(failure: Error): void {
    const tampered = this.#tampered;
    if (tampered === undefined || this.#failure !== undefined) this.#break(failure);
    else {
      this.#failure = failure;
      this.#absorbed = true;
      tampered(this.#tcp, failure);
      this.#sink?.failed(failure);
    }
  }

  #break(failure: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = failure;
    this.#tcp.abort();
    this.#sink?.failed(failure);
  }
}
