/** Raw conversations with a remote, on a carrier that waits for one or on a new one (docs/raw-wire.md §2, §3). */
import { reservedTarget } from '../codec/address.js';
import { RequestSealer, ResponseOpener } from '../codec/stream.js';
import { codeOf } from '../errors.js';
import { Carrier, type CarrierEnds } from '../net/carrier.js';
import { HandshakeDriver } from '../net/drive.js';
import type { SealedStream } from '../net/sealed.js';
import type { FirstWord } from './first-words.js';
import { DeadCarrier, type DialerOptions, FarFailure, FarRefusal } from './outbound.js';
import { reach, type Tunnel } from './reach.js';

/** A conversation with the remote that has only just begun. */
export interface RawConversation {
  readonly stream: SealedStream;
  readonly driver: HandshakeDriver;
  readonly carrier: Carrier;
  /** The carrier was not opened for it, and may be dead: what shows that it is not. */
  readonly firstWord: FirstWord | undefined;
}

/** Errors of a carrier that others to the same remote will meet as well. */
const pathTroubles: ReadonlySet<string> = new Set([
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'timed-out',
]);

/** A carrier that has not said anything. Rejects as a `Dialer` does. */
export async function openCarrier(tunnel: Tunnel, options: DialerOptions): Promise<Carrier> {
  const { cipher, saltPrefix, environment, timeouts } = tunnel;
  const tcp = await reach(tunnel, options);
  const ends = (): CarrierEnds => {
    const sealer = new RequestSealer(cipher, reservedTarget, environment, { saltPrefix });
    return { sealer, opener: new ResponseOpener(cipher, sealer.salt, environment, { endMarks: true }) };
  };
  const broken = (error: Error): void => {
    if (pathTroubles.has(codeOf(error) ?? '')) tunnel.carriers?.drop(`one of them met ${error.message}`);
  };
  return new Carrier(tcp, ends, { environment, ageMs: timeouts.carrierAgeMs, broken });
}

/** Opens a conversation with the remote. Rejects with a DialError whose cause says what was wrong, or with the reason of `signal`. */
export async function openConversation(tunnel: Tunnel, options: DialerOptions): Promise<RawConversation> {
  const { remote, carriers } = tunnel;
  if (options.signal.aborted) throw new FarFailure(remote, options.signal.reason);
  const waiting = carriers?.take();
  if (waiting === undefined) return openNew(tunnel, options);
  const conversation = begin(tunnel, waiting);
  const { stream } = conversation;
  return { ...conversation, firstWord: carriers?.expect(waiting, () => stream.heard) };
}

/**
 * What `talk` brings in a conversation with the remote. If it took a carrier that had waited, and that was dead before
 * the remote had said a word, `talk` gets one more conversation, on a new carrier, unless it has said what must not be
 * said twice (docs/raw-wire.md §3). Rejects as `openConversation` and `talk` do, or with `DeadCarrier`.
 */
export async function converse<T>(
  tunnel: Tunnel,
  { repeatable, ...options }: DialerOptions & { readonly repeatable?: () => boolean },
  talk: (conversation: RawConversation) => Promise<T>,
): Promise<T> {
  const conversation = await openConversation(tunnel, options);
  try {
    return await talk(conversation);
  } catch (error) {
    if (options.signal.aborted || !wasDead(tunnel, conversation, error)) throw error;
    if (repeatable?.() === false) throw new DeadCarrier(tunnel.remote, error.cause);
    tunnel.carriers?.replayed();
    return talk(await openNew(tunnel, options, 'the one that had waited was dead'));
  }
}

/** Whether a conversation failed because its carrier had been dead all the time. Then the others that wait are given up. */
export function wasDead(
  { carriers }: Tunnel,
  { firstWord, stream }: RawConversation,
  error: unknown,
): error is FarFailure {
  if (firstWord === undefined || stream.heard || !isDeath(error)) return false;
  carriers?.drop('one of them was dead');
  return true;
}

/** What the remote says in `talk`. When it says nothing, or something else, the conversation is over. */
export async function answer<T>(
  { remote, carriers }: Tunnel,
  { stream, carrier, firstWord }: RawConversation,
  talk: Promise<T>,
): Promise<T> {
  try {
    const got = await talk;
    carriers?.answered(carrier);
    return got;
  } catch (error) {
    stream.abort();
    // It is there, and wants somebody to say who he is: no trouble of the path.
    if (codeOf(error) === 'denied') throw new FarRefusal('not-allowed', { cause: error });
    // Where the remote answers others meanwhile, what is silent is the way of this one carrier.
    if (codeOf(error) !== 'silence' || firstWord?.outlived !== true) throw new FarFailure(remote, error);
    carriers?.drop('a later one is silent', carrier);
    throw new DeadCarrier(remote, error);
  } finally {
    firstWord?.over();
  }
}

async function openNew(tunnel: Tunnel, options: DialerOptions, why?: string): Promise<RawConversation> {
  const carrier = await openCarrier(tunnel, options).catch((error: unknown) => {
    tunnel.carriers?.look();
    throw error;
  });
  tunnel.carriers?.opened(carrier, why);
  return begin(tunnel, carrier);
}

function begin({ carriers }: Tunnel, carrier: Carrier): RawConversation {
  const stream = carrier.converse((rest) => {
    if (rest.length > 0) carrier.tcp.abort();
    else if (carriers === undefined) carrier.tcp.close();
    else carriers.keep(carrier);
  });
  return { stream, driver: new HandshakeDriver(stream), carrier, firstWord: undefined };
}

/** Silence is none: the remote may have heard it all. */
function isDeath(error: unknown): error is FarFailure {
  return error instanceof FarFailure && codeOf(error.cause) !== 'silence';
}
