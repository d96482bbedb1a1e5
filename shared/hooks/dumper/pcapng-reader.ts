/** Reads the pcapng files that the dumper writes, and says of any other what it is not. */
import { ConfigError } from '../../errors.js';
import type { Direction } from '../hook.js';
import { application, blockTypes, byteOrderMagic, inbound, optionCodes, padded } from './pcapng.js';
import { type Carried, parsePacket } from './parse-packet.js';

/** A packet of a dump. */
export interface DumpedPacket extends Carried {
  readonly direction: Direction;
  /** Microseconds since 1970. */
  readonly time: number;
  readonly comment: string | undefined;
}

/** What a file says, in its order. The bytes are lent. */
export interface DumpListener {
  /** What the conversation is, in one line. */
  headline(text: string): void;
  packet(packet: DumpedPacket): void;
}

/** Longer blocks are none of ours, bytes. */
const maxBlock = 1024 * 1024;

/** The end of the year 9999, in microseconds since 1970. */
const lastTime = 253_402_300_800e6;

/** Takes a file in pieces, however it is cut. */
export class PcapngReader {
  readonly #name: string;
  readonly #listener: DumpListener;
  #left: Buffer = Buffer.alloc(0);
  #begun = false;

  /** `name` is what messages call the file. */
  constructor(name: string, listener: DumpListener) {
    this.#name = name;
    this.#listener = listener;
  }

  /** Reads on. @throws ConfigError where the file is none of ours, or broken. */
  read(bytes: Buffer): void {
    let left = this.#left.length === 0 ? bytes : Buffer.concat([this.#left, bytes]);
    for (let length = this.#blockLength(left); length <= left.length; length = this.#blockLength(left)) {
      this.#block(left.subarray(0, length));
      left = left.subarray(length);
    }
    this.#left = Buffer.from(left);
  }

  /** The file ends here. @throws ConfigError when that is in the middle of something. */
  end(): void {
    if (!this.#begun) this.#checkStart(this.#left);
    if (!this.#begun) this.#foreign(this.#left.length === 0 ? 'an empty file' : 'something else');
    if (this.#left.length > 0) this.#broken('its end behind a whole block', 'one in the middle of a block');
  }

  /** How long the next block is; Infinity as long as that is not known. */
  #blockLength(bytes: Buffer): number {
    if (bytes.length < (this.#begun ? 8 : 12)) return Infinity;
    if (!this.#begun) this.#checkStart(bytes);
    const length = bytes.readUInt32LE(4);
    if (length < 12 || length % 4 !== 0 || length > maxBlock) {
      this.#broken(`a block of 12 to ${maxBlock} bytes in words of 4`, `one of ${length}`);
    }
    return length;
  }

  /** The type of the first block reads the same in either byte order; the order comes behind it. */
  #checkStart(bytes: Buffer): void {
    for (const [name, magic] of knownStarts) {
      if (bytes.subarray(0, magic.length).equals(magic)) this.#foreign(name);
    }
    if (bytes.length >= 4 && bytes.readUInt32LE(0) !== blockTypes.sectionHeader)
      this.#foreign('something else');
    if (bytes.length >= 12 && bytes.readUInt32LE(8) !== byteOrderMagic) this.#foreign(byAnother);
  }

  #block(block: Buffer): void {
    const type = block.readUInt32LE(0);
    if (block.readUInt32LE(block.length - 4) !== block.length) {
      this.#broken('a block that says its length at both ends', 'two lengths');
    }
    if (type === blockTypes.sectionHeader) this.#section(block);
    else if (type === blockTypes.enhancedPacket) this.#packet(block);
  }

  #section(block: Buffer): void {
    if (block.length < 28) this.#broken('a whole section header', `one of ${block.length} bytes`);
    const options = readOptions(block, 24);
    if (options?.get(optionCodes.application)?.toString() !== application) this.#foreign(byAnother);
    this.#begun = true;
    this.#listener.headline(options.get(optionCodes.comment)?.toString() ?? '');
  }

  #packet(block: Buffer): void {
    const length = block.length < 32 ? Infinity : block.readUInt32LE(20);
    if (28 + padded(Math.min(length, maxBlock)) + 4 > block.length) {
      this.#broken('a packet that fits into its block', 'a longer one');
    }
    const options = readOptions(block, 28 + padded(length));
    const flags = options?.get(optionCodes.flags);
    const carried = parsePacket(block.subarray(28, 28 + length));
    if (carried === undefined || flags?.length !== 4) this.#foreign('packets of another program');
    const time = block.readUInt32LE(12) * 2 ** 32 + block.readUInt32LE(16);
    if (time >= lastTime) this.#broken('a time of this age', 'one after the year 9999');
    this.#listener.packet({
      ...carried,
      direction: (flags.readUInt32LE(0) & 3) === inbound ? 'up' : 'down',
      time,
      comment: options?.get(optionCodes.comment)?.toString(),
    });
  }

  #foreign(got: string): never {
    throw new ConfigError(`${this.#name}: expected a pcapng file of the dumper, got ${got}`);
  }

  #broken(expected: string, got: string): never {
    throw new ConfigError(`${this.#name}: expected ${expected}, got ${got}`);
  }
}

const byAnother = 'one of another program';

/** How files begin that people may take for ours. */
const knownStarts: readonly (readonly [name: string, magic: Buffer])[] = [
  ['a pcap file', Buffer.of(0xd4, 0xc3, 0xb2, 0xa1)],
  ['a pcap file', Buffer.of(0xa1, 0xb2, 0xc3, 0xd4)],
  ['a pcap file', Buffer.of(0x4d, 0x3c, 0xb2, 0xa1)],
  ['a pcap file', Buffer.of(0xa1, 0xb2, 0x3c, 0x4d)],
  ['a gzip file', Buffer.of(0x1f, 0x8b)],
  ['the text of a dump', Buffer.from('# ')],
];

/** Options by their code, the last of each; undefined when they do not fit into their block. */
function readOptions(block: Buffer, start: number): ReadonlyMap<number, Buffer> | undefined {
  const options = new Map<number, Buffer>();
  const last = block.length - 4;
  for (let at = start; at + 4 <= last;) {
    const code = block.readUInt16LE(at);
    if (code === 0) break;
    const length = block.readUInt16LE(at + 2);
    if (at + 4 + length > last) return undefined;
    options.set(code, block.subarray(at + 4, at + 4 + length));
    at += 4 + padded(length);
  }
  return options;
}
