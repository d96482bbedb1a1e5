/** When something ends that has not come about: whoever wants it gives up, or the time is up. */
import { setMaxListeners } from 'node:events';
import { after } from './patience.js';

/** The time is up. */
export class OutOfTime extends Error {
  override readonly name = 'OutOfTime';

  constructor(ms: number) {
    super(`expected a connection within ${ms} ms, got none`);
  }
}

/** What ends something, with the reason. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** It has come about: time ends it no more. */
  met(): void;
  /** It is over: nothing of the deadline is left. */
  over(): void;
}

/**
 * Fires with the reason of `signals`, or with `OutOfTime` after `ms`, if that ends. Not `AbortSignal.any`: on Node 20 it leaves
 * something behind with a signal that lives on, each time.
 */
export function deadline(ms: number, ...signals: readonly AbortSignal[]): Deadline {
  const ending = new AbortController();
  const aborted = (): void => {
    ending.abort(signals.find((signal) => signal.aborted)?.reason);
  };
  for (const signal of signals) {
    // One may well end a thousand dials; Node warns from eleven on.
    setMaxListeners(0, signal);
    signal.addEventListener('abort', aborted);
  }
  if (signals.some((signal) => signal.aborted)) aborted();
  const timer = after(ms, () => {
    ending.abort(new OutOfTime(ms));
  });
  const met = (): void => {
    clearTimeout(timer);
  };
  return {
    signal: ending.signal,
    met,
    over: () => {
      met();
      for (const signal of signals) signal.removeEventListener('abort', aborted);
    },
  };
}
