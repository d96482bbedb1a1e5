/** One file of a dump: what is to be written waits in pages, and is appended by whoever has the time. */
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { lengthOf } from '../../bytes.js';
import { codeOf } from '../../errors.js';
import { freePage, type Page, takePage } from './page.js';
import type { Room } from './packets.js';

/** A file or a link of that name is not touched. */
const createFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const appendFlags = constants.O_WRONLY | constants.O_APPEND | constants.O_NOFOLLOW;

/** Other names that are tried where there is a file of that name. */
const maxTries = 9;

/** How often a file that is open is written to before others have their turn. */
const maxRounds = 16;

export interface DumpFileOptions {
  /** The path without its suffix. */
  readonly stem: string;
  /** `.pcapng`. */
  readonly suffix: string;
  /** What it ends with when it is cut. */
  readonly cut: Uint8Array;
}

/** What a file asks of the disk that it is on. */
export interface Waiting {
  /** Whether `length` more bytes may wait for this file. */
  admits(file: DumpFile, length: number): boolean;
  /** So many bytes more wait, or fewer. */
  changed(file: DumpFile, by: number): void;
  /** Nothing more will come. */
  finished(file: DumpFile): void;
}

/** What is before something, and what is behind it. */
export interface Around<Of> {
  readonly before: Of;
  readonly behind: Of;
}

interface Part {
  readonly bytes: Uint8Array;
  readonly from: number;
  to: number;
}

interface Taken {
  readonly pages: readonly Page[];
  readonly parts: readonly Part[];
  readonly length: number;
}

export class DumpFile {
  readonly #options: DumpFileOptions;
  readonly #disk: Waiting;
  #path: string | undefined;
  #pages: Page[] = [];
  /** What waits, in its order: parts of pages, and bytes from elsewhere. */
  #parts: Part[] = [];
  #size = 0;
  #waiting = 0;
  #written = 0;
  #over = false;
  #abandoned = false;
  #begun = false;

  constructor(options: DumpFileOptions, disk: Waiting) {
    this.#options = options;
    this.#disk = disk;
  }

  /** Bytes that it has had room for so far. */
  get size(): number {
    return this.#size;
  }

  /** Bytes that are not in the file yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Where it is, once it is there. */
  get path(): string | undefined {
    return this.#path;
  }

  /** What messages call it. */
  get title(): string {
    return this.#path ?? `${this.#options.stem}${this.#options.suffix}`;
  }

  /** Whether nothing more will come, be it that all is said or that it cannot be written. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether it ended before all was said. */
  get abandoned(): boolean {
    return this.#abandoned;
  }

  /** Room for so many bytes at its end, to be filled at once. Undefined when its dump is over. */
  room(length: number): Room | undefined {
    if (this.#over || !this.#disk.admits(this, length)) return undefined;
    return this.#append(length);
  }

  /** The same before and behind `bytes`, a multiple of 4 of them, which stay where they are until they are written. */
  around(bytes: Uint8Array, { before, behind }: Around<number>): Around<Room> | undefined {
    const length = before + bytes.length + behind;
    if (this.#over || !this.#disk.admits(this, length)) return undefined;
    const first = this.#append(before);
    this.#parts.push({ bytes, from: 0, to: bytes.length });
    this.#size += bytes.length;
    this.#count(bytes.length);
    return { before: first, behind: this.#append(behind) };
  }

  #append(length: number): Room {
    let page = this.#pages.at(-1);
    if (page === undefined || page.bytes.length - page.used < length) {
      page = takePage(length, page?.bytes.length ?? 0);
      this.#pages.push(page);
    }
    const at = page.used;
    page.used += length;
    const last = this.#parts.at(-1);
    if (last?.bytes === page.bytes) last.to = page.used;
    else this.#parts.push({ bytes: page.bytes, from: at, to: page.used });
    this.#size += length;
    this.#count(length);
    return { bytes: page.bytes, words: page.words, at };
  }

  /** Nothing more will come. */
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#disk.finished(this);
  }

  /** Its dump ends here: what waits is forgotten. */
  abandon(): void {
    this.#over = true;
    this.#abandoned = true;
    this.#forget(this.#take());
  }

  /** The same, and where something has been written the file says so. */
  cut(): void {
    this.abandon();
    if (!this.#begun) return;
    const room = this.#append(this.#options.cut.length);
    room.bytes.set(this.#options.cut, room.at);
  }

  /**
   * Writes all that waits, and some of what comes meanwhile. Rejects with the error of the system; then the file has what was written
   * before.
   */
  async write(): Promise<void> {
    this.#begun = true;
    const file = await this.#open();
    try {
      for (let round = 0; round < maxRounds && this.#parts.length > 0; round++) await this.#writePages(file);
    } catch (error) {
      // A block that ends in its middle would spoil all that is before it.
      await file.truncate(this.#written).catch(() => undefined);
      if (this.#written === 0) await this.#forgo();
      throw error;
    } finally {
      await file.close();
    }
  }

  async #writePages(file: FileHandle): Promise<void> {
    const taken = this.#take();
    try {
      await writeWhole(
        file,
        taken.parts.map(({ bytes, from, to }) => bytes.subarray(from, to)),
      );
      this.#written += taken.length;
    } finally {
      this.#forget(taken);
    }
  }

  /** All that waits, which it has no more. */
  #take(): Taken {
    const [pages, parts] = [this.#pages, this.#parts];
    this.#pages = [];
    this.#parts = [];
    return { pages, parts, length: parts.reduce((sum, { from, to }) => sum + to - from, 0) };
  }

  /** It is as if it had never been: it takes no place among those that are there. */
  async #forgo(): Promise<void> {
    const path = this.#path;
    this.#path = undefined;
    if (path !== undefined) await rm(path, { force: true }).catch(() => undefined);
  }

  /** Takes it off the disk, if it is there. */
  async remove(): Promise<void> {
    if (this.#path !== undefined) await rm(this.#path, { force: true });
  }

  #forget({ pages, length }: Taken): void {
    for (const page of pages) freePage(page);
    if (length > 0) this.#count(-length);
  }

  #count(by: number): void {
    this.#waiting += by;
    this.#disk.changed(this, by);
  }

  async #open(): Promise<FileHandle> {
    if (this.#path !== undefined) return open(this.#path, appendFlags);
    const { stem, suffix } = this.#options;
    for (let tries = 1; ; tries++) {
      const path = tries === 1 ? `${stem}${suffix}` : `${stem}~${tries}${suffix}`;
      try {
        const file = await open(path, createFlags, 0o600);
        this.#path = path;
        return file;
      } catch (error) {
        if (codeOf(error) !== 'EEXIST' || tries === maxTries) throw error;
      }
    }
  }
}

/** A system may take less than it is given. */
async function writeWhole(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await file.writev(pieces);
  if (bytesWritten === lengthOf(pieces)) return;
  const rest = Buffer.concat(pieces).subarray(bytesWritten);
  for (let done = 0; done < rest.length;) {
    done += (await file.write(rest, done, rest.length - done)).bytesWritten;
  }
}
