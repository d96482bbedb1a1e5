/** A management API over users in memory, and clients of it that send what a test likes. */
import { request } from 'node:http';
import { onTestFinished } from 'vitest';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { startApi } from '../../shared/serve/api/api.js';
import type { Managed } from '../../shared/serve/api/routes.js';
import type { Service } from '../../shared/service.js';
import { memoryUsage, memoryUsers } from './memory-users.js';
import { connect } from './peer.js';

export const apiToken = 'an-api-token-0123456789';

export interface RunningApi extends Managed {
  readonly service: Service;
  readonly port: number;
  readonly events: readonly ObservedEvent[];
}

/** Listens on a free port until the test is over. */
export async function runningApi(changes: Partial<Managed> = {}): Promise<RunningApi> {
  const managed: Managed = {
    users: memoryUsers([{ name: 'ann', secret: 'key-of-ann' }]),
    usage: memoryUsage(),
    ...changes,
  };
  const events: ObservedEvent[] = [];
  const service = await startApi(managed, {
    listen: { host: '127.0.0.1', port: 0 },
    token: apiToken,
    observer: (event) => {
      events.push(event);
    },
  });
  onTestFinished(() => service.stop(0));
  const port = Number(new URL(`tcp://${service.listen}`).port);
  return { ...managed, service, port, events };
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly json: unknown;
}

/** Asks as a program does that knows the token. */
export function askApi(
  port: number,
  line: string,
  {
    json,
    headers = {},
  }: { readonly json?: unknown; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<ApiAnswer> {
  const [method = '', path = ''] = line.split(' ');
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  const all = { authorization: `Bearer ${apiToken}`, ...type, ...headers };
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, method, path, headers: all, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.once('end', () => {
        const text = Buffer.concat(pieces).toString();
        const told: unknown = text === '' ? undefined : JSON.parse(text);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, json: told });
      });
    });
    asked.once('error', reject);
    asked.end(json === undefined ? undefined : JSON.stringify(json));
  });
}

/** What comes back for these very bytes, until the end. A line of `lines` is one of the head. */
export async function tellApi(port: number, lines: readonly string[], body = ''): Promise<string> {
  const peer = await connect(port);
  void peer.send(`${lines.join('\r\n')}\r\n\r\n${body}`);
  return (await peer.rest()).toString();
}
