/** Flows of many bytes, and of one. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as rest } from 'node:timers/promises';
import { converse } from './conversation.js';
import type { Asks, Gives } from './orders.js';
import { pour } from './pour.js';

// One for all conversations: a read is counted and forgotten before the next one is made.
const into = new Uint8Array(1_048_576);

/** Rejects when one of the flows did not arrive whole. */
export async function transfer({ flows, bytes, ...order }: Asks<'transfer'>): Promise<Gives<'transfer'>> {
  const started = performance.now();
  const share = Math.floor(bytes / flows);
  const shares = Array.from({ length: flows }, (_, flow) =>
    flow === 0 ? bytes - share * (flows - 1) : share,
  );
  const finished = await Promise.all(shares.map((each) => one({ ...order, bytes: each })));
  return { seconds: (Math.max(...finished) - started) / 1000 };
}

/** The moment of its last byte; `accepted` is called when the entry has accepted the connection. */
function one(
  { entry, direction, bytes, withinMs }: Omit<Asks<'transfer'>, 'flows'>,
  accepted: () => void = () => undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const expected = direction === 'download' ? bytes : 1;
    let finished = 0;
    let count = 0;
    const socket = converse(entry, `${direction} ${bytes}`, {
      into,
      accepted,
      asked(asking) {
        if (direction === 'upload') pour(asking, bytes).catch(() => asking.destroy());
      },
      received(more) {
        count += more;
        if (count === expected) finished = performance.now();
      },
      closed(fault) {
        clearTimeout(deadline);
        if (count === expected && fault === undefined) resolve(finished);
        else reject(new Error(fault ?? `transfer: expected ${expected} bytes, got ${count}`));
      },
    });
    const deadline = setTimeout(() => {
      socket.destroy(new Error(`transfer: expected ${expected} bytes within ${withinMs} ms, got ${count}`));
    }, withinMs);
  });
}

/** Rejects when one of the bytes did not come. */
export async function probe({ count, pauseMs, entry, withinMs }: Asks<'probe'>): Promise<Gives<'probe'>> {
  const accepted: number[] = [];
  const firstByte: number[] = [];
  for (let at = 0; at < count; at += 1) {
    if (at > 0) await rest(pauseMs);
    const started = performance.now();
    const finished = await one({ entry, direction: 'download', bytes: 1, withinMs }, () => {
      accepted.push(performance.now() - started);
    });
    firstByte.push(finished - started);
  }
  return { accepted, firstByte };
}

export async function knock(at: Asks<'knock'>): Promise<Gives<'knock'>> {
  const socket = connect(at);
  try {
    await once(socket, 'connect');
    return { open: true };
  } catch {
    return { open: false };
  } finally {
    socket.destroy();
  }
}
