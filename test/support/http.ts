/** HTTP as a test sees it: a target made of Node's own server, and answers read byte for byte. */
import { once } from 'node:events';
import http from 'node:http';
import type net from 'node:net';
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import type { Peer } from './peer.js';

/** An answer as it came. */
export interface HttpAnswer {
  readonly status: number;
  /** The lines of the head behind the first, in order. */
  readonly lines: readonly string[];
  /** The value of the first header of that name. */
  readonly header: (name: string) => string | undefined;
  readonly body: string;
}

export interface HttpTarget extends Target {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** How many connections it has seen. */
  readonly accepted: number;
  /** Requests that are being served, or were. */
  readonly asked: readonly http.IncomingMessage[];
  readonly server: http.Server;
}

/** A target that speaks HTTP until the test is over. */
export async function httpTarget(serve: http.RequestListener, host = '127.0.0.1'): Promise<HttpTarget> {
  let accepted = 0;
  const asked: http.IncomingMessage[] = [];
  const server = http.createServer((request, answer) => {
    asked.push(request);
    serve(request, answer);
  });
  server.on('connection', () => {
    accepted += 1;
  });
  server.listen(0, host);
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as net.AddressInfo;
  return {
    host,
    port,
    url: `http://${host}:${port}`,
    asked,
    server,
    get accepted() {
      return accepted;
    },
  };
}

/** The next answer to a request of that method: a head, and a body as it is framed, or up to the end. */
export async function readAnswer(peer: Peer, method = 'GET'): Promise<HttpAnswer> {
  const [first = '', ...lines] = (await readHead(peer)).split('\r\n');
  const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(first)?.[1]);
  const header = (name: string): string | undefined =>
    lines.find((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}: `))?.slice(name.length + 2);
  const bodiless = method === 'HEAD' || status < 200 || status === 204 || status === 304;
  return { status, lines, header, body: bodiless ? '' : await readBody(peer, header) };
}

/** A head, without the empty line behind it. */
export async function readHead(peer: Peer): Promise<string> {
  let head = '';
  while (!head.endsWith('\r\n\r\n')) head += (await peer.read(1)).toString('latin1');
  return head.slice(0, -4);
}

async function readBody(peer: Peer, header: HttpAnswer['header']): Promise<string> {
  const length = header('Content-Length');
  if (length !== undefined) return (await peer.read(Number(length))).toString('latin1');
  if (header('Transfer-Encoding') !== 'chunked') return (await peer.rest()).toString('latin1');
  let body = '';
  for (;;) {
    const size = Number.parseInt(await readLine(peer), 16);
    body += (await peer.read(size)).toString('latin1');
    await peer.read(2);
    if (size === 0) return body;
  }
}

async function readLine(peer: Peer): Promise<string> {
  let line = '';
  while (!line.endsWith('\r\n')) line += (await peer.read(1)).toString('latin1');
  return line;
}
