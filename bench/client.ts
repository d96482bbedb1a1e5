/**
 * The client: a process of its own that obeys orders (orders.ts) from standard input, one after another, and
 * answers each with one line. Ends when its standard input does.
 */
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { converse } from './conversation.js';
import type { HoldAnswer, Order, TransferAnswer } from './orders.js';
import { pour } from './pour.js';

type OrderOf<Word extends Order['order']> = Extract<Order, { order: Word }>;

// One for all conversations: a read is counted and forgotten before the next one is made.
const into = new Uint8Array(1_048_576);
const held = new Set<Socket>();
let lost: string | undefined;

function transfer(order: OrderOf<'transfer'>): Promise<TransferAnswer> {
  return new Promise((settle) => {
    const expected = order.direction === 'download' ? order.bytes : 1;
    const started = performance.now();
    let finished = started;
    let count = 0;
    const socket = converse(order.entry, `${order.direction} ${order.bytes}`, {
      into,
      asked(asking) {
        if (order.direction === 'upload') pour(asking, order.bytes).catch(() => asking.destroy());
      },
      received(more) {
        count += more;
        if (count === expected) finished = performance.now();
      },
      closed(fault) {
        clearTimeout(deadline);
        if (count === expected && fault === undefined) settle({ seconds: (finished - started) / 1000 });
        else settle({ fault: fault ?? `transfer: expected ${expected} bytes, got ${count}` });
      },
    });
    const deadline = setTimeout(() => {
      socket.destroy(
        new Error(`transfer: expected ${expected} bytes within ${order.withinMs} ms, got ${count}`),
      );
    }, order.withinMs);
  });
}

/** Has `count` conversations, `atOnce` at a time: the next begins when one has ended. */
function converseMany(order: OrderOf<'converse'>): Promise<TransferAnswer> {
  return new Promise((settle) => {
    const started = performance.now();
    const running = new Set<Socket>();
    let toBegin = order.count;
    let fault: string | undefined;
    const deadline = setTimeout(() => {
      fault ??= `converse: expected ${order.count} conversations within ${order.withinMs} ms`;
      for (const socket of running) socket.destroy();
    }, order.withinMs);
    const next = (): void => {
      while (toBegin > 0 && running.size < order.atOnce && fault === undefined) beginOne();
      if (running.size > 0) return;
      clearTimeout(deadline);
      settle(fault === undefined ? { seconds: (performance.now() - started) / 1000 } : { fault });
    };
    const beginOne = (): void => {
      toBegin -= 1;
      let count = 0;
      const socket = converse(order.entry, `download ${order.bytes}`, {
        into,
        asked() {},
        received(more) {
          count += more;
        },
        closed(why) {
          if (why !== undefined) fault ??= why;
          if (count !== order.bytes) fault ??= `converse: expected ${order.bytes} bytes, got ${count}`;
          running.delete(socket);
          next();
        },
      });
      running.add(socket);
    };
    next();
  });
}

/** Opens `count` conversations, each proved end to end by one byte from the target, `ramp` at a time. */
function hold(order: OrderOf<'hold'>): Promise<HoldAnswer> {
  return new Promise((settle) => {
    const opening = new Set<Socket>();
    let toOpen = order.count;
    const deadline = setTimeout(() => {
      for (const socket of opening)
        socket.destroy(new Error(`hold: expected a byte within ${order.withinMs} ms`));
    }, order.withinMs);
    const next = (): void => {
      while (toOpen > 0 && opening.size < order.ramp && lost === undefined) openOne();
      if (opening.size > 0) return;
      clearTimeout(deadline);
      settle(census());
    };
    const openOne = (): void => {
      toOpen -= 1;
      const socket = converse(order.entry, 'hold', {
        into,
        asked() {},
        received() {
          opening.delete(socket);
          held.add(socket);
          next();
        },
        closed(fault) {
          lost ??= fault ?? 'hold: expected silence, got the end';
          held.delete(socket);
          if (opening.delete(socket)) next();
        },
      });
      opening.add(socket);
    };
    next();
  });
}

function census(): HoldAnswer {
  return lost === undefined ? { held: held.size } : { held: held.size, fault: lost };
}

function obey(order: Order): Promise<TransferAnswer | HoldAnswer> | HoldAnswer {
  if (order.order === 'transfer') return transfer(order);
  if (order.order === 'converse') return converseMany(order);
  return order.order === 'hold' ? hold(order) : census();
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(JSON.parse(line) as Order)));
}
process.exit();
