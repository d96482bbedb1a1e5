/** An FTP server that knows the active mode only: for each transfer it connects to its client (RFC 959 §3.3). */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { content, digest, type Receipt } from './content.js';
import { listenForTest } from './serving.js';

/** A server that is asked through the tunnel; gone when the test is. */
export interface FtpServer {
  readonly port: number;
  /** What was stored, in the order in which it was complete. */
  readonly uploads: readonly Receipt[];
}

/** What it says to commands that need no more than an answer. The passive mode is not among them. */
const answers: ReadonlyMap<string, string> = new Map([
  ['USER', '331 any password will do'],
  ['PASS', '230 welcome'],
  ['PWD', '257 "/"'],
  ['TYPE', '200 as you like'],
  ['QUIT', '221 farewell'],
]);

/** Starts a server on 127.0.0.1. `RETR LENGTH-SEED` sends that content, `STOR` takes whatever comes. */
export async function startFtpServer(): Promise<FtpServer> {
  const uploads: Receipt[] = [];
  const server = createServer((client) => {
    // A client that breaks off knows best why: its exit code is what the tests look at.
    serve(client, uploads).catch(() => undefined);
  });
  return { port: await listenForTest(server), uploads };
}

async function serve(client: Socket, uploads: Receipt[]): Promise<void> {
  const say = (line: string): void => {
    client.write(`${line}\r\n`);
  };
  let there = { host: '', port: 0 };
  say('220 ready');
  for await (const line of createInterface({ input: client })) {
    const [command = '', words = ''] = line.split(' ');
    if (command === 'PORT') {
      const [high = 0, low = 0] = words.split(',').slice(4).map(Number);
      there = { host: words.split(',').slice(0, 4).join('.'), port: high * 256 + low };
      say('200 noted');
    } else if (command === 'RETR' || command === 'STOR') {
      say('150 connecting');
      const peer = connect(there);
      await once(peer, 'connect');
      const [length = 0, seed = 0] = words.split('-').map(Number);
      if (command === 'RETR') await pipeline(Readable.from(content(length, seed)), peer);
      else uploads.push(await digest(peer));
      say('226 done');
    } else say(answers.get(command) ?? '502 not known here');
  }
  client.end();
}
