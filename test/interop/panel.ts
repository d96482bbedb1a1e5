import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { startPeer } from './programs.js';

/** Where a manager is: a path, or a port of 127.0.0.1. */
export type ManagerPlace = string | readonly [host: string, port: number];

const script = join(import.meta.dirname, 'panel.py');

/** What a panel in Python hears when it says these; each message with the number of its answers, one unless given. */
export async function panelHears(
  address: ManagerPlace,
  messages: readonly (string | readonly [string, number])[],
): Promise<readonly (readonly string[])[]> {
  const counted = messages.map((message) => (typeof message === 'string' ? [message, 1] : message));
  const program = await startPeer('/usr/bin/python3', [
    script,
    JSON.stringify({ address, messages: counted }),
  ]);
  const output = await text(program.output);
  if ((await program.ended) !== 0) throw new Error(`panel: expected answers, got ${program.complaints()}`);
  return JSON.parse(output) as readonly (readonly string[])[];
}
