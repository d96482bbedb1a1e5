/** The terminal of `halflight top`: all of it while it runs, and as it was before when it ends, however it does. */
import type { ReadStream, WriteStream } from 'node:tty';
import { keysOf } from './keys.js';

/** The other screen, and no cursor; and back (xterm's private modes 1049 and 25). */
const taken = '\u001b[?1049h\u001b[?25l';
const givenBack = '\u001b[?25h\u001b[?1049l';

export interface TerminalOptions {
  readonly key: (key: string) => void;
  /** It has another size. */
  readonly resized: () => void;
  /** It has gone. */
  readonly lost: () => void;
}

export class Terminal {
  readonly #input: ReadStream;
  readonly #output: WriteStream;
  #open = true;
  #gone = false;

  /** Takes it. */
  constructor(input: ReadStream, output: WriteStream, { key, resized, lost }: TerminalOptions) {
    this.#input = input;
    this.#output = output;
    input.setRawMode(true).setEncoding('utf8');
    input.on('data', (text) => {
      for (const each of keysOf(String(text))) key(each);
    });
    const hungUp = (): void => {
      this.#gone = true;
      lost();
    };
    input.on('end', hungUp).on('error', hungUp);
    output.on('close', hungUp).on('error', hungUp).on('resize', resized);
    output.write(taken);
    process.once('exit', () => {
      this.close();
    });
    // Whoever stopped it and goes on has used the terminal meanwhile.
    process.on('SIGCONT', () => {
      if (!this.#open) return;
      // Node believes that it is raw still, and would do nothing.
      input.setRawMode(false).setRawMode(true);
      output.write(taken);
      resized();
    });
  }

  /** Whether there is none any more: nothing can be given back to it. */
  get gone(): boolean {
    return this.#gone;
  }

  get columns(): number {
    return this.#output.columns;
  }

  get rows(): number {
    return this.#output.rows;
  }

  /** Shows these lines in place of those before; while a slow terminal still shows those, nothing happens. */
  draw(lines: readonly string[]): void {
    if (!this.#open || this.#output.writableNeedDrain) return;
    this.#output.write(`\u001b[H${lines.join('\u001b[K\r\n')}\u001b[K\u001b[J`);
  }

  /** Gives it back. May be repeated. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#output.write(givenBack);
    // What is gone tells so here.
    this.#input.setRawMode(false);
    this.#input.pause();
  }
}
