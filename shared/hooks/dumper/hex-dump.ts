/** Bytes as `hexdump -C` shows them. */

const perLine = 16;

/** A line for every sixteen bytes: the offset, the bytes, and what of them is readable ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += perLine) {
    const line = bytes.subarray(at, at + perLine);
    const offset = at.toString(16).padStart(8, '0');
    lines.push(`${offset}  ${columns(line)}  |${readable(line)}|\n`);
  }
  return lines.join('');
}

function columns(line: Uint8Array): string {
  const hex = Array.from(line, (byte) => byte.toString(16).padStart(2, '0'));
  return `${hex.slice(0, 8).join(' ').padEnd(23)}  ${hex.slice(8).join(' ').padEnd(23)}`;
}

function readable(line: Uint8Array): string {
  return Array.from(line, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
}
