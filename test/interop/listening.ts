/** Programs that listen, but cannot choose a port, and do not say when they are ready. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { vi } from 'vitest';
import { type Peer, type Program, startPeer } from './programs.js';

const attempts = 5;
const readyWithinMs = 10_000;

/** A port of 127.0.0.1 on which nobody listened a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/**
 * Starts a program that listens on the port it is given, of 127.0.0.1; its HOST:PORT. Somebody else may take the free
 * port first: then the program ends, and another port is tried.
 */
export async function startListening(
  peer: Peer,
  words: (port: string) => readonly string[],
): Promise<string> {
  let complaints = '';
  for (let attempt = 0; attempt < attempts; attempt++) {
    const port = await freePort();
    const program = await startPeer(peer, words(`${port}`));
    program.output.resume();
    if (await listens(program, port)) return `127.0.0.1:${port}`;
    complaints = program.complaints();
  }
  throw new Error(`${peer}: expected it to listen, got its end ${attempts} times: ${complaints}`);
}

/** Whether its port accepts before it ends. */
async function listens(program: Program, port: number): Promise<boolean> {
  const ended = program.ended.then(() => false);
  const accepted = vi.waitFor(() => accepts(port), { timeout: readyWithinMs, interval: 20 }).then(() => true);
  const first = await Promise.race([ended, accepted]);
  // Nobody looks at the port any more.
  accepted.catch(() => undefined);
  return first;
}

async function accepts(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
  }
}
