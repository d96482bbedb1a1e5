import { DialError } from '../errors.js';
import { after } from './patience.js';

/** Settles as `lookup` does. Rejects with the reason of `signal`, or with DialError `timed-out`, when those are earlier. */
export function within<T>(lookup: Promise<T>, timeoutMs: number, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    const deadline = after(timeoutMs, () => {
      reject(new DialError('timed-out', `name: expected an address within ${timeoutMs} ms, got none`));
    });
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    void lookup.then(resolve, reject).finally(() => {
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
    });
  });
}
