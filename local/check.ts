/** Trying the path to a server, once, for whoever wants to know whether it works and if not, why. */
import type { Target } from '../shared/codec/address.js';
import { AuthError, codeOf, DialError, messageOf } from '../shared/errors.js';
import { isOwnTrouble } from '../shared/net/dial-errors.js';
import type { Wire } from '../shared/net/sealed.js';
import type { CheckResult, CheckStage } from '../shared/observe/events.js';
import type { Tunnel } from '../shared/outbound/reach.js';
import { probe } from '../shared/outbound/tunnel.js';
import { adviceOn, type FailedCheck } from './advice.js';

const ownAdvice = 'this computer has no means for one more connection: raise its limit of open files';

/** How long one check may take, ms: somebody waits in front of a terminal. */
const checkMs = 5_000;

/** Tries the path once. Never rejects. On the standard wire a server that closes without a word has done nothing wrong. */
export async function checkPath(tunnel: Tunnel, wire: Wire, signal: AbortSignal): Promise<CheckResult> {
  const elapsed = stopwatch();
  try {
    const { open } = await probe(bounded(tunnel), signal);
    return { ok: true, ms: elapsed(), verified: true, ...(!open && { wantsCredentials: true }) };
  } catch (error) {
    const { cause, stage } = endOf(error);
    const keyless = cause instanceof AuthError || codeOf(cause) === 'silence';
    const closed = stage === 'authenticate' && !keyless;
    if (wire === 'shadowsocks' && closed && !signal.aborted)
      return { ok: true, ms: elapsed(), verified: false };
    return failed(error, { wire, method: tunnel.cipher.method });
  }
}

/** Tries the standard wire as far as `target`, a name server: it proves that the server takes our key. Never rejects. */
export async function checkThrough(
  tunnel: Tunnel,
  target: Target,
  signal: AbortSignal,
): Promise<CheckResult> {
  const elapsed = stopwatch();
  try {
    const { probeThrough } = await import('../shared/outbound/probe.js');
    await probeThrough(bounded(tunnel), target, signal);
    return { ok: true, ms: elapsed(), verified: true };
  } catch (error) {
    return failed(error, { wire: 'shadowsocks', method: tunnel.cipher.method, asked: target });
  }
}

function stopwatch(): () => number {
  const startedAt = performance.now();
  return () => Math.round(performance.now() - startedAt);
}

function bounded(tunnel: Tunnel): Tunnel {
  const { dialMs, replyMs } = tunnel.timeouts;
  const timeouts = {
    ...tunnel.timeouts,
    dialMs: Math.min(checkMs, dialMs),
    replyMs: Math.min(checkMs, replyMs),
  };
  return { ...tunnel, timeouts };
}

function failed(error: unknown, how: Omit<FailedCheck, 'stage' | 'cause'>): CheckResult {
  const end = endOf(error);
  const own = isOwnTrouble(error);
  return {
    ok: false,
    stage: end.stage,
    detail: messageOf(error),
    advice: own ? ownAdvice : adviceOn({ ...end, ...how }),
    ...(own && { ownTrouble: true }),
  };
}

/** How far it came, told by what ended it. */
function endOf(error: unknown): { readonly stage: CheckStage; readonly cause: unknown } {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof DialError)) return { stage: 'authenticate', cause };
  return { stage: cause.code === 'name-not-resolved' ? 'resolve' : 'tcp', cause };
}
