/**
 * One request for a target and its answer, passed on as they come: heads without what belongs to the hop, bodies at
 * the pace of whoever reads them. What breaks off on one side breaks off on the other; nothing is ever made whole.
 */
import { once } from 'node:events';
import {
  type ClientRequest,
  type IncomingMessage,
  type InformationEvent,
  request as sendRequest,
  type ServerResponse,
} from 'node:http';
import type { Duplex } from 'node:stream';
import { formatTarget } from '../../codec/address.js';
import { codeOf } from '../../errors.js';
import { refusalOf } from '../../net/dial-errors.js';
import { PushDuplex } from '../../net/duplex.js';
import { longestHead } from '../../proxy/http-lines.js';
import { endToEnd, type Forwardable, type Headers, trailersIn, valuesOf } from '../../proxy/http-head.js';
import { type Answer, answerHeaders, ownPage, phrases, refusalAnswer } from '../../proxy/http-refusal.js';
import type { Pool } from './pool.js';

const unreadable = 'expected an HTTP answer, got something else';
/** RFC 9209 §2.3. */
const protocolError = 'http_protocol_error';

/** Both halves of what a client is waiting for. */
export interface Exchange {
  readonly asked: IncomingMessage;
  readonly answer: ServerResponse;
  /** Aborted when the client has left, or when what it sends breaks off. */
  readonly signal: AbortSignal;
}

/** The far end goes on in another protocol. */
export interface Upgraded {
  /** The head of its answer, for the client. */
  readonly head: string;
  readonly connection: PushDuplex;
}

/**
 * How an exchange ended: with an answer, whole and passed on; with another protocol; or broken off, after the head of
 * the answer or before it.
 */
export type Outcome = 'answered' | 'broken' | Upgraded;

/** Requests that may be sent again: they change nothing at the target (RFC 9110 §9.2.1), and all of them is here. */
const safe: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Sends a request where it wants to go and passes the answer on, which is a page of ours when none comes. */
export async function forward(exchange: Exchange, wanted: Forwardable, pool: Pool): Promise<Outcome> {
  let heard = await send(exchange, wanted, pool);
  // A target may give up a connection just when it is used again: that says nothing about the request.
  const stale = 'failure' in heard && heard.request.reusedSocket && safe.has(wanted.method) && !wanted.body;
  if (stale && !exchange.signal.aborted) heard = await send(exchange, wanted, pool);
  const outcome = await passBack(exchange, wanted, heard);
  if (!heard.request.writableFinished) heard.request.destroy();
  return outcome;
}

/** Gives an answer of our own. Whatever body is still coming, nobody waits for it. */
export async function respond(
  { asked, answer }: Pick<Exchange, 'asked' | 'answer'>,
  own: Answer,
): Promise<void> {
  asked.resume();
  if (answer.destroyed) return;
  begin({ asked, answer }, { status: own.status, phrase: phrases[own.status], headers: answerHeaders(own) });
  answer.end(own.body);
  await once(answer, 'close');
}

/** What came of a request that was sent: a failure, or the head of an answer. */
type Heard = Failed | Answered;

interface Failed {
  readonly request: ClientRequest;
  readonly failure: Error;
}

interface Answered {
  readonly request: ClientRequest;
  readonly head: IncomingMessage;
  /** Aborted when the answer breaks off. Node tells of it once only, and takes an end by a reset for an end. */
  readonly broken: AbortSignal;
  /** The connection, when the far end goes on in another protocol. */
  readonly connection?: PushDuplex;
}

function send(
  { asked, answer, signal }: Exchange,
  { target, method, path, headers, body }: Forwardable,
  agent: Pool,
): Promise<Heard> {
  return new Promise((resolve) => {
    const limits = { maxHeaderSize: longestHead, insecureHTTPParser: false };
    const { host, port } = target;
    const request = sendRequest({ agent, host, port, method, path, headers: arranged(headers), ...limits });
    // None is dropped in silence: how many there may be is bounded by the length of the head.
    request.maxHeadersCount = 0;
    const leave = (): void => {
      request.destroy(signal.reason as Error);
    };
    signal.addEventListener('abort', leave);
    request.on('close', () => {
      signal.removeEventListener('abort', leave);
    });
    request.on('information', (interim) => {
      passInterim({ asked, answer, signal }, interim);
    });
    request.on('response', (head) => {
      const breaking = new AbortController();
      const broke = (): void => {
        if (!head.complete) breaking.abort();
      };
      request.on('error', broke);
      head.on('error', broke);
      resolve({ request, head, broken: breaking.signal });
    });
    request.on('upgrade', (head, connection: Duplex, ahead) => {
      if (!(connection instanceof PushDuplex)) return;
      if (ahead.length > 0) connection.unshift(ahead);
      resolve({ request, head, broken: signal, connection });
    });
    request.on('error', (failure) => {
      resolve({ request, failure });
    });
    if (body) {
      // Its head goes ahead: the target may want to say something before the body comes.
      request.flushHeaders();
      asked.on('end', () => {
        if (request.chunkedEncoding) request.addTrailers(pairs(trailersIn(asked.rawTrailers)));
      });
      asked.pipe(request);
    } else request.end();
  });
}

async function passBack(exchange: Exchange, wanted: Forwardable, heard: Heard): Promise<Outcome> {
  const { asked, answer, signal } = exchange;
  if (signal.aborted) return 'broken';
  // Node's parser has thrown away what came in one piece with the request: the client has to ask for it again.
  if (wanted.upgrade !== undefined) answer.shouldKeepAlive = false;
  if ('failure' in heard) return instead(exchange, failureAnswer(wanted, heard));
  const { head, connection } = heard;
  const headers = endToEnd(head.rawHeaders);
  if (connection !== undefined && wanted.upgrade !== undefined) {
    const upgrade = valuesOf(head.rawHeaders, 'upgrade').join(', ');
    return { head: headText(head, [...headers, 'Connection', 'Upgrade', 'Upgrade', upgrade]), connection };
  }
  try {
    const coding = valuesOf(head.rawHeaders, 'transfer-encoding').join().toLowerCase();
    if (connection !== undefined || !['', 'chunked'].includes(coding))
      throw new Error(`answer: ${unreadable}`);
    begin({ asked, answer }, { status: head.statusCode ?? 0, phrase: head.statusMessage ?? '', headers });
  } catch {
    // Node writes no status line or header that it would not read itself.
    (connection ?? head).destroy();
    return instead(exchange, ownPage(502, `${formatTarget(wanted.target)}: ${unreadable}.`, protocolError));
  }
  answer.flushHeaders();
  return passBody(answer, heard);
}

/** Settles when the body has been passed on, or has broken off. */
function passBody(answer: ServerResponse, { head, broken }: Answered): Promise<Outcome> {
  return new Promise((resolve) => {
    if (broken.aborted) {
      resolve('broken');
      return;
    }
    broken.addEventListener('abort', () => {
      head.unpipe(answer);
      resolve('broken');
    });
    head.on('end', () => {
      if (answer.chunkedEncoding) answer.addTrailers(pairs(trailersIn(head.rawTrailers)));
    });
    answer.on('close', () => {
      resolve(answer.writableFinished ? 'answered' : 'broken');
    });
    head.pipe(answer);
  });
}

async function instead(exchange: Exchange, own: Answer): Promise<Outcome> {
  await respond(exchange, own);
  return 'answered';
}

interface Beginning {
  readonly status: number;
  readonly phrase: string;
  readonly headers: Headers;
}

/** The head of an answer. When the request is still coming, it is the last one: what follows may go on for ever. */
function begin(
  { asked, answer }: Pick<Exchange, 'asked' | 'answer'>,
  { status, phrase, headers }: Beginning,
): void {
  answer.sendDate = false;
  if (!asked.complete) answer.shouldKeepAlive = false;
  answer.writeHead(status, phrase, arranged(headers));
}

/** Our page for a target that could not be reached, or that left without an answer. */
function failureAnswer({ target }: Forwardable, { request, failure }: Failed): Answer {
  if (request.socket === null) return refusalAnswer(target, refusalOf(failure));
  const left = !(codeOf(failure) ?? '').startsWith('HPE_');
  const [words, error] = left
    ? (['it left without an answer', 'connection_terminated'] as const)
    : ([unreadable, protocolError] as const);
  return ownPage(502, `${formatTarget(target)}: ${words}.`, error);
}

/** An interim answer may be left out, and is when the client does not keep up (RFC 9110 §15.2). */
function passInterim({ asked, answer }: Exchange, interim: InformationEvent): void {
  if (asked.httpVersion !== '1.1' || answer.headersSent || asked.socket.writableNeedDrain) return;
  if (interim.statusCode === 100) answer.writeContinue();
  else asked.socket.write(headText(interim, endToEnd(interim.rawHeaders)));
}

function headText(
  { statusCode, statusMessage }: Pick<IncomingMessage, 'statusCode' | 'statusMessage'>,
  headers: Headers,
): string {
  const lines = pairs(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${statusCode ?? 0} ${statusMessage ?? ''}\r\n${lines.join('')}\r\n`;
}

/**
 * Once Node knows a Content-Length, it turns the Content-Disposition behind it into something else than it was when
 * it is not ASCII. The order of two different headers means nothing, so the length then goes last.
 */
function arranged(headers: Headers): string[] {
  const all = pairs(headers);
  const first = all.filter(([name]) => name.toLowerCase() !== 'content-length');
  const last = all.filter(([name]) => name.toLowerCase() === 'content-length');
  const foreign = first.some(
    ([name, value]) => name.toLowerCase() === 'content-disposition' && /[^ -~]/.test(value),
  );
  return (foreign ? [...first, ...last] : all).flat();
}

function pairs(headers: Headers): [name: string, value: string][] {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : []));
}
