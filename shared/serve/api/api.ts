/** The management API of a remote, over HTTP on an address of this machine. */
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { formatTarget, type Target } from '../../codec/address.js';
import { codeOf, messageOf } from '../../errors.js';
import type { Observer } from '../../observe/events.js';
import type { Service } from '../../service.js';
import { judgeBody, judgeHead, namesOf, sternHeaders, tokenCheck } from './door.js';
import { observedUsers } from './observed-users.js';
import { ApiFault, type Reply } from './reply.js';
import { answer, type Managed } from './routes.js';

/** More than any user takes. */
const mostBodyBytes = 64 * 1024;
const mostHeadBytes = 8 * 1024;
const mostConnections = 64;
/** From the first byte of a request, or the connection, to the last of the head, and of the whole. */
const headMs = 5_000;
const requestMs = 10_000;
/** How often Node looks for those who take longer, and how long a connection may wait for another request. */
const lookEveryMs = 1_000;
const idleMs = 5_000;
/** How long whoever was refused may read before it is let go of, whether it ends its half or not. */
const refusedMs = 1_000;

export interface ApiOptions {
  /** An address that only this machine can reach: the token, and the keys of all users, go over it as they are. */
  readonly listen: Target;
  /** What whoever asks has to know. */
  readonly token: string;
  readonly observer: Observer;
}

/** Serves the API until it is stopped. Rejects with the system's error when it cannot listen. */
export async function startApi(
  { users, usage }: Managed,
  { listen, token, observer }: ApiOptions,
): Promise<Service> {
  const managed: Managed = { users: observedUsers(users, observer), usage };
  const server = createServer({
    maxHeaderSize: mostHeadBytes,
    insecureHTTPParser: false,
    headersTimeout: headMs,
    requestTimeout: requestMs,
    connectionsCheckingInterval: lookEveryMs,
    keepAliveTimeout: idleMs,
    // Judged here, so that whoever brings none gets an answer as all others do.
    requireHostHeader: false,
  });
  server.maxConnections = mostConnections;
  // Of more than Node's 2,000 the rest would not be judged; `mostHeadBytes` bounds them.
  server.maxHeadersCount = 0;

  const replyTo = async (asked: IncomingMessage): Promise<Reply> => {
    const { method = '', url: target = '', rawHeaders } = asked;
    try {
      judgeHead({ target, rawHeaders }, door);
      const body = (): Promise<Uint8Array> => {
        judgeBody(rawHeaders);
        return readBody(asked);
      };
      return await answer({ method, target, body }, managed);
    } catch (error) {
      if (error instanceof ApiFault) return error.reply;
      observer({ event: 'warning', detail: `api: expected to do as asked, got ${messageOf(error)}` });
      return new ApiFault(500, 'expected to do as asked, got an error: see the log').reply;
    }
  };
  const answers = new Map<Duplex, ServerResponse>();
  /** By connection: whoever asks for several things at once sees them done in that order (RFC 9112 §9.3.2). */
  const turns = new WeakMap<Duplex, Promise<void>>();
  server.on('request', (asked, response) => {
    const { socket } = asked;
    answers.set(socket, response);
    response.once('close', () => {
      if (answers.get(socket) === response) answers.delete(socket);
    });
    // Whoever went away will not miss the answer.
    asked.on('error', () => undefined);
    const turn = (turns.get(socket) ?? Promise.resolve())
      .then(() => replyTo(asked))
      .then((reply) => {
        send(response, reply);
      });
    turns.set(socket, turn);
  });
  server.on('checkExpectation', (_: IncomingMessage, response: ServerResponse) => {
    send(response, new ApiFault(417, 'Expect: expected 100-continue, got another').reply);
  });
  server.on('connect', (_: IncomingMessage, client: Duplex) => {
    refuse(client, new ApiFault(405, 'method: expected one of this API, got CONNECT'));
  });
  server.on('clientError', (error: Error, client: Duplex) => {
    const begun = answers.get(client)?.headersSent === true;
    if (begun || !client.writable || codeOf(error) === 'ECONNRESET') client.destroy();
    else refuse(client, faultOf(error));
  });

  const address = await listening(server, listen);
  const door = { names: namesOf(address), isToken: tokenCheck(token) };
  let closed: Promise<void> | undefined;
  return {
    listen: formatTarget(address),
    async stop(graceMs) {
      closed ??= new Promise((resolve) =>
        server.close(() => {
          resolve();
        }),
      );
      const deadline = setTimeout(() => {
        server.closeAllConnections();
      }, graceMs);
      await closed;
      clearTimeout(deadline);
    },
  };
}

/** At most `mostBodyBytes` of it. Rejects with an ApiFault when there are more. */
async function readBody(asked: IncomingMessage): Promise<Uint8Array> {
  const pieces: Buffer[] = [];
  let length = 0;
  await new Promise<void>((resolve, reject) => {
    asked.on('data', (piece: Buffer) => {
      length += piece.length;
      if (length <= mostBodyBytes) pieces.push(piece);
      else reject(new ApiFault(413, `body: expected at most ${mostBodyBytes} bytes, got more`));
    });
    asked.once('end', resolve);
    asked.once('close', () => {
      reject(new ApiFault(400, 'body: expected all of it, got a part'));
    });
  });
  return Buffer.concat(pieces);
}

function send(response: ServerResponse, { status, json, headers }: Reply): void {
  const text = json === undefined ? '' : JSON.stringify(json);
  const type = json === undefined ? {} : { 'content-type': 'application/json' };
  const length = status === 204 ? {} : { 'content-length': Buffer.byteLength(text) };
  response.writeHead(status, { ...sternHeaders, ...type, ...length, ...headers }).end(text);
}

/** Answers what Node makes no request of, and closes. */
function refuse(client: Duplex, { reply: { status, json } }: ApiFault): void {
  const text = JSON.stringify(json);
  const headers = {
    ...sternHeaders,
    'content-type': 'application/json',
    'content-length': String(Buffer.byteLength(text)),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  client.on('error', () => undefined);
  client.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${text}`);
  client.resume();
  // Node has forgotten it by now: it would keep its place, and the server from closing.
  const patience = setTimeout(() => {
    client.destroy();
  }, refusedMs);
  client.once('close', () => {
    clearTimeout(patience);
  });
}

function faultOf(error: Error): ApiFault {
  const code = codeOf(error);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return new ApiFault(408, 'request: expected all of it in time, got a part');
  if (code === 'HPE_HEADER_OVERFLOW')
    return new ApiFault(431, `head: expected at most ${mostHeadBytes} bytes, got more`);
  return new ApiFault(400, 'request: expected HTTP/1.1, got something else');
}

/** Where it really listens. */
function listening(server: Server, { host, port }: Target): Promise<Target> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      // An accept that fails later must not end the process.
      server.on('error', () => undefined);
      const bound = server.address() as AddressInfo;
      resolve({ host: bound.address, port: bound.port });
    });
  });
}
