/**
 * IP packets made up for bytes that came without any: IPv4 (RFC 791 §3.1) or IPv6 (RFC 8200 §3), with TCP (RFC 9293 §3.1) or UDP
 * (RFC 768) in it, and right checksums.
 */
import { endianness } from 'node:os';

/** One end of a conversation. */
export interface Endpoint {
  /** 4 or 16 bytes; both ends of a conversation have as many. */
  readonly address: Uint8Array;
  readonly port: number;
}

/** From where to where a packet goes. */
export interface Course {
  readonly from: Endpoint;
  readonly to: Endpoint;
}

/** A place to write to, at a multiple of 4 bytes: checksums are counted in words. */
export interface Room {
  readonly bytes: Buffer;
  /** The same memory. */
  readonly words: Uint32Array;
  readonly at: number;
}

export const tcpFlags = { fin: 0x01, syn: 0x02, rst: 0x04, psh: 0x08, ack: 0x10 } as const;

export interface Segment {
  /** Sequence and acknowledgement numbers, modulo 2³². */
  readonly sequence: number;
  readonly acknowledged: number;
  /** A sum of `tcpFlags`. */
  readonly flags: number;
}

const tcpProtocol = 6;
const udpProtocol = 17;
const hops = 64;

/**
 * What a SYN offers (RFC 9293 §3.7.1, RFC 7323 §2.2): the largest segment that IPv4 can carry, and a window that is never full, for
 * nobody here waits for one.
 */
const synOptions = Uint8Array.of(2, 4, 0xff, 0xd7, 1, 3, 3, 14);

function ipHeaderLength({ from }: Course): number {
  return from.address.length === 4 ? 20 : 40;
}

/** How long a packet is that carries `payload` bytes in such a segment. */
export function tcpLength(course: Course, flags: number, payload: number): number {
  return ipHeaderLength(course) + 20 + ((flags & tcpFlags.syn) === 0 ? 0 : synOptions.length) + payload;
}

/** How long a packet is that carries a datagram of `payload` bytes. */
export function udpLength(course: Course, payload: number): number {
  return ipHeaderLength(course) + 8 + payload;
}

/**
 * Writes a segment. The room behind it is padded with zeros to whole words. A payload `apart`, which begins at a multiple of 4 bytes of
 * its memory, is to follow from there: only the headers are written.
 */
export function writeTcp(
  room: Room,
  course: Course,
  segment: Segment,
  { payload, apart }: { readonly payload: Uint8Array; readonly apart: boolean },
): void {
  const { bytes } = room;
  const { sequence, acknowledged, flags } = segment;
  const options = (flags & tcpFlags.syn) === 0 ? undefined : synOptions;
  const headerLength = 20 + (options?.length ?? 0);
  const start = writeIp(room, course, { protocol: tcpProtocol, length: headerLength + payload.length });
  bytes.writeUInt16BE(course.from.port, start);
  bytes.writeUInt16BE(course.to.port, start + 2);
  bytes.writeUInt32BE(sequence, start + 4);
  bytes.writeUInt32BE(acknowledged, start + 8);
  bytes[start + 12] = (headerLength / 4) << 4;
  bytes[start + 13] = flags;
  bytes.writeUInt16BE(0xffff, start + 14);
  bytes.writeUInt32BE(0, start + 16);
  if (options !== undefined) bytes.set(options, start + 20);
  if (!apart) bytes.set(payload, start + headerLength);
  const checksum = transportChecksum(room, course, {
    protocol: tcpProtocol,
    start,
    length: headerLength + payload.length,
    apart: apart ? payload : nothing,
  });
  bytes.writeUInt16BE(checksum, start + 16);
}

/** Writes a datagram. The room behind it is padded with zeros to whole words. */
export function writeUdp(room: Room, course: Course, payload: Uint8Array): void {
  const { bytes } = room;
  const length = 8 + payload.length;
  const start = writeIp(room, course, { protocol: udpProtocol, length });
  bytes.writeUInt16BE(course.from.port, start);
  bytes.writeUInt16BE(course.to.port, start + 2);
  bytes.writeUInt16BE(length, start + 4);
  bytes.writeUInt16BE(0, start + 6);
  bytes.set(payload, start + 8);
  const checksum = transportChecksum(room, course, { protocol: udpProtocol, start, length, apart: nothing });
  // Zero would say that there is none (RFC 768).
  bytes.writeUInt16BE(checksum === 0 ? 0xffff : checksum, start + 6);
}

/** Writes the IP header and brings the offset behind it. */
function writeIp(
  { bytes, at }: Room,
  { from, to }: Course,
  { protocol, length }: { readonly protocol: number; readonly length: number },
): number {
  if (from.address.length === 4) {
    // Version 4, five words of header; not to be fragmented.
    bytes.writeUInt32BE(0x4500_0000 + 20 + length, at);
    bytes.writeUInt32BE(0x4000, at + 4);
    bytes.writeUInt32BE((hops << 24) | (protocol << 16), at + 8);
    bytes.set(from.address, at + 12);
    bytes.set(to.address, at + 16);
    let sum = 0;
    for (let offset = at; offset < at + 20; offset += 2) sum += bytes.readUInt16BE(offset);
    bytes.writeUInt16BE(folded(sum), at + 10);
    return at + 20;
  }
  bytes.writeUInt32BE(0x6000_0000, at);
  bytes.writeUInt32BE(length * 2 ** 16 + (protocol << 8) + hops, at + 4);
  bytes.set(from.address, at + 8);
  bytes.set(to.address, at + 24);
  return at + 40;
}

/**
 * The checksum over both addresses, the protocol, the length and the segment (RFC 9293 §3.1, RFC 8200 §8.1). Its own field is zero
 * still. The addresses stand right before the segment, so all is one run, but for what is apart.
 */
function transportChecksum(
  { bytes, words, at }: Room,
  { from }: Course,
  { protocol, start, length, apart }: Summed,
): number {
  const end = start + length - apart.length;
  const whole = (end + 3) & ~3;
  bytes.fill(0, end, whole);
  // Of IPv6 the addresses begin at 8, of IPv4 at 12.
  const first = at + (from.address.length === 4 ? 12 : 8);
  const sum = sumOf(words, first / 4, whole / 4) + sumApart(apart);
  // The sum does not depend on the order of bytes (RFC 1071 §2 B), but for its own.
  const carried = (sum % 2 ** 32) + Math.floor(sum / 2 ** 32);
  const halves = (carried % 2 ** 16) + Math.floor(carried / 2 ** 16);
  const inOrder = swapped(((halves & 0xffff) + (halves >>> 16)) & 0x1ffff);
  return folded(inOrder + protocol + length);
}

interface Summed {
  readonly protocol: number;
  readonly start: number;
  /** With what is apart. */
  readonly length: number;
  readonly apart: Uint8Array;
}

/** Two sums at once, for a machine adds in parallel what does not wait for each other. */
function sumOf(words: Uint32Array, first: number, end: number): number {
  let even = 0;
  let odd = 0;
  let index = first;
  for (; index + 1 < end; index += 2) {
    even += words[index] ?? 0;
    odd += words[index + 1] ?? 0;
  }
  return index < end ? even + odd + (words[index] ?? 0) : even + odd;
}

const lastWord = new Uint32Array(1);
const lastBytes = new Uint8Array(lastWord.buffer);

function sumApart(bytes: Uint8Array): number {
  const count = bytes.length >>> 2;
  lastBytes.fill(0);
  lastBytes.set(bytes.subarray(count * 4));
  return sumOf(new Uint32Array(bytes.buffer, bytes.byteOffset, count), 0, count) + (lastWord[0] ?? 0);
}

const nothing = new Uint8Array(0);

const littleEndian = endianness() === 'LE';

/** A sum of words as this machine has them, as the network has it. */
function swapped(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return littleEndian ? ((once & 0xff) << 8) | ((once >>> 8) & 0xff) : once;
}

/** The complement of a sum of 16-bit numbers, its carries added (RFC 1071 §1). */
function folded(sum: number): number {
  let left = sum;
  while (left > 0xffff) left = (left & 0xffff) + Math.floor(left / 2 ** 16);
  return ~left & 0xffff;
}
