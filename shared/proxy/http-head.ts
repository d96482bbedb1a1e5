/**
 * Heads of HTTP messages, as the flat list of names and values that Node's parser makes: what a proxy takes out of
 * them, and how it judges a request before anybody is asked to answer it. What passes keeps its order, its spelling
 * and its duplicates.
 */
import type { Target } from '../codec/address.js';
import { type Answer, ownPage, type Status } from './http-refusal.js';
import { readAbsolute } from './http-target.js';

/** Name, value, name, value, …, each text a byte string (Latin-1). */
export type Headers = readonly string[];

/** The head of a request, parsed but not judged. */
export interface RequestHead {
  readonly method: string;
  /** The request target as it was sent. */
  readonly url: string;
  readonly httpVersion: string;
  readonly rawHeaders: Headers;
}

/** A request that can be passed on. */
export interface Forwardable {
  readonly target: Target;
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  /** What the client wants to go on with instead of HTTP (RFC 9110 §7.8). */
  readonly upgrade: string | undefined;
  /** Whether a body comes behind it. */
  readonly body: boolean;
}

/** More headers than any browser sends. */
const mostHeaders = 100;

/** About this connection only, or about the way the body is framed on it (RFC 9110 §7.6.1, RFC 9112 §7.1). */
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** What no `Connection` header may take out: without them the far end would see another message than we do. */
const indispensable: ReadonlySet<string> = new Set(['content-length', 'host']);

/** Methods that Node sends as they are when nothing is said of a body; to all others it would give an empty one. */
const lengthless: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS']);

/** The methods that RFC 9110 §9.3 names and a client may use here. */
const allowed = 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS, CONNECT';

/** All values under a name, which is given in lower case. */
export function valuesOf(headers: Headers, name: string): readonly string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
}

/** The headers that are meant for the far end, not for this hop. */
export function endToEnd(headers: Headers): string[] {
  const named = new Set(tokens(valuesOf(headers, 'connection')));
  return filtered(headers, (name) => {
    return !hopByHop.has(name) && (indispensable.has(name) || !named.has(name));
  });
}

/** The trailers that are meant for the far end: none that would have had to be in the head (RFC 9110 §6.5.1). */
export function trailersIn(trailers: Headers): string[] {
  return filtered(endToEnd(trailers), (name) => !indispensable.has(name));
}

/** What a proxy of any kind asks of the head of a request; the answer when that is not met. */
export function judgeHead({ method, httpVersion, rawHeaders }: RequestHead): Answer | undefined {
  if (rawHeaders.length / 2 > mostHeaders) {
    return fault(431, `headers: expected at most ${mostHeaders}, got ${rawHeaders.length / 2}`);
  }
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return fault(505, 'version: expected HTTP/1.1 or HTTP/1.0, got another');
  const hosts = valuesOf(rawHeaders, 'host').length;
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1'))
    return fault(400, `Host: expected one, got ${hosts}`);
  const codings = valuesOf(rawHeaders, 'transfer-encoding');
  const lengths = valuesOf(rawHeaders, 'content-length');
  if (method === 'CONNECT' && codings.length + lengths.length > 0)
    return fault(400, 'CONNECT: expected no body, got one');
  if (codings.length > 0 && (httpVersion === '1.0' || lengths.length > 0)) {
    return fault(400, 'body: expected one framing, got two');
  }
  if (codings.length > 0 && codings.join().toLowerCase() !== 'chunked') {
    return fault(501, 'Transfer-Encoding: expected chunked, got another');
  }
  return undefined;
}

/** What is to be sent to the target of a request in absolute form, or our own answer to it. */
export function judgeRequest(head: RequestHead): Forwardable | Answer {
  const { method, url, rawHeaders, httpVersion } = head;
  if (method === 'TRACE')
    return notAllowed('TRACE: expected another method, for it shows what was sent here');
  if (url === '*') return notAllowed('OPTIONS: expected a URI, for the proxy has no options of its own');
  const asked = readAbsolute(url);
  if ('complaint' in asked) return fault(400, asked.complaint);
  const hops = method === 'OPTIONS' ? valuesOf(rawHeaders, 'max-forwards')[0] : undefined;
  if (hops === '0') return { ...ownPage(200, 'Max-Forwards ended here.'), headers: ['Allow', allowed] };
  const upgrade = httpVersion === '1.1' ? wantedUpgrade(rawHeaders) : undefined;
  const body = hasBody(rawHeaders);
  return {
    target: asked.target,
    method,
    path: pathOf(method, asked.path),
    headers: [
      ...withHost(endToEnd(rawHeaders), asked.authority).map(fewerHops(hops)),
      ...framing(head, body),
      ...(upgrade === undefined ? [] : ['Connection', 'Upgrade', 'Upgrade', upgrade]),
    ],
    upgrade,
    body,
  };
}

/** Our own answer to a request that cannot be passed on. */
export function fault(status: Status, complaint: string): Answer {
  return ownPage(status, `${complaint}.`, 'http_request_error');
}

function notAllowed(complaint: string): Answer {
  const answer = ownPage(405, `${complaint}.`, 'http_request_denied');
  return { ...answer, headers: [...answer.headers, 'Allow', allowed] };
}

/** A URI without a path means `/`, and the whole server when its options are asked for (RFC 9112 §3.2.4). */
function pathOf(method: string, path: string): string {
  if (path === '' && method === 'OPTIONS') return '*';
  return path.startsWith('/') ? path : `/${path}`;
}

/** `Host` says what the URI says, whatever it said before, and where it stood (RFC 9112 §3.2.2). */
function withHost(headers: string[], authority: string): string[] {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text.toLowerCase() === 'host');
  return at < 0 ? ['Host', authority, ...headers] : headers.toSpliced(at + 1, 1, authority);
}

/** One hop less on the way of an OPTIONS (RFC 9110 §7.6.2). */
function fewerHops(hops: string | undefined): (text: string, at: number, headers: string[]) => string {
  if (hops === undefined || !/^\d{1,9}$/.test(hops)) return (text) => text;
  return (text, at, headers) =>
    at % 2 === 1 && headers[at - 1]?.toLowerCase() === 'max-forwards' ? String(Number(hops) - 1) : text;
}

/** What has to be said of the body beside its own Content-Length, which is passed on. */
function framing({ method, rawHeaders }: RequestHead, body: boolean): Headers {
  if (valuesOf(rawHeaders, 'transfer-encoding').length > 0) return ['Transfer-Encoding', 'chunked'];
  if (body || lengthless.has(method) || valuesOf(rawHeaders, 'content-length').length > 0) return [];
  return ['Content-Length', '0'];
}

function hasBody(headers: Headers): boolean {
  const length = valuesOf(headers, 'content-length')[0];
  return valuesOf(headers, 'transfer-encoding').length > 0 || (length !== undefined && Number(length) > 0);
}

function wantedUpgrade(headers: Headers): string | undefined {
  const wanted = valuesOf(headers, 'upgrade');
  const named = tokens(valuesOf(headers, 'connection')).includes('upgrade');
  return wanted.length > 0 && named ? wanted.join(', ') : undefined;
}

/** The members of a list field, in lower case (RFC 9110 §5.6.1). */
function tokens(values: readonly string[]): readonly string[] {
  return values.flatMap((value) => value.split(',')).map((token) => token.trim().toLowerCase());
}

function filtered(headers: Headers, keep: (name: string) => boolean): string[] {
  return headers.filter((_, at) => keep((headers[at - (at % 2)] ?? '').toLowerCase()));
}
