/**
 * Errors, classed by who is at fault. The `code` of each is one stable word: the same in the log, in a metric
 * label and on the exception.
 */

/**
 * Why a request was not granted. A closed union between two tables: errno → refusal (shared/net/dial-errors.ts) and
 * refusal → reply of each protocol (shared/proxy).
 */
export type Refusal =
  | 'general-failure'
  | 'not-allowed'
  | 'network-unreachable'
  | 'host-unreachable'
  | 'name-not-resolved'
  | 'connection-refused'
  | 'timed-out'
  | 'command-not-supported'
  | 'address-type-not-supported';

/** The operator's mistake: a setting that cannot be used. The program ends with exit code 78. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly code = 'config';
  /** What else is wrong, when that was found at the same time. */
  readonly others: readonly ConfigError[];

  constructor(
    message: string,
    options: { readonly cause?: unknown; readonly others?: readonly ConfigError[] } = {},
  ) {
    super(message, options);
    this.others = options.others ?? [];
  }
}

/**
 * How a peer broke its protocol: by what it said, by saying nothing in time, by ending in the middle, or by coming
 * without the right credentials.
 */
export type ProtocolFault = 'protocol' | 'silence' | 'truncated' | 'denied';

/** The peer broke the protocol it speaks. Answered with that protocol's own refusal, then closed. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolFault;

  constructor(message: string, code: ProtocolFault = 'protocol') {
    super(message);
    this.code = code;
  }
}

/** Bytes that are not authentic: an impostor, a wrong key or a tampered stream. The peer is told nothing. */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: AuthFault;

  constructor(message: string, options: { readonly cause?: unknown; readonly code?: AuthFault } = {}) {
    super(message, options);
    this.code = options.code ?? 'auth';
  }
}

/** What was not authentic: the bytes, or only their time, or that they are new. The last two need the right key. */
export type AuthFault = 'auth' | 'clock' | 'replay';

/** The network's fault: a target or a remote could not be reached. */
export class DialError extends Error {
  override readonly name = 'DialError';
  readonly code: Refusal;

  constructor(code: Refusal, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** Nobody's fault: the service was told to stop, and did not wait for this any longer. */
export class StoppedError extends Error {
  override readonly name = 'StoppedError';
  readonly code = 'stopped';
}

/** Policy said no: a private target, a closed port, our own listener. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
  readonly code: Refusal = 'not-allowed';
}

/** The fault of a hook: it failed, and wants what it looks at to be cut then. */
export class HookError extends Error {
  override readonly name = 'HookError';
  readonly code = 'hook';
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** The code word of whatever was thrown: one of the classes above, or the system's errno. */
export function codeOf(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error) || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}
