/**
 * How a dial through proxies fails, for code and for people: a class by who said no, a code by what it means, the stage
 * it was met at, and the proxy's own number. The classes and their meanings are those that SocksiPy gave Python.
 */
import type { Target } from '../shared/codec/address.js';

/** How far it got: until the proxy is reached, has agreed on terms, lets us in, has the target. */
export type ProxyPhase = 'connect' | 'handshake' | 'auth' | 'request';

/**
 * What went wrong.
 *
 * What a proxy says of the target reads as the error of the system would: `ECONNREFUSED`, `EHOSTUNREACH`,
 * `ENETUNREACH`, `ETIMEDOUT`, `ENOTFOUND`. So these never mean the proxy itself: one that cannot be reached is
 * `ERR_PROXY_CONNECT`.
 */
export type ProxyErrorCode =
  /** A URI, a target or an option that cannot be used. */
  | 'ERR_PROXY_INPUT'
  /** A scheme that names no kind of proxy. */
  | 'ERR_PROXY_TYPE'
  /** This kind of proxy knows no such command. */
  | 'ERR_PROXY_UNSUPPORTED'
  /** The dialer was closed. */
  | 'ERR_PROXY_DISPOSED'
  /** The proxy cannot be reached; the `cause` says why. */
  | 'ERR_PROXY_CONNECT'
  /** The time is up; `phase` says what was waited for. */
  | 'ERR_PROXY_TIMEOUT'
  /** What came back is not the proxy's protocol. */
  | 'ERR_PROXY_PROTOCOL'
  /** The proxy ended the connection in the middle. */
  | 'ERR_PROXY_CLOSED'
  /** The proxy asks for a user and a password, and there are none. */
  | 'ERR_PROXY_AUTH_REQUIRED'
  /** The proxy takes none of the ways to authenticate that were offered. */
  | 'ERR_PROXY_AUTH_METHODS'
  /** The proxy does not know the user, or the password is wrong. */
  | 'ERR_PROXY_AUTH_FAILED'
  /** SOCKS4 replies 92 and 93: the proxy asks an identd of this computer, and hears nothing or another name. */
  | 'ERR_PROXY_IDENT'
  /** The proxy's rules do not allow it. */
  | 'ERR_PROXY_NOT_ALLOWED'
  /** The proxy does not know the command. */
  | 'ERR_PROXY_COMMAND'
  /** The proxy does not know this kind of address. */
  | 'ERR_PROXY_ADDRESS_TYPE'
  /** The proxy says no, and not why. */
  | 'ERR_PROXY_FAILURE'
  | 'ECONNREFUSED'
  | 'EHOSTUNREACH'
  | 'ENETUNREACH'
  | 'ETIMEDOUT'
  | 'ENOTFOUND';

/** What a `ProxyError` says beside its message. */
export interface ProxyFailure {
  readonly code: ProxyErrorCode;
  readonly phase?: ProxyPhase | undefined;
  readonly reply?: number | undefined;
  readonly proxy?: string | undefined;
  readonly target?: Target | undefined;
  readonly cause?: unknown;
}

/** A dial that failed. No message, field or stack of it holds a password or a key. */
export class ProxyError extends Error {
  override readonly name: string = 'ProxyError';
  readonly code: ProxyErrorCode;
  /** Undefined when nothing was dialled at all. */
  readonly phase: ProxyPhase | undefined;
  /** What the proxy answered: REP of SOCKS5 (RFC 1928 §6), CD of SOCKS4, the status of HTTP. */
  readonly reply: number | undefined;
  /** The proxy that failed, of several the one of them, without its password or key. */
  readonly proxy: string | undefined;
  /** What was to be reached; undefined when nothing was dialled, and for datagrams. */
  readonly target: Target | undefined;

  constructor(message: string, { code, phase, reply, proxy, target, cause }: ProxyFailure) {
    super(message, cause === undefined ? {} : { cause });
    this.code = code;
    this.phase = phase;
    this.reply = reply;
    this.proxy = proxy;
    this.target = target && { host: target.host, port: target.port };
  }
}

/**
 * What is no answer of a proxy: bad input, an unknown kind of proxy, one that cannot be reached, ends in the middle or
 * sends invalid data, the time that is up, and a target that was dialled directly.
 */
export class GeneralProxyError extends ProxyError {
  override readonly name: string = 'GeneralProxyError';
}

/** What a caller asked for cannot be. */
export function inputError(message: string): GeneralProxyError {
  return new GeneralProxyError(message, { code: 'ERR_PROXY_INPUT' });
}

/** What has been closed is used. */
export function disposedError(what: string): GeneralProxyError {
  const message = `${what}: expected an open one, got one that was closed`;
  return new GeneralProxyError(message, { code: 'ERR_PROXY_DISPOSED' });
}

/** A SOCKS4 proxy said no: `reply` is 91, 92 or 93. */
export class Socks4Error extends ProxyError {
  override readonly name: string = 'Socks4Error';
}

/** A SOCKS5 proxy, or a halflight remote, said no to a request: `reply` is 1 to 8, or another number of its own. */
export class Socks5Error extends ProxyError {
  override readonly name: string = 'Socks5Error';
}

/** A SOCKS5 proxy does not let us in: it asks for credentials, takes none of the methods, or does not know ours. */
export class Socks5AuthError extends ProxyError {
  override readonly name: string = 'Socks5AuthError';
}

/** An HTTP proxy said no to a CONNECT: `reply` is the status. */
export class HttpProxyError extends ProxyError {
  override readonly name: string = 'HttpProxyError';
}
