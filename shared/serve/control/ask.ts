/** Asking a running half by its control socket. */
import net from 'node:net';
import { linesOf } from './lines.js';
import { readAnswer } from './read-answer.js';
import type { Answer, ConnectionTable, Named, Question } from './table.js';

/** A process that is stopped, or busier than that, is not waited for, ms. */
const patienceMs = 3_000;
/** A table of tens of thousands of connections. */
const mostAnswerBytes = 64 * 1024 * 1024;

/** All that is open at the half whose socket is at `path`. Rejects with the system's error, or when it has none in time. */
export async function askTable(path: string): Promise<ConnectionTable> {
  const answer = await ask(path, { ask: 'table' });
  if ('connections' in answer) return answer;
  throw unexpected(path, 'a table', answer);
}

/** Cuts one of them off; false when it is not there any more. Rejects as `askTable`. */
export async function askCut(path: string, { id, worker }: Named): Promise<boolean> {
  const answer = await ask(path, { ask: 'cut', id, ...(worker !== undefined && { worker }) });
  if ('cut' in answer) return answer.cut;
  throw unexpected(path, 'word of the connection', answer);
}

function unexpected(path: string, expected: string, answer: Answer): Error {
  return new Error(
    `${path}: expected ${expected}, got ${'error' in answer ? answer.error : 'another answer'}`,
  );
}

/** A connection for each question: there is none to look after when either side goes. */
async function ask(path: string, question: Question): Promise<Answer> {
  const socket = net.connect({ path });
  const deadline = setTimeout(() => {
    socket.destroy(new Error(`${path}: expected an answer within ${patienceMs / 1000} s, got none`));
  }, patienceMs);
  try {
    socket.write(`${JSON.stringify(question)}\n`);
    for await (const line of linesOf(socket, mostAnswerBytes)) {
      const answer = readAnswer(line);
      if (answer === undefined) throw new Error(`${path}: expected an answer of halflight, got another`);
      return answer;
    }
    throw new Error(`${path}: expected an answer, got an end`);
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}
