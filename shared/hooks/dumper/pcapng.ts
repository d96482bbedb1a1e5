/**
 * Blocks of a pcapng file (draft-ietf-opsawg-pcapng), in little-endian byte order. Each is
 * ```
 *   TYPE │ TOTAL LENGTH │ BODY, padded to 4 bytes │ OPTIONS │ TOTAL LENGTH
 *     4  │      4       │                         │         │      4
 * ```
 * (§3.1), and each option CODE (2), LENGTH (2), value padded to 4 bytes, with an end of four zeros behind the last (§3.5).
 */

export const blockTypes = {
  /** §4.1 */
  sectionHeader: 0x0a0d0d0a,
  /** §4.2 */
  interfaceDescription: 1,
  /** §4.5 */
  nameResolution: 4,
  /** §4.3 */
  enhancedPacket: 6,
} as const;

/** §4.1: tells the byte order of a section. */
export const byteOrderMagic = 0x1a2b3c4d;

/** LINKTYPE_RAW: each packet begins with the header of IPv4 or IPv6, and that tells which. */
export const rawLink = 101;

export const optionCodes = {
  /** §3.5, in blocks of every type. */
  comment: 1,
  /** §4.1: shb_userappl. */
  application: 4,
  /** §4.2: if_name. */
  interfaceName: 2,
  /** §4.2: if_tsresol, 6 for microseconds. */
  resolution: 9,
  /** §4.3: epb_flags. */
  flags: 2,
} as const;

/** §4.3: the two lowest bits of epb_flags. */
export const inbound = 1;
export const outbound = 2;

/** What the section header names as the application. */
export const application = 'halflight';

/** §4.5: the record types of IPv4 and IPv6. */
const ipv4Record = 1;
const ipv6Record = 2;

const ends = Buffer.alloc(4);

interface Option {
  readonly code: number;
  readonly value: Uint8Array;
}

/** An address and what it is called. */
export interface NamedAddress {
  readonly address: Uint8Array;
  readonly name: string;
}

/**
 * What stands before the packets: a section header with a comment, one interface without a limit of packet lengths, whose times are in
 * microseconds, and the names.
 */
export function fileHead(comment: string, names: readonly NamedAddress[]): Buffer {
  const link = Buffer.alloc(8);
  link.writeUInt16LE(rawLink, 0);
  return Buffer.concat([
    section(comment),
    block(blockTypes.interfaceDescription, link, [
      textOption(optionCodes.interfaceName, application),
      { code: optionCodes.resolution, value: Uint8Array.of(6) },
    ]),
    ...(names.length === 0 ? [] : [block(blockTypes.nameResolution, nameRecords(names), [])]),
  ]);
}

/** The header of a section. Behind packets it is the only place where something may be said of no packet. */
export function section(comment: string): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(byteOrderMagic, 0);
  body.writeUInt16LE(1, 4);
  // The length of the section is not known: -1.
  body.fill(0xff, 8);
  return block(blockTypes.sectionHeader, body, [
    textOption(optionCodes.comment, shortened(comment)),
    textOption(optionCodes.application, application),
  ]);
}

function nameRecords(names: readonly NamedAddress[]): Buffer {
  const records = names.map(({ address, name }) =>
    option({
      code: address.length === 4 ? ipv4Record : ipv6Record,
      // A NUL would end the name.
      value: Buffer.concat([address, Buffer.from(name.replaceAll('\0', '_')), ends.subarray(0, 1)]),
    }),
  );
  return Buffer.concat([...records, ends]);
}

function block(type: number, body: Uint8Array, options: readonly Option[]): Buffer {
  const written = options.length === 0 ? [] : [...options.map(option), ends];
  const frame = Buffer.alloc(12);
  const total = 12 + [body, ...written].reduce((sum, { length }) => sum + length, 0);
  frame.writeUInt32LE(type, 0);
  frame.writeUInt32LE(total, 4);
  frame.writeUInt32LE(total, 8);
  return Buffer.concat([frame.subarray(0, 8), body, ...written, frame.subarray(8)]);
}

function option({ code, value }: Option): Buffer {
  const written = Buffer.alloc(4 + padded(value.length));
  written.writeUInt16LE(code, 0);
  written.writeUInt16LE(value.length, 2);
  written.set(value, 4);
  return written;
}

function textOption(code: number, text: string): Option {
  return { code, value: Buffer.from(text) };
}

/** Rounded up to whole words of 4 bytes. */
export function padded(length: number): number {
  return (length + 3) & ~3;
}

/** Where the packet begins in its block. */
export const packetOffset = 28;

/** A comment as an option, for `writePacketFrame`. */
export function commentOption(text: string): Buffer {
  return option(textOption(optionCodes.comment, shortened(text)));
}

/** Of names that others choose only the beginning fits into an option. */
function shortened(text: string): string {
  return text.slice(0, 4096);
}

/** What a packet's block has beside the packet itself. */
export interface PacketFrame {
  /** Microseconds since 1970. */
  readonly time: number;
  /** Bytes of the packet, which stands at `packetOffset`. */
  readonly length: number;
  /** `inbound` or `outbound`. */
  readonly flags: number;
  /** As of `commentOption`. */
  readonly comment?: Uint8Array | undefined;
}

/** How long the block of such a packet is. */
export function packetBlockLength({ length, comment }: Pick<PacketFrame, 'length' | 'comment'>): number {
  return packetOffset + padded(length) + 8 + (comment?.length ?? 0) + 4 + 4;
}

/**
 * Writes what stands around a packet at `at` (§4.3), a multiple of 4, and the zeros that pad it.
 * ```
 *   6 │ TOTAL │ INTERFACE 0 │ TIME, upper, lower │ CAPTURED │ ORIGINAL │ PACKET │ OPTIONS │ TOTAL
 *   4 │   4   │      4      │    4    │    4     │     4    │     4    │        │         │   4
 * ```
 */
export function writePacketFrame(bytes: Buffer, at: number, frame: PacketFrame): void {
  writePacketHead(bytes, at, frame);
  writePacketTail(bytes, at + packetOffset + frame.length, frame);
}

/** What stands before the packet. */
export function writePacketHead(bytes: Buffer, at: number, frame: PacketFrame): void {
  const { time, length } = frame;
  bytes.writeUInt32LE(blockTypes.enhancedPacket, at);
  bytes.writeUInt32LE(packetBlockLength(frame), at + 4);
  bytes.writeUInt32LE(0, at + 8);
  bytes.writeUInt32LE(Math.floor(time / 2 ** 32), at + 12);
  bytes.writeUInt32LE(time % 2 ** 32, at + 16);
  bytes.writeUInt32LE(length, at + 20);
  bytes.writeUInt32LE(length, at + 24);
}

/** What stands behind it; `end` is where it ends. */
export function writePacketTail(bytes: Buffer, end: number, frame: PacketFrame): void {
  const { flags, comment } = frame;
  let next = padded(end);
  bytes.fill(0, end, next);
  bytes.writeUInt16LE(optionCodes.flags, next);
  bytes.writeUInt16LE(4, next + 2);
  bytes.writeUInt32LE(flags, next + 4);
  next += 8;
  if (comment !== undefined) {
    bytes.set(comment, next);
    next += comment.length;
  }
  bytes.writeUInt32LE(0, next);
  bytes.writeUInt32LE(packetBlockLength(frame), next + 4);
}
