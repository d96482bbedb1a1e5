/**
 * Rewrites the head of an HTTP request: another `User-Agent`, and no `Cookie`.
 *
 *     halflight forward 8000 example.com:80 --hook docs/hooks/header-rewrite.ts
 */
import type { ByteFilter, Hook } from 'halflight';

/** A head that is longer goes on as it is: what is held back is memory. */
const longestHead = 65_536;
const blankLine = '\r\n\r\n';
const nothing = new Uint8Array(0);

/** Whether these may become the request line of HTTP. TLS, for one, begins with another byte, and waits for an answer. */
function mayBeRequest(begun: Buffer): boolean {
  return /^[A-Z]{0,16}(?: |$)/.test(begun.toString('latin1', 0, 17));
}

/** A head without its blank line, as it is to go on. The target is to close behind its answer, so no second head follows. */
function rewritten(head: string): string {
  const [requestLine = '', ...fields] = head.split('\r\n');
  const kept = fields.filter((field) => !/^(?:user-agent|cookie|connection):/i.test(field));
  return [requestLine, ...kept, 'User-Agent: somebody', 'Connection: close'].join('\r\n');
}

/** What comes from one client. */
function rewriting(): ByteFilter {
  let kept: Buffer = Buffer.alloc(0);
  let past = false;
  return {
    received(bytes) {
      if (past) return 'pass';
      kept = Buffer.concat([kept, bytes]);
      const end = kept.indexOf(blankLine);
      if (end < 0 && kept.length <= longestHead && mayBeRequest(kept)) return 'hold';
      past = true;
      if (end < 0 || !mayBeRequest(kept)) return kept;
      const head = Buffer.from(rewritten(kept.toString('latin1', 0, end)), 'latin1');
      return Buffer.concat([head, kept.subarray(end)]);
    },
    // The client has ended in the middle of its head.
    ended: () => (past ? nothing : kept),
  };
}

export const hook: Hook = {
  filter: () => ({ up: rewriting() }),
};
