/** A relay between the halves that records, breaks or reshapes what passes: whoever owns the wire can do as much. */
import { once } from 'node:events';
import net from 'node:net';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { onTestFinished } from 'vitest';

/** Takes bytes from one side to the other; what it returns from is a clean end, what it throws is a reset. */
export type Carry = (from: AsyncIterable<Buffer>, to: net.Socket) => Promise<void>;

export interface TappedConnection {
  /** All that has passed so far, from local to remote and back. */
  readonly up: Buffer;
  readonly down: Buffer;
  /** Cuts it on both sides. */
  cut(how: 'fin' | 'reset'): void;
}

export interface Tap {
  readonly port: number;
  readonly connections: readonly TappedConnection[];
}

/** Stands in front of a port of this host until the test is over. */
export async function startTap(
  to: number,
  carries: { readonly up?: Carry; readonly down?: Carry } = {},
): Promise<Tap> {
  const connections: TappedConnection[] = [];
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = net.connect({ port: to, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    const ways = [
      new Way(near, far, carries.up ?? asItComes),
      new Way(far, near, carries.down ?? asItComes),
    ] as const;
    const [up, down] = ways;
    connections.push({
      get up() {
        return up.passed;
      },
      get down() {
        return down.passed;
      },
      cut: (how) => {
        for (const socket of [near, far]) {
          if (how === 'reset') socket.resetAndDestroy();
          else socket.end();
        }
      },
    });
    for (const way of ways) void way.run();
    onTestFinished(() => {
      near.destroy();
      far.destroy();
    });
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 });
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return { port: (server.address() as net.AddressInfo).port, connections };
}

class Way {
  readonly #from: net.Socket;
  readonly #to: net.Socket;
  readonly #carry: Carry;
  readonly #passed: Buffer[] = [];

  constructor(from: net.Socket, to: net.Socket, carry: Carry) {
    this.#from = from;
    this.#to = to;
    this.#carry = carry;
    from.on('error', () => undefined);
  }

  get passed(): Buffer {
    return Buffer.concat(this.#passed);
  }

  async run(): Promise<void> {
    try {
      await this.#carry(this.#pieces(), this.#to);
      this.#to.end();
    } catch {
      this.#to.resetAndDestroy();
    }
  }

  async *#pieces(): AsyncGenerator<Buffer> {
    for await (const piece of this.#from.iterator({ destroyOnReturn: false })) {
      this.#passed.push(piece as Buffer);
      yield piece as Buffer;
    }
  }
}

/** Every piece as it was read. */
export const asItComes: Carry = async (from, to) => {
  for await (const piece of from) await written(to, piece);
};

/** One byte in each segment. */
export const byteByByte: Carry = async (from, to) => {
  for await (const piece of from) {
    for (const byte of piece) {
      to.write(Uint8Array.of(byte));
      await nextTurn();
    }
  }
};

/** Held back until 64 KiB are together, or nothing has come for a moment. */
export const together: Carry = async (from, to) => {
  let held: Buffer[] = [];
  const flush = (): void => {
    if (held.length > 0) to.write(Buffer.concat(held));
    held = [];
  };
  for await (const piece of from) {
    held.push(piece);
    if (held.reduce((sum, { length }) => sum + length, 0) >= 64 * 1024) flush();
    else void pause(20).then(flush);
  }
  flush();
};

async function written(to: net.Socket, bytes: Uint8Array): Promise<void> {
  if (to.destroyed) throw new Error('tap: the other side is gone');
  if (!to.write(bytes)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
}
