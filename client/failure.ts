/** From what the rings below throw to what a caller of the library gets. */
import { formatTarget, type Target } from '../shared/codec/address.js';
import {
  AuthError,
  ConfigError,
  DialError,
  messageOf,
  ProtocolError,
  type Refusal,
} from '../shared/errors.js';
import { OutOfTime } from '../shared/net/deadline.js';
import { HopError, type HopFault, type HopProtocol } from '../shared/outbound/hop.js';
import { ProxySchemeError } from '../shared/config/proxy-uri.js';
import {
  GeneralProxyError,
  HttpProxyError,
  ProxyError,
  type ProxyErrorCode,
  type ProxyFailure,
  Socks4Error,
  Socks5AuthError,
  Socks5Error,
} from './proxy-error.js';

type Kind = new (message: string, failure: ProxyFailure) => ProxyError;

/** What a refusal means to somebody who asks with `error.code`. */
const codesByRefusal: Readonly<Record<Refusal, ProxyErrorCode>> = {
  'general-failure': 'ERR_PROXY_FAILURE',
  'not-allowed': 'ERR_PROXY_NOT_ALLOWED',
  'network-unreachable': 'ENETUNREACH',
  'host-unreachable': 'EHOSTUNREACH',
  'name-not-resolved': 'ENOTFOUND',
  'connection-refused': 'ECONNREFUSED',
  'timed-out': 'ETIMEDOUT',
  'command-not-supported': 'ERR_PROXY_COMMAND',
  'address-type-not-supported': 'ERR_PROXY_ADDRESS_TYPE',
};

const codesByFault: Readonly<Record<Exclude<HopFault, 'refused'>, ProxyErrorCode>> = {
  unreachable: 'ERR_PROXY_CONNECT',
  invalid: 'ERR_PROXY_PROTOCOL',
  ended: 'ERR_PROXY_CLOSED',
  silence: 'ERR_PROXY_TIMEOUT',
  'auth-required': 'ERR_PROXY_AUTH_REQUIRED',
  'auth-methods': 'ERR_PROXY_AUTH_METHODS',
  'auth-failed': 'ERR_PROXY_AUTH_FAILED',
  unsupported: 'ERR_PROXY_UNSUPPORTED',
  input: 'ERR_PROXY_INPUT',
  'given-up': 'ERR_PROXY_TIMEOUT',
};

/** Replies that say: somebody should ask who we are, and cannot. */
const identReplies: readonly (number | undefined)[] = [92, 93];

interface Kinds {
  readonly auth: Kind;
  readonly refused: Kind;
}

/** A halflight remote is asked in SOCKS5, inside its tunnel. */
const kinds: Readonly<Record<HopProtocol, Kinds>> = {
  SOCKS4: { auth: Socks4Error, refused: Socks4Error },
  SOCKS5: { auth: Socks5AuthError, refused: Socks5Error },
  HTTP: { auth: HttpProxyError, refused: HttpProxyError },
  halflight: { auth: Socks5AuthError, refused: Socks5Error },
  Shadowsocks: { auth: GeneralProxyError, refused: GeneralProxyError },
  direct: { auth: GeneralProxyError, refused: GeneralProxyError },
};

/** What was dialled, and who may give up. */
export interface Dialled {
  readonly target?: Target | undefined;
  readonly signal?: AbortSignal | null | undefined;
}

/** What a dial rejects with: the reason of the caller's own `signal`, or a `ProxyError`. */
export function failureOf(error: unknown, { target, signal }: Dialled = {}): unknown {
  if (signal?.aborted === true) return signal.reason;
  if (error instanceof ProxyError) return error;
  if (error instanceof HopError) return hopFailure(error, target);
  if (error instanceof OutOfTime) {
    return general(error, { code: 'ERR_PROXY_TIMEOUT', phase: 'connect', target });
  }
  return inputFailure(error) ?? directFailure(error, target);
}

/** The same for what was wrong before anything was dialled. */
export function inputFailure(error: unknown): ProxyError | undefined {
  if (error instanceof ProxySchemeError) return general(error, { code: 'ERR_PROXY_TYPE' });
  if (error instanceof ConfigError || error instanceof ProtocolError) {
    return general(error, { code: 'ERR_PROXY_INPUT' });
  }
  return undefined;
}

/** A target that no proxy was asked for. */
function directFailure(error: unknown, target: Target | undefined): unknown {
  if (!(error instanceof DialError)) return error;
  return general(error, { code: codesByRefusal[error.code], phase: 'connect', target, cause: error.cause });
}

function hopFailure(error: HopError, target: Target | undefined): ProxyError {
  const { hop, phase, fault, reply, cause } = error;
  // Why it was given up: the dialer was closed.
  if (cause instanceof ProxyError) return cause;
  const known = kinds[hop.protocol];
  const message = telling(error, target);
  const beneath = cause instanceof HopError ? hopFailure(cause, undefined) : cause;
  const failure = { phase, reply, target, proxy: hop.name, cause: beneath };
  if (fault === 'refused') return new known.refused(message, { ...failure, code: refusedCode(error) });
  const code = cause instanceof AuthError ? 'ERR_PROXY_PROTOCOL' : codesByFault[fault];
  const kind = fault.startsWith('auth-') ? known.auth : GeneralProxyError;
  return new kind(message, { ...failure, code });
}

function refusedCode({ hop, reply, code }: HopError): ProxyErrorCode {
  if (hop.protocol === 'SOCKS4' && identReplies.includes(reply)) return 'ERR_PROXY_IDENT';
  return codesByRefusal[code];
}

function general(error: unknown, failure: ProxyFailure): ProxyError {
  return new GeneralProxyError(telling(error, failure.target), { cause: error, ...failure });
}

/** Somebody who dials many targets has to know which one it was. */
function telling(error: unknown, target: Target | undefined): string {
  return target === undefined ? messageOf(error) : `${formatTarget(target)}: ${messageOf(error)}`;
}
