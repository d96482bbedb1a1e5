/** What no hook should do, for tests that let them do it. */
import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { expect } from 'vitest';
import type { Hooked } from './hooked.js';

/** Something that no hook may answer, as TypeScript would not let it. */
export function wrong(value: unknown): never {
  return value as never;
}

export const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

/** One conversation both ways, to its clean end. */
export async function converse({ join }: Hooked, size = 1000): Promise<void> {
  const { client, target } = await join();
  const [question, answer] = [randomBytes(size), randomBytes(size)];
  void client.send(question).then(() => {
    client.end();
  });
  expect((await target.rest()).equals(question)).toBe(true);
  void target.send(answer).then(() => {
    target.end();
  });
  expect((await client.rest()).equals(answer)).toBe(true);
  expect([target.ending, client.ending]).toEqual(['fin', 'fin']);
}

/** Ways to fail. */
export const failures: Readonly<{
  throws: () => never;
  rejects: () => Promise<never>;
  'throws no error': () => never;
}> = {
  throws: () => {
    throw new Error('boom');
  },
  rejects: () => Promise.reject(new Error('boom')),
  'throws no error': () => {
    throw Object.create(null);
  },
};

/** How a connection ends that is cut before anything is said, maybe before its client knows that it is there. */
export function cutOff(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: '127.0.0.1' });
    let code: string | undefined;
    socket.on('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.on('close', () => {
      resolve(code);
    });
    socket.resume();
  });
}
