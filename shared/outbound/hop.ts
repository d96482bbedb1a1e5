/** Proxies on the way to a target, and how one of them fails: who it was, at which stage, and what it said. */
import type { Target } from '../codec/address.js';
import { codeOf, DialError, messageOf, type Refusal } from '../errors.js';
import { refusalOf } from '../net/dial-errors.js';
import type { Credential } from '../proxy/socks5-auth.js';
import type { Dialer } from './outbound.js';

/** How far it got with a proxy: until it is reached, until it has agreed on terms, until it lets us in, until it has the target. */
export type HopPhase = 'connect' | 'handshake' | 'auth' | 'request';

/** What kind of proxy, in the words of messages. */
export type HopProtocol = 'SOCKS4' | 'SOCKS5' | 'HTTP' | 'halflight' | 'Shadowsocks' | 'direct';

/** How a proxy fails. */
export type HopFault =
  /** It cannot be reached. */
  | 'unreachable'
  /** What it says is not its protocol. */
  | 'invalid'
  /** It ended, or reset, in the middle. */
  | 'ended'
  /** It says nothing, for as long as it was given. */
  | 'silence'
  /** It asks for credentials, and there are none. */
  | 'auth-required'
  /** It takes none of the ways to say who is there. */
  | 'auth-methods'
  /** It does not know the user, or the password is another one. */
  | 'auth-failed'
  /** It says no; `reply` is its number for it. */
  | 'refused'
  /** This kind of proxy cannot do it. */
  | 'unsupported'
  /** It cannot be asked in this protocol: the target, the user or the password does not fit. */
  | 'input'
  /** It was not waited for any longer: the cause is the reason of the signal. */
  | 'given-up';

/** A proxy on the way, as far as messages name it. */
export interface HopName {
  readonly protocol: HopProtocol;
  /** Its URI without its secrets. */
  readonly name: string;
}

/** A proxy that speaks in clear words. */
export interface HopPlace extends HopName {
  readonly at: Target;
}

/** The same, of one that may ask who is there. */
export interface SocksPlace extends HopPlace {
  readonly credential?: Credential;
}

export interface HopTrouble {
  readonly phase: HopPhase;
  readonly fault: HopFault;
  /** `expected …, got …`, without a secret. */
  readonly message: string;
  /** Its own number: REP of SOCKS5, CD of SOCKS4, the status of HTTP. */
  readonly reply?: number | undefined;
  /** Of a refusal, what it means for the target. */
  readonly code?: Refusal;
  readonly cause?: unknown;
}

/** One proxy on the way failed. */
export class HopError extends DialError {
  readonly hop: HopName;
  readonly phase: HopPhase;
  readonly fault: HopFault;
  readonly reply: number | undefined;

  constructor(hop: HopName, trouble: HopTrouble) {
    const { phase, fault, message, reply, code, cause } = trouble;
    const options = cause === undefined ? {} : { cause };
    super(code ?? 'general-failure', `${hop.name}: ${message}`, options);
    // No more of it: what else it has may be a password, and errors are printed with all their fields.
    this.hop = { protocol: hop.protocol, name: hop.name };
    this.phase = phase;
    this.fault = fault;
    this.reply = reply;
  }
}

/** What somebody is about with a hop, until `signal` ends it. */
export interface HopStage {
  readonly hop: HopName;
  readonly phase: HopPhase;
  readonly signal: AbortSignal;
}

/** Codes of errors that say more than that what came makes no sense. */
const faults: ReadonlyMap<string | undefined, HopFault> = new Map<string | undefined, HopFault>([
  ['silence', 'silence'],
  ['truncated', 'ended'],
  ['denied', 'auth-failed'],
  ['ECONNRESET', 'ended'],
  ['EPIPE', 'ended'],
  ['config', 'input'],
]);

/**
 * What `work` brings, at that stage of a hop. Rejects with a HopError: this hop's, unless a hop before it made one. When
 * that says that it cannot reach this hop, this one is unreachable, and the other is the cause.
 */
export async function during<T>({ hop, phase, signal }: HopStage, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const unreached = phase === 'connect' && error instanceof HopError && error.fault === 'refused';
    if (error instanceof HopError && !unreached) throw error;
    throw new HopError(hop, { phase, ...troubleOf(phase, signal, error) });
  }
}

/** Reaches the proxy itself. Rejects as `during` does. */
export function reachHop(hop: HopPlace, over: Dialer, signal: AbortSignal): ReturnType<Dialer> {
  return during({ hop, phase: 'connect', signal }, over(hop.at, { signal }));
}

function troubleOf(phase: HopPhase, signal: AbortSignal, error: unknown): Omit<HopTrouble, 'phase'> {
  const cause = error;
  if (signal.aborted) {
    return { fault: 'given-up', message: `${phase}: ${messageOf(signal.reason)}`, cause: signal.reason };
  }
  const message = messageOf(error);
  if (phase !== 'connect') return { fault: faults.get(codeOf(error)) ?? 'invalid', message, cause };
  const code = refusalOf(error);
  return { fault: code === 'timed-out' ? 'silence' : 'unreachable', message, code, cause };
}
