/**
 * Lets no word out: a client that sends it, in whatever pieces, is answered by this hook, and the target sees neither the
 * word nor what follows.
 *
 *     BLOCKED_WORD=confidential halflight forward 8000 example.com:80 --hook docs/hooks/block-by-content.ts
 */
import type { ByteFilter, ConnectionFilters, Hook } from 'halflight';

const word = Buffer.from(process.env['BLOCKED_WORD'] ?? 'confidential');
const answer = Buffer.from(
  'HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nThat stays here.\n',
);
const nothing = new Uint8Array(0);

/** How many of the last bytes may be the beginning of the word. No more than these wait for what comes next. */
function begunAtEnd(bytes: Buffer): number {
  let length = Math.min(word.length - 1, bytes.length);
  while (length > 0 && !bytes.subarray(-length).equals(word.subarray(0, length))) length -= 1;
  return length;
}

/** Ends a direction where the word begins, and calls `found` then. */
function endingAtWord(found: () => void): ByteFilter {
  let kept: Buffer = Buffer.alloc(0);
  return {
    received(bytes) {
      const all = Buffer.concat([kept, bytes]);
      const at = all.indexOf(word);
      if (at >= 0) {
        found();
        return { end: all.subarray(0, at) };
      }
      const split = all.length - begunAtEnd(all);
      kept = all.subarray(split);
      return split === 0 ? 'hold' : all.subarray(0, split);
    },
    ended: () => kept,
  };
}

/**
 * Both directions of one connection. A target that sees its client's direction end ends its own, sooner or later; what it
 * says until then is replaced. If it has answered before, there is nothing left to do but to cut that short.
 */
function guarding(): ConnectionFilters {
  let blocked = false;
  let answered = false;
  const last = (): Uint8Array => {
    const bytes = answered ? nothing : answer;
    answered = true;
    return bytes;
  };
  return {
    up: endingAtWord(() => (blocked = true)),
    down: {
      received() {
        if (blocked) return { end: last() };
        answered = true;
        return 'pass';
      },
      ended: () => (blocked ? last() : nothing),
    },
  };
}

export const hook: Hook = {
  // Who asks for this hook would rather have no traffic than traffic that it has not seen.
  failClosed: true,
  filter: guarding,
};
