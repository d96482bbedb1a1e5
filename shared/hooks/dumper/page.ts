/** Memory that waits to be written. */

/** Most of what waits is in pages of this size, which are used again; short conversations have smaller ones. */
const fullPage = 256 * 1024;
const firstPage = 2 * 1024;
/** Full pages that are kept for the next one to need them. */
const maxSpare = 16;

/** A piece of memory at a multiple of 4 bytes, filled from its start. */
export interface Page {
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  used: number;
}

const spare: Page[] = [];

/** A page with room for `length` bytes, larger than the one `before` it. */
export function takePage(length: number, before: number): Page {
  const size = Math.max(length, before === 0 ? firstPage : Math.min(fullPage, before * 4));
  const known = size === fullPage ? spare.pop() : undefined;
  if (known !== undefined) {
    known.used = 0;
    return known;
  }
  const bytes = Buffer.allocUnsafeSlow((size + 3) & ~3);
  return { bytes, words: new Uint32Array(bytes.buffer), used: 0 };
}

/** Gives a page back of which nothing is needed any more. */
export function freePage(page: Page): void {
  if (page.bytes.length === fullPage && spare.length < maxSpare) spare.push(page);
}
