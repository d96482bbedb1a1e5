/** The client library in the hands of a test. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { type Duplex, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { inspect } from 'node:util';
import { expect } from 'vitest';
import { ProxyError } from '../../index.js';
import { startTap } from '../support/tap.js';
import { content, digest } from './content.js';
import { password } from './doors.js';
import { plainCredential, type Rejection, wrongPassword } from './real-proxies.js';

/** Sends so many bytes to somebody who says them back at once. Fails unless they come back as they were. */
export async function expectEchoed(socket: Duplex, length: number): Promise<void> {
  const back = digest(first(socket, length));
  await pipeline(Readable.from(content(length, 1)), socket, { end: false });
  expect(await back).toEqual(await digest(content(length, 1)));
}

/** The first `length` bytes, and what came with the last of them; then the stream is destroyed. */
async function* first(stream: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array, void> {
  let left = length;
  for await (const piece of stream) {
    yield piece;
    left -= piece.length;
    if (left <= 0) return;
  }
}

const secrets = [password, encodeURIComponent(password), plainCredential.password, wrongPassword];

/** How a dial was rejected. Fails when it was not, or with anything but a ProxyError, or when that tells a password. */
export async function rejection(dialled: Promise<unknown>): Promise<Rejection> {
  const error = await dialled.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProxyError);
  const told = inspect(error, { depth: Infinity });
  for (const secret of secrets) expect(told).not.toContain(secret);
  const { code, phase, reply, constructor } = error as ProxyError;
  return { kind: constructor as Rejection['kind'], code, phase: phase ?? 'none', reply };
}

/** What is at an `https:` URL, as text. */
export async function pageAt(url: string, options: https.RequestOptions): Promise<string> {
  const [response] = (await once(https.get(url, options), 'response')) as [IncomingMessage];
  return text(response);
}

/** A proxy that is gone through where it can be seen. */
export interface Watched {
  readonly uri: string;
  /** How many connections it has had. */
  readonly connections: () => number;
}

/** Stands in front of a proxy on 127.0.0.1. */
export async function watched(uri: string): Promise<Watched> {
  const [, before = '', port = ''] = /^(.*127\.0\.0\.1:)(\d+)/.exec(uri) ?? [];
  const tap = await startTap(Number(port));
  return {
    uri: `${before}${tap.port}${uri.slice(before.length + port.length)}`,
    connections: () => tap.connections.length,
  };
}
