import { connect, type Socket } from 'node:net';
import type { Asks, Entry, Gives } from './orders.js';

// One for all: what comes is counted and forgotten before the next read is made.
const into = new Uint8Array(65_536);

/** A step of a conversation: so many bytes are awaited, then this is said. */
interface Step {
  readonly say: Uint8Array;
  readonly awaited: number;
}

/**
 * Has up to `count` conversations, `atOnce` at a time: the next begins when one has ended.
 *
 * Beside the tunnels that it measures this must cost little: it looks at no reply but at its length and its second
 * byte, and makes one function and no promise for each conversation. SOCKS5 as in conversation.ts, in which each reply
 * is awaited; a reply with a bound address of another kind than IPv4 counts as a failure.
 */
export function converseMany(order: Asks<'converse'>): Promise<Gives<'converse'>> {
  return new Promise((settle, reject) => {
    const times = new Float64Array(order.count);
    const steps = stepsTo(order.entry, order.bytes);
    const started = performance.now();
    const running = new Set<Socket>();
    let begun = 0;
    let succeeded = 0;
    let failed = 0;
    let why: string | undefined;
    let overdue = false;
    const enough = started + (order.enoughMs ?? Infinity);

    const deadline = setTimeout(() => {
      overdue = true;
      for (const socket of running) socket.destroy();
    }, order.withinMs);

    const finish = (): void => {
      clearTimeout(deadline);
      const seconds = (performance.now() - started) / 1000;
      if (overdue)
        reject(new Error(`converse: expected ${order.count} within ${order.withinMs} ms, got ${succeeded}`));
      else if (succeeded === 0) reject(new Error(`converse: ${why ?? 'expected an answer, got none'}`));
      else {
        const sorted = times.subarray(0, succeeded).sort();
        const at = (part: number): number => sorted[Math.floor((succeeded - 1) * part)] ?? NaN;
        settle({ seconds, p50: at(0.5), p99: at(0.99), succeeded, failed });
      }
    };

    const beginOne = (): void => {
      begun += 1;
      const dialled = performance.now();
      let step = -1;
      let missing = 0;
      let complete = false;
      const proceed = (): void => {
        step += 1;
        const next = steps[step];
        if (next === undefined) return;
        missing = next.awaited;
        socket.write(next.say);
      };
      const socket = connect({
        host: order.entry.way === 'straight' ? order.entry.host : '127.0.0.1',
        port: order.entry.port,
        noDelay: true,
        onread: {
          buffer: into,
          callback(count) {
            // Both replies have 00 as their second byte when all is well, and come whole.
            const last = step === steps.length - 1;
            if (!last && into[1] !== 0) socket.destroy(new Error(`SOCKS: expected 00, got ${into[1] ?? 0}`));
            missing -= count;
            if (missing === 0 && !last) proceed();
            return true;
          },
        },
      });
      running.add(socket);
      socket.on('connect', proceed);
      socket.on('end', () => {
        complete = missing === 0 && step === steps.length - 1;
        socket.destroy();
      });
      socket.on('error', (error) => (why ??= error.message));
      socket.on('close', () => {
        running.delete(socket);
        if (complete) {
          times[succeeded] = performance.now() - dialled;
          succeeded += 1;
        } else {
          failed += 1;
        }
        if (begun < order.count && !overdue && performance.now() < enough) beginOne();
        else if (running.size === 0) finish();
      });
    };
    while (begun < Math.min(order.atOnce, order.count)) beginOne();
  });
}

/** A greeting and a CONNECT to 127.0.0.1 (RFC 1928 §3, §4) where they are wanted, then the request line. */
function stepsTo(entry: Entry, bytes: number): readonly Step[] {
  const request: Step = { say: Buffer.from(`download ${bytes}\n`), awaited: bytes };
  if (entry.way === 'straight') return [request];
  const { target } = entry;
  return [
    { say: Uint8Array.of(5, 1, 0), awaited: 2 },
    { say: Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, target >>> 8, target & 0xff), awaited: 10 },
    request,
  ];
}
