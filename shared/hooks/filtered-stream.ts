import { lengthOf } from '../bytes.js';
import { ProtocolError } from '../errors.js';
import type { SystemSocket } from '../net/sockets.js';
import { dismiss } from '../net/relay.js';
import { free } from '../net/spent.js';
import { deaf, type PushStream, type Sink } from '../net/stream.js';
import { Flow, type Outlet } from './flow.js';
import type { Direction } from './hook.js';
import type { HookLimits } from './limits.js';
import type { Piece } from './piece.js';
import type { Stage } from './stage.js';
import type { WrappedStream } from './streams.js';
import type { Traffic } from './traffic.js';

/** How long a client may go on talking to a target that has been told of an end, when nothing more comes down, ms. */
const lingerMs = 30_000;

/** The chains of filters of both directions. */
export type Chains = Readonly<Record<Direction, readonly Stage[]>>;

/**
 * A stream to a target whose bytes go through filters: those that are written on their way up, those that come on their way
 * down. Pieces it pushes are lent, and pieces written to it are only borrowed.
 */
export class FilteredStream implements WrappedStream, Sink {
  readonly lends = true;
  readonly keeps = false;
  readonly traffic: Traffic;
  readonly #far: PushStream;
  readonly #up: Flow;
  readonly #down: Flow;
  #sink: Sink = deaf;
  #front: Uint8Array | undefined;
  #attached = false;
  #paused = false;
  #farEnded = false;
  /** What the sink has heard as the last word, or will when there is one. */
  #end: 'clean' | Error | undefined;
  #clientEnded = false;
  #lingering: NodeJS.Timeout | undefined;
  #settled: (() => void) | undefined;

  constructor(
    far: PushStream,
    chains: Chains,
    around: { readonly traffic: Traffic; readonly limits: HookLimits },
  ) {
    const { traffic, limits } = around;
    this.#far = far;
    this.traffic = traffic;
    this.#up = new Flow(chains.up, this.#upward(), limits);
    this.#down = new Flow(chains.down, this.#downward(), limits);
  }

  get system(): SystemSocket | undefined {
    return this.#far.system;
  }

  get isOver(): boolean {
    return this.#up.isOver && this.#down.isOver;
  }

  lapse(): void {
    this.#up.lapse();
    this.#down.lapse();
  }

  break(reason: Error): void {
    if (this.isOver) return;
    this.traffic.broke('halflight', (direction) => this.#waiting(direction));
    this.#kill();
    this.#far.abort();
    this.#tellEnd(reason);
  }

  whenSettled(settled: () => void): void {
    if (this.#up.isOver) settled();
    else this.#settled = settled;
  }

  attach(sink: Sink): void {
    this.#sink = sink;
    this.#paused = false;
    const front = this.#front;
    this.#front = undefined;
    if (front !== undefined) sink.receive([front]);
    if (this.#sink !== sink) return;
    if (this.#end !== undefined) this.#tellEnd(this.#end);
    else this.#begin();
  }

  giveBack(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#front = bytes;
  }

  pause(): void {
    this.#paused = true;
    this.#far.pause();
  }

  resume(): void {
    this.#paused = false;
    this.traffic.emptied('down');
    this.#goOn();
  }

  limitIdle(ms: number): void {
    this.#far.limitIdle?.(ms);
  }

  write(pieces: readonly Uint8Array[]): boolean {
    return this.#take(pieces, false);
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    return this.#take(pieces, true);
  }

  gather(): void {
    this.#far.gather?.();
  }

  end(): void {
    this.#clientEnded = true;
    clearTimeout(this.#lingering);
    this.traffic.ended('client');
    this.#up.end();
  }

  truncate(): void {
    this.#kill();
    this.#far.truncate();
  }

  abort(): void {
    this.traffic.broke('client', (direction) => this.#waiting(direction));
    this.#kill();
    this.#far.abort();
  }

  // What the target says.

  receive(pieces: readonly Uint8Array[]): void {
    this.traffic.received('down', lengthOf(pieces));
    if (!this.#down.put(pieces, !this.#far.lends)) this.#far.pause();
  }

  ended(): void {
    this.#farEnded = true;
    this.traffic.ended('target');
    this.#down.end();
  }

  /** The client gets first what has come. */
  failed(error: Error): void {
    this.#farEnded = true;
    this.traffic.broke('target', (direction) => this.#waiting(direction));
    this.#up.kill();
    this.#settle();
    if (this.#down.isOver) this.#tellEnd(error);
    else this.#down.fail(error);
  }

  writable(): void {
    this.traffic.emptied('up');
    this.#up.resume();
  }

  #upward(): Outlet {
    return {
      out: (pieces) => {
        const sent = lengthOf(pieces.map(({ bytes }) => bytes));
        const room = this.#far.keeps ? this.#far.spend(pieces.map(owned)) : this.#borrow(pieces);
        this.traffic.delivered('up', sent);
        return room;
      },
      over: () => {
        this.#far.end();
        this.#finish();
      },
      cut: () => {
        this.traffic.ended('halflight');
      },
      ready: () => {
        this.#sink.writable();
      },
    };
  }

  #downward(): Outlet {
    return {
      out: (pieces) => {
        const bytes = pieces.map((piece) => piece.bytes);
        this.#sink.receive(bytes);
        this.traffic.delivered('down', lengthOf(bytes));
        freeOwned(pieces);
        return !this.#paused;
      },
      over: (error) => {
        this.#tellEnd(error ?? 'clean');
        this.#finish();
      },
      cut: () => {
        this.traffic.ended('halflight');
      },
      ready: () => {
        if (!this.#paused) this.#far.resume();
      },
    };
  }

  #take(pieces: readonly Uint8Array[], given: boolean): boolean {
    this.traffic.received('up', lengthOf(pieces));
    return this.#up.put(pieces, given);
  }

  /** For a far stream that is done with pieces when it returns. */
  #borrow(pieces: readonly Piece[]): boolean {
    const room = this.#far.write(pieces.map(({ bytes }) => bytes));
    freeOwned(pieces);
    return room;
  }

  /** Goes on, unless the sink has paused the stream while it took the first bytes. */
  #begin(): void {
    if (!this.#attached) {
      this.#attached = true;
      this.#far.attach(this);
      if (this.#paused) this.#far.pause();
    } else if (!this.#paused) this.#goOn();
  }

  #goOn(): void {
    this.#down.resume();
    if (!this.#paused && this.#down.isOpen) this.#far.resume();
  }

  #tellEnd(end: 'clean' | Error): void {
    if (end !== 'clean') clearTimeout(this.#lingering);
    this.#end = end;
    if (end === 'clean') this.#sink.ended();
    else this.#sink.failed(end);
  }

  /** Both directions are over here. Whoever does not know of it, because a filter ended theirs, has some time to end. */
  #finish(): void {
    if (!this.#up.isOver) return;
    this.#settle();
    if (!this.#down.isOver) return;
    if (!this.#farEnded) dismiss(this.#far);
    if (this.#clientEnded || this.#end !== 'clean') return;
    this.#lingering = setTimeout(() => {
      this.#tellEnd(new ProtocolError('client: expected an end behind that of a hook, got none', 'silence'));
    }, lingerMs);
  }

  #settle(): void {
    const settled = this.#settled;
    this.#settled = undefined;
    settled?.();
  }

  #kill(): void {
    clearTimeout(this.#lingering);
    this.#up.kill();
    this.#down.kill();
    this.#settle();
  }

  #waiting(direction: Direction): number {
    return direction === 'up' ? this.#up.waiting : this.#down.waiting;
  }
}

function owned({ bytes, owned: ours }: Piece): Uint8Array {
  return ours ? bytes : new Uint8Array(bytes);
}

function freeOwned(pieces: readonly Piece[]): void {
  free(pieces.flatMap(({ bytes, owned: ours }) => (ours ? [bytes] : [])));
}
