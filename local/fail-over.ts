/**
 * One conversation, tried through one server after another until one takes it. What one of them says of the target is
 * the answer; only a server that cannot be reached, or does not answer, leads to the next.
 */
import { DialError } from '../shared/errors.js';
import { isOwnTrouble } from '../shared/net/dial-errors.js';
import { DeadCarrier, type DialerOptions, FarFailure, FarRefusal } from '../shared/outbound/outbound.js';

/** A server, as a conversation sees it. */
export interface Way<Ways> {
  readonly name: string;
  readonly ways: Ways;
  /** The same, for those that could still go elsewhere: they do not wait long for a connection. */
  readonly hurried: Ways;
  /** Whether the path to it works, asked now. Never rejects. */
  works(): Promise<boolean>;
  /** It could not be had. */
  fails(why: unknown): void;
}

/** A conversation that begins. */
export interface Beginning<Ways, Got> {
  /** Tries to bring it about. */
  readonly attempt: (ways: Ways, options: DialerOptions) => Promise<Got>;
  /** Whether it may be tried again; by default always. */
  readonly repeatable?: () => boolean;
  /** A server that has not answered for so long is doubted, ms. */
  readonly attemptMs: number;
  /** After so long no further server is tried, ms. */
  readonly patienceMs: number;
}

/**
 * What the first server brings that can be had, in the order of `servers`. The last one has all the time that a server
 * has which is the only one, and its failure is the failure. Rejects as a `Dialer` does.
 */
export async function failOver<Ways, Got>(
  servers: readonly Way<Ways>[],
  beginning: Beginning<Ways, Got>,
  { signal, through }: DialerOptions,
): Promise<Got> {
  const { attempt, repeatable, attemptMs, patienceMs } = beginning;
  const until = performance.now() + patienceMs - attemptMs;
  const tell = ({ name }: Way<Ways>): void => {
    if (servers.length > 1) through?.(name);
  };
  for (const [at, server] of servers.entries()) {
    const last = at === servers.length - 1 || performance.now() > until;
    try {
      const got = await (last
        ? attempt(server.ways, { signal })
        : doubting(server, { attempt, signal, attemptMs }));
      tell(server);
      return got;
    } catch (error) {
      if (error instanceof FarRefusal) tell(server);
      if (last || signal.aborted || !isLoss(error) || repeatable?.() === false) throw error;
      server.fails(error);
    }
  }
  throw new DialError('general-failure', 'servers: expected at least one, got none');
}

/** A dial that may take just as long is to fail by itself, ms. */
const laterMs = 50;

function isLoss(error: unknown): boolean {
  return (error instanceof FarFailure || error instanceof DeadCarrier) && !isOwnTrouble(error);
}

interface Doubting<Ways, Got> {
  readonly attempt: Beginning<Ways, Got>['attempt'];
  readonly signal: AbortSignal;
  readonly attemptMs: number;
}

/**
 * An attempt that does not wait for a server that is silent: it may be busy with a target that takes its time, or it
 * may be gone. Whether it still answers others tells the two apart.
 */
async function doubting<Ways, Got>(
  server: Way<Ways>,
  { attempt, signal, attemptMs }: Doubting<Ways, Got>,
): Promise<Got> {
  // A fifth of what AbortSignal.any costs. Some ways listen for as long as their conversation lasts, and so does this.
  const doubt = new AbortController();
  const leave = (): void => {
    doubt.abort(signal.reason);
  };
  if (signal.aborted) leave();
  else signal.addEventListener('abort', leave);
  const late = setTimeout(() => {
    void server.works().then((works) => {
      if (!works) doubt.abort(new DialError('timed-out', 'expected a sign of life, got silence'));
    });
  }, attemptMs + laterMs);
  try {
    return await attempt(server.hurried, { signal: doubt.signal });
  } finally {
    clearTimeout(late);
  }
}
