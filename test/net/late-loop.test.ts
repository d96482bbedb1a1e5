import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { connectSocket, LendingSocket } from '../../shared/net/lending.js';

const answer = 2000;

/** A target of another process, which goes on while this one is busy: it answers the first word, and resets. */
const target = `require('node:net').createServer((socket) => {
  socket.on('error', () => undefined);
  socket.once('data', () => { socket.write('x'.repeat(${answer})); socket.resetAndDestroy(); });
}).listen(0, '127.0.0.1', function () { console.log(this.address().port); });`;

function busy(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

async function start(): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = spawn(process.execPath, ['-e', target], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill());
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, port: Number(String(line)) };
}

it('the last words of a target are heard although our loop was busy when they came', async () => {
  const { port } = await start();
  const heard: number[] = [];
  for (let run = 0; run < 5; run++) {
    const socket = connectSocket('127.0.0.1', port);
    let length = 0;
    if (!(socket instanceof LendingSocket)) throw new Error('socket: expected one that lends, got another');
    socket.reader = { lent: (bytes) => (length += bytes.length) };
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    socket.resume();
    socket.write('1');
    // The answer and the reset behind it are in the kernel when we look again, and the write fails.
    busy(40);
    socket.write(Buffer.alloc(1000));
    // Behind the failure of the write, and before the loop looks at its sockets.
    process.nextTick(() => {
      process.nextTick(() => {
        process.nextTick(() => {
          busy(30);
        });
      });
    });
    await new Promise((resolve) => socket.once('close', resolve));
    heard.push(length);
  }
  expect(heard).toEqual(Array.from(heard, () => answer));
});
