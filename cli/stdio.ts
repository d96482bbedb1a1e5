import type { Readable, Writable } from 'node:stream';
import type { PushStream, Sink } from '../shared/net/stream.js';

/** Two streams of Node, one for each direction, as one that pushes: stdin is what comes, stdout is where it goes. */
export class StdioStream implements PushStream {
  readonly lends = false;
  readonly keeps = true;
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #ended: () => void;

  /** `ended` is called at the clean end of what is written. stdout itself stays open: only the process closes it. */
  constructor(input: Readable, output: Writable, ended: () => void) {
    this.#input = input;
    this.#output = output;
    this.#ended = ended;
  }

  attach(sink: Sink): void {
    const failed = (error: Error): void => {
      sink.failed(error);
    };
    this.#output.on('error', failed).on('drain', () => {
      sink.writable();
    });
    this.#input.on('error', failed).on('end', () => {
      sink.ended();
    });
    this.#input.on('data', (piece: Buffer) => {
      sink.receive([piece]);
    });
  }

  giveBack(bytes: Uint8Array): void {
    this.#input.unshift(bytes);
  }

  pause(): void {
    this.#input.pause();
  }

  resume(): void {
    this.#input.resume();
  }

  write(pieces: readonly Uint8Array[]): boolean {
    return pieces.map((piece) => this.#output.write(piece)).every(Boolean);
  }

  spend(pieces: readonly Uint8Array[]): boolean {
    return this.write(pieces);
  }

  end(): void {
    this.#ended();
  }

  /** The exit code of the process is what tells a broken end from a clean one. */
  truncate(): void {
    this.#input.pause();
  }

  abort(): void {
    this.#input.destroy();
    this.#output.destroy();
  }
}
