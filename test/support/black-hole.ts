/** A port of this host that is there for nobody: whoever connects waits for ever, as behind a firewall that drops. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** It listens for one connection, and accepts none once it is stopped. */
const script = `
const server = require('node:net').createServer();
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port));
`;
/** A connection that has not come about by then never will, ms. */
const soonMs = 300;

/** Its port. Linux drops what finds no room in the queue of a listener. */
export async function blackHole(): Promise<number> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const port = Number(line);
  child.kill('SIGSTOP');
  while (await connects(port));
  return port;
}

/** Tries to take a place in the queue. */
function connects(port: number): Promise<boolean> {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  return new Promise((resolve) => {
    socket.once('connect', () => {
      resolve(true);
    });
    setTimeout(resolve, soonMs, false);
  });
}
