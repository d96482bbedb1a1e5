/** A recording that goes on in another file when one would become too large. */
import type { Disk } from './disk.js';
import type { Around, DumpFile } from './dump-file.js';
import type { Room } from './packets.js';

/** Files with less room than that for it become larger than they should, bytes. */
const leastPart = 256;

export interface VolumeOptions {
  /** The name of the first file, without `.pcapng`. */
  readonly stem: string;
  readonly suffix: string;
  /** What each file begins with. */
  readonly head: Uint8Array;
  /** What a file ends with that ends before its conversation does. */
  readonly cut: Uint8Array;
  /** A file that would become larger is followed by another; 0 is no limit. */
  readonly fileBytes: number;
}

export class Volume {
  readonly #disk: Disk;
  readonly #options: VolumeOptions;
  #file: DumpFile;
  #number = 1;

  constructor(disk: Disk, options: VolumeOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#file = this.#begin();
  }

  /** Bytes of what it records that fit into a file by themselves, with what packets add to them. */
  get largest(): number {
    const { fileBytes, head } = this.#options;
    return fileBytes === 0 ? Infinity : Math.max(leastPart, fileBytes - head.length - leastPart);
  }

  /** Room for so many bytes that stay together, to be filled at once. Undefined when the dump is over. */
  room(length: number): Room | undefined {
    return this.#fileFor(length).room(length);
  }

  /** The same around bytes that nobody changes any more: they are written from where they are. */
  around(bytes: Uint8Array, lengths: Around<number>): Around<Room> | undefined {
    return this.#fileFor(lengths.before + bytes.length + lengths.behind).around(bytes, lengths);
  }

  #fileFor(length: number): DumpFile {
    const { fileBytes, head } = this.#options;
    const { size } = this.#file;
    if (fileBytes > 0 && size > head.length && size + length > fileBytes && !this.#file.over) {
      this.#file.finish();
      this.#number += 1;
      this.#file = this.#begin();
    }
    return this.#file;
  }

  /** Whether what it is given is written nowhere. */
  get over(): boolean {
    return this.#file.over;
  }

  /** Nothing more will come. */
  finish(): void {
    this.#file.finish();
  }

  #begin(): DumpFile {
    const { stem, suffix, head, cut } = this.#options;
    const name = this.#number === 1 ? stem : `${stem}.${this.#number}`;
    const file = this.#disk.create({ stem: name, suffix, cut });
    const room = file.room(head.length);
    if (room !== undefined) room.bytes.set(head, room.at);
    return file;
  }
}
