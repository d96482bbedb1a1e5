/**
 * IP addresses as text and as bytes.
 *
 * Not `node:net`: its `isIP` answers yes or no, and both the wire and the guard need the bytes. Only canonical
 * spellings count as IPv4 (`127.1`, `0x7f000001` and `0177.0.0.1` are names, and no names at that), so that what is
 * checked here is what a resolver would be asked.
 */

/** The 4 or 16 bytes of an IP address in text, or undefined when it is none. No brackets, no zone, no octal. */
export function parseIp(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/**
 * The one spelling of an address of 4 or 16 bytes: dotted decimal, or RFC 5952 §4 (lower case, no leading zeros, the
 * longest run of two or more zero groups as `::`, the first of equals).
 */
export function formatIp(address: Uint8Array): string {
  return address.length === 4 ? address.join('.') : formatIpv6(address);
}

/** The IPv4 address inside `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2), or the address as it was. */
export function unmapIp(address: Uint8Array): Uint8Array {
  const mapped =
    address.length === 16 &&
    address[10] === 0xff &&
    address[11] === 0xff &&
    address.subarray(0, 10).every((byte) => byte === 0);
  return mapped ? address.subarray(12) : address;
}

/**
 * An IP address in its one spelling, IPv4-mapped ones as IPv4: two addresses are the same when their texts are. Any
 * other text as it was.
 */
export function canonicalIp(text: string): string {
  const bytes = parseIp(text);
  return bytes === undefined ? text : formatIp(unmapIp(bytes));
}

const dot = 0x2e;
const zero = 0x30;
const nine = 0x39;

/** Digit by digit: every conversation asks a few times, and a pattern for each part costs ten times as much. */
function parseIpv4(text: string): Uint8Array | undefined {
  // 15 characters are the longest spelling, and a part that begins with 0 is 0.
  if (text.length > 15) return undefined;
  const address = new Uint8Array(4);
  let part = 0;
  let digits = 0;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === dot) {
      if (digits === 0 || part === 3) return undefined;
      address[part++] = value;
      digits = 0;
      value = 0;
    } else {
      if (code < zero || code > nine || (digits > 0 && value === 0)) return undefined;
      digits += 1;
      value = 10 * value + code - zero;
      if (value > 255) return undefined;
    }
  }
  if (digits === 0 || part < 3) return undefined;
  address[3] = value;
  return address;
}

function parseIpv6(text: string): Uint8Array | undefined {
  // 45 characters are the longest spelling: six groups of four, then a dotted quad (RFC 4291 §2.2).
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = parseGroups(halves[1] ?? '', true);
  if (halves.length > 2 || head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  // `::` stands for one group of zeros at least; without it nothing may be missing.
  if (halves.length === 1 ? missing !== 0 : missing < 2) return undefined;
  const address = new Uint8Array(16);
  address.set(head);
  address.set(tail, 16 - tail.length);
  return address;
}

/** The bytes of colon-separated groups; a dotted quad may stand in for the last two when these end the address. */
function parseGroups(text: string, last: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [index, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >>> 8, value & 0xff);
      continue;
    }
    const quad = last && index === groups.length - 1 ? parseIpv4(group) : undefined;
    if (quad === undefined) return undefined;
    bytes.push(...quad);
  }
  return bytes;
}

function formatIpv6(address: Uint8Array): string {
  const groups: number[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((address[at] ?? 0) << 8) | (address[at + 1] ?? 0));
  const zeros = longestZeroRun(groups);
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (zeros.length < 2) return text(groups);
  return `${text(groups.slice(0, zeros.start))}::${text(groups.slice(zeros.start + zeros.length))}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}
