import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { content, digest, type Receipt } from './content.js';
import { type Site, startSite } from './site.js';

/** An HTTP server that the tunnel is asked for; gone when the test is. */
export interface Target extends Site {
  /** What was uploaded, in the order in which it was complete. */
  readonly uploads: readonly Receipt[];
}

export interface TargetOptions {
  readonly host?: string;
  /** No download begins before so many wait for it at the same time. */
  readonly together?: number;
}

/**
 * Starts a target. `GET /LENGTH/SEED` is answered with that content, `PUT /` with nothing. An infinite length is
 * sent to HTTP/1.0 without any sign of where it ends but the end of the connection.
 */
export async function startTarget({ host, together = 1 }: TargetOptions = {}): Promise<Target> {
  const uploads: Receipt[] = [];
  const waiting: (() => Promise<void>)[] = [];

  const site = await startSite((request, response) => {
    // A client that breaks off knows best why: curl's exit code is what the tests look at.
    if (request.method === 'PUT') {
      digest(request).then(
        (receipt) => {
          uploads.push(receipt);
          response.end();
        },
        () => undefined,
      );
      return;
    }
    const [length, seed] = (request.url ?? '').slice(1).split('/').map(Number);
    waiting.push(() => send(response, length ?? 0, seed ?? 0).catch(() => undefined));
    if (waiting.length < together) return;
    for (const begin of waiting.splice(0)) void begin();
  }, host);
  return { ...site, uploads };
}

function send(response: ServerResponse, length: number, seed: number): Promise<void> {
  if (Number.isFinite(length)) response.setHeader('content-length', length);
  return pipeline(Readable.from(content(length, seed)), response);
}
