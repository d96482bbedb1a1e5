/**
 * What an HTTP client is told when there is no answer of a target to pass on: a status, a word for programs
 * (`Proxy-Status`, RFC 9209) and a page of a few lines for people. No byte of a client is ever in it but a target that
 * has proved to be a plain name or an address.
 */
import { concat } from '../bytes.js';
import { formatTarget, type Target } from '../codec/address.js';
import type { Refusal } from '../errors.js';
import { refusalWords } from './refusal.js';

/** An answer of our own. */
export interface Answer {
  readonly status: Status;
  /** Name, value, name, value, …; beside those that describe the body. */
  readonly headers: readonly string[];
  readonly type: string;
  readonly body: string;
}

/** The statuses of our own answers, with their reason phrases (RFC 9110 §15). */
export const phrases = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  407: 'Proxy Authentication Required',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  504: 'Gateway Timeout',
  505: 'HTTP Version Not Supported',
} as const;

export type Status = keyof typeof phrases;

/** Status and error type (RFC 9209 §2.3) of each refusal (docs/raw-wire.md §6). */
const refusals = {
  'general-failure': [500, 'proxy_internal_error'],
  'not-allowed': [403, 'destination_ip_prohibited'],
  'network-unreachable': [502, 'destination_ip_unroutable'],
  'host-unreachable': [502, 'destination_ip_unroutable'],
  'name-not-resolved': [502, 'dns_error'],
  'connection-refused': [502, 'connection_refused'],
  'timed-out': [504, 'connection_timeout'],
  'command-not-supported': [501, 'http_request_denied'],
  'address-type-not-supported': [400, 'http_request_error'],
} as const satisfies Record<Refusal, readonly [status: Status, error: string]>;

/** The refusal behind an error type; of several with the same type the first, which is the plainer one. */
export const refusalErrors: ReadonlyMap<string | undefined, Refusal> = new Map(
  (Object.keys(refusals) as Refusal[]).reverse().map((refusal) => [refusals[refusal][1], refusal]),
);

/** What a person needs to hear beyond the few words. */
const morePage: Partial<Record<Refusal, string>> = {
  'general-failure':
    'the remote cannot be reached or met with trouble of its own; the log of halflight says more',
  'not-allowed':
    'not allowed by the rules of the remote, which go for private addresses and port 25, for example',
};

/** The page for a target that could not be reached. */
export function refusalAnswer(target: Target, reason: Refusal): Answer {
  const [status, error] = refusals[reason];
  return ownPage(
    status,
    `${formatTarget(target)} could not be reached: ${morePage[reason] ?? refusalWords[reason]}.`,
    error,
  );
}

/** The reply to a CONNECT whose target could not be reached. The connection ends after it. */
export function httpRefusal(target: Target, reason: Refusal): Uint8Array {
  return answerBytes(refusalAnswer(target, reason));
}

/** A page of ours: the status and one sentence. `error` is the word for programs; absent when nothing went wrong. */
export function ownPage(status: Status, sentence: string, error?: string): Answer {
  return {
    status,
    headers: error === undefined ? [] : ['Proxy-Status', `halflight; error=${error}`],
    type: 'text/plain; charset=utf-8',
    body: `${status} ${phrases[status]}\n${sentence}\nThis page is from halflight, the proxy on the way.\n`,
  };
}

/** The headers that describe the body of an answer, and its own. */
export function answerHeaders({ headers, type, body }: Answer): readonly string[] {
  const length = String(new TextEncoder().encode(body).length);
  return [...headers, 'Content-Type', type, 'Content-Length', length, 'Cache-Control', 'no-store'];
}

/** A whole answer after which the connection ends. */
export function answerBytes(answer: Answer): Uint8Array {
  const headers = [...answerHeaders(answer), 'Connection', 'close'];
  const lines = [`HTTP/1.1 ${answer.status} ${phrases[answer.status]}`];
  for (let at = 0; at < headers.length; at += 2) lines.push(`${headers[at] ?? ''}: ${headers[at + 1] ?? ''}`);
  const encoder = new TextEncoder();
  return concat([encoder.encode(`${lines.join('\r\n')}\r\n\r\n`), encoder.encode(answer.body)]);
}
