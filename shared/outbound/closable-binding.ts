/** How bindings end that somebody waits for: what opens one goes on to matter until its connection has come. */
import { DialError } from '../errors.js';
import { type Deadline, deadline } from '../net/deadline.js';
import type { Binding } from './outbound.js';

type Open = (signal: AbortSignal) => Promise<Omit<Binding, 'close'>>;

/** A binding that `signal` and `close` end at any stage. Rejects as `open` does. */
export async function closableBinding(signal: AbortSignal, open: Open): Promise<Binding> {
  const closing = new AbortController();
  const opened = await untilAccepted(deadline(Infinity, signal, closing.signal), open);
  return {
    ...opened,
    close: () => {
      closing.abort(new DialError('general-failure', 'binding: expected a connection, got closed'));
    },
  };
}

/** What `open` brings in the time of `limit`, whose signals hold until the connection has come. */
export async function untilAccepted<Opened extends Pick<Binding, 'accepted'>>(
  limit: Deadline,
  open: (signal: AbortSignal) => Promise<Opened>,
): Promise<Opened> {
  const over = (): void => {
    limit.over();
  };
  try {
    const opened = await open(limit.signal);
    limit.met();
    // It may break before anybody asks for it.
    opened.accepted.then(over, over);
    return opened;
  } catch (error) {
    over();
    throw error;
  }
}
