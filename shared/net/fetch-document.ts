/**
 * A small document from a web server, as `https:` brings it: verified, whole, of a known size at most, and in time. What
 * this does not do is the point of it: there is no way to skip the verification (not by NODE_TLS_REJECT_UNAUTHORIZED
 * either), nothing is said about who asks, and no message shows more of an address than its host.
 *
 * `fetch` was the obvious way. It looks names up with getaddrinfo, which two dead names stall, it follows a redirect to
 * `http:`, and it unpacks what it gets without any limit.
 */
import { type IncomingMessage, request as requestPlain, type RequestOptions } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isIPv6, type LookupFunction, type TcpSocketConnectOpts } from 'node:net';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createBrotliDecompress, createGunzip } from 'node:zlib';
import { AuthError, codeOf, DialError, ProtocolError, StoppedError } from '../errors.js';
import { refusalOf } from './dial-errors.js';
import type { Resolver } from './resolve.js';
import { isSafePath } from './safe-path.js';

/** What a server said about a version of a document, for asking whether it is still the same (RFC 9110 §8.8). */
export interface Validators {
  readonly etag?: string;
  readonly lastModified?: string;
}

export interface FetchedDocument {
  /** Unpacked. */
  readonly bytes: Uint8Array;
  readonly validators: Validators;
}

export interface FetchOptions {
  readonly resolver: Resolver;
  /** Gives up with a StoppedError. */
  readonly signal: AbortSignal;
  /** How many bytes the document may have, packed and unpacked. */
  readonly maxBytes: number;
  /** Those of the version that is at hand; without it there is always a document. */
  readonly known?: Validators | undefined;
  /** Who is trusted instead of those whom Node trusts (which are also those in NODE_EXTRA_CA_CERTS), as PEM. */
  readonly ca?: string | undefined;
  /** For all of it: redirects, answer, document. 30 s by default. */
  readonly deadlineMs?: number;
}

const maxRedirects = 5;
const defaultDeadlineMs = 30_000;
/** When a name has several addresses: how long one is waited for. Node's 250 ms would cut off every slow path. */
const addressMs = 4_000;

/**
 * The document at `url`, which is `https:`, or `http:` on this machine; `unchanged` when it is still the known one.
 *
 * DialError: there was no answer, `timed-out` when all of it took too long. AuthError: the server is not who it should
 * be. ProtocolError: an answer that is no document, or too large a one.
 */
export async function fetchDocument(url: URL, options: FetchOptions): Promise<FetchedDocument | 'unchanged'> {
  const { signal, deadlineMs = defaultDeadlineMs } = options;
  const giving = new AbortController();
  const giveUp = (): void => {
    giving.abort(new StoppedError('fetch: expected to go on, got told to stop'));
  };
  const deadline = setTimeout(() => {
    giving.abort(
      new DialError('timed-out', `fetch: expected all of it within ${deadlineMs / 1000} s, got less`),
    );
  }, deadlineMs);
  signal.addEventListener('abort', giveUp);
  if (signal.aborted) giveUp();
  try {
    const response = await follow(url, { ...options, signal: giving.signal });
    return await read(response, { ...options, signal: giving.signal });
  } catch (error) {
    throw giving.signal.aborted ? giving.signal.reason : asOurs(error);
  } finally {
    clearTimeout(deadline);
    signal.removeEventListener('abort', giveUp);
  }
}

/** The first answer that is no redirect. */
async function follow(start: URL, options: FetchOptions): Promise<IncomingMessage> {
  let url = start;
  for (let redirects = 0; ; redirects += 1) {
    const response = await ask(url, options);
    const { location } = response.headers;
    if (![301, 302, 303, 307, 308].includes(response.statusCode ?? 0) || location === undefined) {
      return response;
    }
    response.destroy();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (
      next === undefined ||
      !isSafePath(next) ||
      (url.protocol === 'https:' && next.protocol !== 'https:')
    ) {
      throw new ProtocolError('fetch: expected a redirect to https://, got another one');
    }
    if (redirects === maxRedirects) {
      throw new ProtocolError(`fetch: expected at most ${maxRedirects} redirects, got more`);
    }
    url = next;
  }
}

/** What a request hands on to its socket, and its type does not name. */
type SocketOptions = Pick<TcpSocketConnectOpts, 'autoSelectFamily' | 'autoSelectFamilyAttemptTimeout'>;

function ask(url: URL, { resolver, signal, known, ca }: FetchOptions): Promise<IncomingMessage> {
  const lookup: LookupFunction = (host, _options, answer) => {
    const told = (addresses: readonly string[]): void => {
      answer(
        null,
        addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
      );
    };
    resolver.resolve(host).then(told, (error: unknown) => {
      answer(error as NodeJS.ErrnoException, []);
    });
  };
  const secure = {
    // Said aloud, so that no variable can say otherwise.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(ca !== undefined && { ca }),
  } as const;
  const options: RequestOptions & SocketOptions = {
    agent: false,
    lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: addressMs,
    signal,
    insecureHTTPParser: false,
    headers: {
      Accept: 'application/json',
      'Accept-Encoding': Object.keys(decoders).join(', '),
      'User-Agent': 'halflight',
      ...(known?.etag !== undefined && { 'If-None-Match': known.etag }),
      ...(known?.lastModified !== undefined && { 'If-Modified-Since': known.lastModified }),
    },
  };
  return new Promise((resolve, reject) => {
    const asking =
      url.protocol === 'https:' ? requestSecure(url, { ...options, ...secure }) : requestPlain(url, options);
    asking.on('response', resolve);
    asking.on('error', reject);
    asking.end();
  });
}

/** What undoes each way of packing; anything else is not asked for. */
const decoders: Readonly<Record<string, () => Duplex>> = {
  gzip: createGunzip,
  br: createBrotliDecompress,
};

async function read(
  response: IncomingMessage,
  { known, maxBytes, signal }: FetchOptions,
): Promise<FetchedDocument | 'unchanged'> {
  const { statusCode: status = 0, headers } = response;
  try {
    if (status === 304 && known !== undefined) return 'unchanged';
    if (status !== 200) throw new ProtocolError(`fetch: expected status 200, got ${status}`);
    const packed = (headers['content-encoding'] ?? 'identity').toLowerCase();
    const decoder = Object.hasOwn(decoders, packed) ? decoders[packed] : undefined;
    if (decoder === undefined && packed !== 'identity') {
      throw new ProtocolError(`fetch: expected ${Object.keys(decoders).join(' or ')}, got another encoding`);
    }
    const pieces: Uint8Array[] = [];
    const keep = limited(maxBytes, (piece) => pieces.push(piece));
    if (decoder === undefined) await pipeline(response, keep, { signal });
    // A bomb is small before it goes off, but what never unpacks to anything may be endless.
    else await pipeline(response, passing(maxBytes), decoder(), keep, { signal });
    const { etag, 'last-modified': lastModified } = headers;
    return { bytes: Buffer.concat(pieces), validators: readValidators({ etag, lastModified }) };
  } finally {
    response.destroy();
  }
}

/** What can be said to a server again of what somebody says that it said. */
export function readValidators({ etag, lastModified }: Readonly<Record<string, unknown>>): Validators {
  const fit = (value: unknown): value is string =>
    typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value);
  return { ...(fit(etag) && { etag }), ...(fit(lastModified) && { lastModified }) };
}

type Pieces = AsyncIterable<Uint8Array>;

/** The end of a pipeline that takes at most `maxBytes`. */
function limited(maxBytes: number, take: (piece: Uint8Array) => void): (pieces: Pieces) => Promise<void> {
  return async (pieces) => {
    for await (const piece of passing(maxBytes)(pieces)) take(piece);
  };
}

function passing(maxBytes: number): (pieces: Pieces) => AsyncGenerator<Uint8Array> {
  return async function* (pieces) {
    let length = 0;
    for await (const piece of pieces) {
      length += piece.length;
      if (length > maxBytes) throw new ProtocolError(`fetch: expected at most ${maxBytes} bytes, got more`);
      yield piece;
    }
  };
}

/** What is wrong with a certificate, by Node's word for it. */
const doubts: ReadonlyMap<string, string> = new Map([
  ['CERT_HAS_EXPIRED', 'one that has expired'],
  ['CERT_NOT_YET_VALID', 'one that is not valid yet: check the clock of this computer'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'one for another host'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'one that the server made itself'],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'one from an issuer that is not trusted here (NODE_EXTRA_CA_CERTS names more)',
  ],
  ['UNABLE_TO_GET_ISSUER_CERT', 'one from an issuer that is not known here'],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'one from an issuer that is not known here'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'one from an issuer that is not known here'],
  ['CERT_REVOKED', 'one that was revoked'],
  ['CERT_SIGNATURE_FAILURE', 'one that is forged'],
]);

function asOurs(error: unknown): Error {
  if (error instanceof ProtocolError || error instanceof DialError) return error;
  const code = codeOf(error) ?? 'an unknown error';
  const doubt = doubts.get(code);
  if (doubt !== undefined) {
    return new AuthError(`fetch: expected a certificate that this computer trusts, got ${doubt}`, {
      cause: error,
    });
  }
  if (code.startsWith('Z_') || code.startsWith('ERR_BROTLI') || code.startsWith('ERR__ERROR')) {
    return new ProtocolError('fetch: expected a document as it was packed, got damaged bytes');
  }
  return new DialError(refusalOf(error), `fetch: expected an answer, got ${code}`, { cause: error });
}
