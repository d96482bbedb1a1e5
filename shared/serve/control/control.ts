/**
 * The control socket of a running half: who is connected, and a way to cut one of them off. It is for this user alone,
 * who can do worse to the process; still nobody who asks for too much, or for nonsense, takes anything from the traffic.
 */
import net from 'node:net';
import { messageOf } from '../../errors.js';
import { listenUnix } from '../../net/unix-listen.js';
import { jsonLine } from '../../observe/escape.js';
import { linesOf } from './lines.js';
import type { Answer, ConnectionTable, Named, Question } from './table.js';

/** More than any question takes. */
const mostQuestionBytes = 64 * 1024;
/** Who may be connected at once. One more takes the place of whoever has asked nothing for the longest time. */
const mostClients = 16;

/** Whom the questions are put to. */
export interface ControlDesk {
  readonly table: () => ConnectionTable | Promise<ConnectionTable>;
  /** Cuts one connection off; false when there is none of that number. */
  readonly cut: (named: Named) => boolean | Promise<boolean>;
}

export interface ControlSocket {
  readonly path: string;
  /** Answers no more, and takes the socket away. */
  close(): void;
}

/** Answers at `path` until it is closed, and holds no process for it. Rejects with the system's error. */
export async function serveControl(path: string, desk: ControlDesk): Promise<ControlSocket> {
  /** In the order in which they asked last. */
  const clients = new Set<net.Socket>();
  const server = net.createServer({ allowHalfOpen: true }, (client) => {
    const [idlest] = clients;
    if (clients.size >= mostClients) idlest?.destroy();
    clients.add(client.unref());
    client.on('error', () => undefined);
    client.once('close', () => clients.delete(client));
    const asked = (): void => {
      clients.delete(client);
      clients.add(client);
    };
    void converse(client, desk, asked).finally(() => client.destroy());
  });
  await listenUnix(server, path);
  // An accept that fails later must not end the process.
  server.on('error', () => undefined);
  server.unref();
  return {
    path,
    close: () => {
      server.close();
      for (const client of clients) client.destroy();
    },
  };
}

/** One question after the other: of answers that are not read there is never more than one. Never rejects. */
async function converse(client: net.Socket, desk: ControlDesk, asked: () => void): Promise<void> {
  try {
    for await (const line of linesOf(client, mostQuestionBytes)) {
      // Of a crowd of questions those are left whose sender has gone.
      if (client.destroyed) return;
      asked();
      await said(client, await answerTo(line, desk));
    }
  } catch {
    // Whoever says too much, or goes away, is not talked to any more.
  }
}

/** Settles when it has left, or whoever asked has. */
function said(client: net.Socket, answer: Answer): Promise<void> {
  return new Promise((resolve) => {
    client.write(`${jsonLine(answer)}\n`, () => {
      resolve();
    });
  });
}

async function answerTo(line: string, desk: ControlDesk): Promise<Answer> {
  try {
    const question = readQuestion(line);
    return question.ask === 'table' ? await desk.table() : { cut: await desk.cut(question) };
  } catch (error) {
    return { error: messageOf(error) };
  }
}

function readQuestion(line: string): Question {
  const { ask, id, worker } = readObject(line);
  if (ask === 'table') return { ask };
  if (ask !== 'cut') throw new Error('ask: expected table or cut, got something else');
  const named = { id: readNumber('id', id) };
  return { ask, ...named, ...(worker !== undefined && { worker: readNumber('worker', worker) }) };
}

function readObject(line: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Error('question: expected JSON, got something else');
  }
  if (typeof value === 'object' && value !== null) return { ...value };
  throw new Error('question: expected a JSON object, got another value');
}

function readNumber(name: string, value: unknown): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw new Error(`${name}: expected a whole number, got something else`);
}
