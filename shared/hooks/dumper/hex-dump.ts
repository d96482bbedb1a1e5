/** Bytes as `hexdump -C` shows them. */

const perLine = 16;

/** A line for every sixteen bytes: the offset, the bytes, and what of them is readable ASCII. */
export function hexDump(bytes: Buffer): string {
  let lines = '';
  for (let at = 0; at < bytes.length; at += perLine) {
    const end = Math.min(at + perLine, bytes.length);
    const readable = bytes.toString('latin1', at, end).replace(/[^ -~]/g, '.');
    lines += `${at.toString(16).padStart(8, '0')}  ${columns(bytes.toString('hex', at, end))}  |${readable}|\n`;
  }
  return lines;
}

function columns(hex: string): string {
  const spaced = hex.replace(/../g, '$& ');
  return `${spaced.slice(0, 24)} ${spaced.slice(24)}`.trimEnd().padEnd(48);
}
