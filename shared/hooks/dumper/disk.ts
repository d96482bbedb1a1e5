/**
 * Files that are written behind the traffic: what is to be written waits in memory, and of that there is a limit. A file is open only
 * while something is written to it, so that there may be as many conversations as there are.
 */
import { join } from 'node:path';
import { codeOf, messageOf } from '../../errors.js';
import { DumpFile, type DumpFileOptions, type Waiting } from './dump-file.js';

/** How much may wait, and how long. */
export interface DiskLimits {
  /** Bytes that may wait for one file. With more its dump ends: the disk is slower than the traffic. */
  readonly fileWaiting: number;
  /** Bytes that may wait for all. */
  readonly allWaiting: number;
  /** How long what is not much may wait for more, ms. */
  readonly delayMs: number;
}

const defaults: DiskLimits = { fileWaiting: 32 * 1024 * 1024, allWaiting: 64 * 1024 * 1024, delayMs: 250 };

/** So much is written as soon as it is there, bytes. */
const enough = 512 * 1024;
/** Files that are open at once. Node has four threads for files, and others want some, too. */
const maxOpen = 2;
/** Between two warnings, ms. */
const quietMs = 60_000;

export interface DiskOptions {
  readonly directory: string;
  /** The files of this run that may be there at once: the oldest finished one goes for a new one. 0 is no limit. */
  readonly files: number;
  /** Told when a dump had to end early; not again before a later one was whole, and a minute has passed. How many more is told then. */
  readonly warn: (detail: string) => void;
  readonly limits?: Partial<DiskLimits> | undefined;
}

export class Disk implements Waiting {
  readonly #directory: string;
  readonly #files: number;
  readonly #warn: (detail: string) => void;
  readonly #limits: DiskLimits;
  /** Files that are there, or will be. */
  #count = 0;
  /** Those that are done with, the oldest first. */
  readonly #finished: DumpFile[] = [];
  /** Those with little that waits. */
  readonly #later = new Set<DumpFile>();
  /** Those that are to be written now. */
  readonly #next = new Set<DumpFile>();
  readonly #writing = new Set<DumpFile>();
  #waiting = 0;
  #timer: NodeJS.Timeout | undefined;
  #failing = false;
  #warnedAt = -Infinity;
  #untold = 0;
  #idle: (() => void)[] = [];
  readonly #removals = new Set<Promise<void>>();

  constructor({ directory, files, warn, limits }: DiskOptions) {
    this.#directory = directory;
    this.#files = files;
    this.#warn = warn;
    this.#limits = { ...defaults, ...limits };
  }

  /** A new file. It is there once something has been written to it. */
  create(file: DumpFileOptions): DumpFile {
    this.#count += 1;
    this.#prune();
    return new DumpFile({ ...file, stem: join(this.#directory, file.stem) }, this);
  }

  /** Settles when all that waits has been written. */
  async settled(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const file of this.#later) this.#next.add(file);
    this.#later.clear();
    this.#write();
    if (this.#writing.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
    await Promise.all(this.#removals);
    this.#warnOfOthers();
  }

  admits(file: DumpFile, length: number): boolean {
    const { fileWaiting, allWaiting } = this.#limits;
    if (file.waiting + length <= fileWaiting && this.#waiting + length <= allWaiting) return true;
    const got = `${Math.ceil(this.#waiting / 2 ** 20)} MiB that wait`;
    file.cut();
    if (file.waiting > 0) this.#soon(file);
    else this.#dismiss(file);
    this.#warnOf(file, `a disk that keeps up, got ${got}`);
    return false;
  }

  changed(file: DumpFile, by: number): void {
    this.#waiting += by;
    if (by < 0) return;
    if (file.waiting >= enough) {
      this.#soon(file);
    } else if (!this.#next.has(file)) {
      this.#later.add(file);
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined;
        for (const each of this.#later) this.#soon(each);
      }, this.#limits.delayMs).unref();
    }
  }

  finished(file: DumpFile): void {
    if (file.waiting > 0) this.#soon(file);
    else if (!this.#writing.has(file)) this.#done(file);
  }

  #soon(file: DumpFile): void {
    this.#later.delete(file);
    this.#next.add(file);
    this.#write();
  }

  #write(): void {
    for (const file of this.#next) {
      if (this.#writing.size >= maxOpen) return;
      if (this.#writing.has(file)) continue;
      this.#next.delete(file);
      this.#writing.add(file);
      void this.#writeOne(file);
    }
    if (this.#writing.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #writeOne(file: DumpFile): Promise<void> {
    try {
      if (file.waiting > 0) await file.write();
      this.#writing.delete(file);
      if (file.abandoned && file.waiting === 0) this.#forgive(file);
      else if (file.over && file.waiting === 0) this.#done(file);
      else if (file.waiting >= enough || file.over) this.#next.add(file);
    } catch (error) {
      this.#writing.delete(file);
      file.abandon();
      this.#dismiss(file);
      this.#warnOf(file, `to write to it, got ${codeOf(error) ?? messageOf(error)}`);
    }
    this.#write();
  }

  /** The file is whole. */
  #done(file: DumpFile): void {
    this.#failing = false;
    this.#forgive(file);
  }

  /** Nothing of the file is to be written any more. */
  #dismiss(file: DumpFile): void {
    this.#later.delete(file);
    this.#next.delete(file);
    if (!this.#writing.has(file)) this.#forgive(file);
  }

  /** The file ends before its conversation does. */
  #warnOf(file: DumpFile, what: string): void {
    const silent = this.#failing || Date.now() - this.#warnedAt < quietMs;
    this.#failing = true;
    if (silent) {
      this.#untold += 1;
      return;
    }
    this.#warnedAt = Date.now();
    this.#warnOfOthers();
    this.#warn(
      `dump ${file.title}: expected ${what}; it ends here, and so may others, while the traffic goes on`,
    );
  }

  /** Those that nothing has been said of. */
  #warnOfOthers(): void {
    const others = this.#untold;
    this.#untold = 0;
    if (others > 0) this.#warn(`dump: expected every file to be whole, got ${others} more that ended early`);
  }

  #forgive(file: DumpFile): void {
    if (file.path === undefined) this.#count -= 1;
    else this.#finished.push(file);
    this.#prune();
  }

  #prune(): void {
    while (this.#files > 0 && this.#count > this.#files) {
      const oldest = this.#finished.shift();
      if (oldest === undefined) return;
      this.#count -= 1;
      const removal = this.#remove(oldest).finally(() => this.#removals.delete(removal));
      this.#removals.add(removal);
    }
  }

  async #remove(file: DumpFile): Promise<void> {
    try {
      await file.remove();
    } catch (error) {
      this.#warn(`dump ${file.title}: expected to remove it, got ${codeOf(error) ?? messageOf(error)}`);
    }
  }
}
