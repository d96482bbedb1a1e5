/**
 * The client: a process of its own that obeys orders (orders.ts) from standard input, one after another, and
 * answers each with one line. Ends when its standard input does.
 */
import { createInterface } from 'node:readline';
import { exchange } from './datagram-load.js';
import { census, hold, release } from './held.js';
import type { Asks, Gives, Order, OrderName } from './orders.js';
import { knock, probe, transfer } from './flows.js';
import { converseMany } from './short.js';

const deeds: { readonly [Name in OrderName]: (asks: Asks<Name>) => Promise<Gives<Name>> | Gives<Name> } = {
  transfer,
  converse: converseMany,
  probe,
  hold,
  census,
  release,
  knock,
  datagrams: exchange,
};

async function obey<Name extends OrderName>(name: Name, asks: Asks<Name>): Promise<object> {
  try {
    return await deeds[name](asks);
  } catch (error) {
    return { fault: (error as Error).message };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order;
  console.log(JSON.stringify(await obey(order.order, order)));
}
process.exit();
