/**
 * A conversation to be read by people: a line for each piece with its time, its direction and how many bytes it has, then the bytes. These
 * are indented, so that none of them can pass for such a line.
 * ```
 * # forward 12: 127.0.0.1:50000 → example.com:80
 * 2026-11-21T00:35:09.123456Z → 4 bytes
 *   ping
 * 2026-11-21T00:35:09.124001Z ← 3 bytes, binary
 *   00000000  00 01 02                                          |...|
 * ```
 */
import { isUtf8 } from 'node:buffer';
import { escapeControls } from '../../observe/escape.js';
import type { Direction } from '../hook.js';
import { hexDump } from './hex-dump.js';
import type { Recording } from './recording.js';
import { incompleteEnd } from './utf8.js';
import type { Volume } from './volume.js';

/** Of what is not text so many bytes are shown. */
const maxBinary = 256;
/** A part of a file that stays together, bytes. */
const maxPart = 64 * 1024;

export const arrows: Readonly<Record<Direction, string>> = { up: '→', down: '←' };

const none = Buffer.alloc(0);

/** Receives the text in parts; those of a piece come one after another. */
export class TextForm {
  readonly #write: (text: string) => void;
  /** The beginning of a character whose end is in the next piece. */
  readonly #open: Record<Direction, Buffer> = { up: none, down: none };

  constructor(write: (text: string) => void) {
    this.#write = write;
  }

  headline(text: string): void {
    this.#write(headLine(text));
  }

  piece(direction: Direction, bytes: Uint8Array, time: number): void {
    const start = `${stamp(time)} ${arrows[direction]} ${bytes.length} ${bytes.length === 1 ? 'byte' : 'bytes'}`;
    const before = this.#open[direction];
    const whole =
      before.length === 0
        ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
        : Buffer.concat([before, bytes]);
    const end = whole.length - incompleteEnd(whole);
    const text = whole.subarray(0, end);
    if (isText(text)) {
      this.#open[direction] = Buffer.from(whole.subarray(end));
      this.#write(`${start}\n${indented(readable(text.toString()))}`);
      return;
    }
    this.#open[direction] = none;
    const more = whole.length - maxBinary;
    this.#write(
      `${start}, binary\n${indented(hexDump(whole.subarray(0, maxBinary)))}${more > 0 ? `  … and ${more} bytes more\n` : ''}`,
    );
  }

  ended(direction: Direction, time: number): void {
    this.#flush(direction);
    this.#write(`${stamp(time)} ${arrows[direction]} end\n`);
  }

  broken(direction: Direction, why: string, time: number): void {
    this.finish();
    this.#write(`${stamp(time)} ${arrows[direction]} broken: ${escapeControls(why)}\n`);
  }

  /** There is nothing more. */
  finish(): void {
    this.#flush('up');
    this.#flush('down');
  }

  /** What was to be continued never was. */
  #flush(direction: Direction): void {
    const open = this.#open[direction];
    if (open.length === 0) return;
    this.#open[direction] = none;
    this.#write(indented(hexDump(open)));
  }
}

/** The form in files. */
export class TextRecording implements Recording {
  readonly #volume: Volume;
  readonly #form: TextForm;

  /** `volume` has the headline as its head. */
  constructor(volume: Volume) {
    this.#volume = volume;
    this.#form = new TextForm((text) => {
      this.#append(Buffer.from(text));
    });
  }

  piece(direction: Direction, bytes: Uint8Array, time: number): void {
    if (!this.#volume.over) this.#form.piece(direction, bytes, time);
  }

  ended(direction: Direction, time: number): void {
    this.#form.ended(direction, time);
  }

  broken(direction: Direction, why: string, time: number): void {
    this.#form.broken(direction, why, time);
  }

  finish(): void {
    this.#form.finish();
    this.#volume.finish();
  }

  #append(bytes: Buffer): void {
    const size = Math.min(maxPart, this.#volume.largest);
    for (let at = 0; at < bytes.length;) {
      const most = bytes.subarray(at, at + size);
      const part = most.subarray(0, most.length - incompleteEnd(most));
      const room = this.#volume.room(part.length);
      if (room === undefined) return;
      room.bytes.set(part, room.at);
      at += part.length;
    }
  }
}

export function headLine(text: string): string {
  return `# ${escapeControls(text)}\n`;
}

function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

/** Everything that moves a cursor or recolours a terminal is escaped, but for line ends and tabs. */
const unreadable =
  /[\u0000-\u0008\u000b-\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]|\r(?!\n)/g;

function readable(text: string): string {
  return text.replace(unreadable, (mark) => escapeControls(mark));
}

function indented(text: string): string {
  if (text === '') return '';
  const body = text.endsWith('\n') ? text.slice(0, text.endsWith('\r\n') ? -2 : -1) : text;
  return `  ${body.replaceAll('\r\n', '\n').replaceAll('\n', '\n  ')}\n`;
}

/** To the microsecond; `Date` knows milliseconds. */
export function stamp(time: number): string {
  const ms = Math.floor(time / 1000);
  return `${new Date(ms).toISOString().slice(0, -1)}${String(Math.floor(time) % 1000).padStart(3, '0')}Z`;
}
