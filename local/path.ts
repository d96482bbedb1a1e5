import { AuthError, codeOf, DialError, messageOf } from '../shared/errors.js';
import { isOwnTrouble } from '../shared/net/dial-errors.js';
import type { Wire } from '../shared/net/sealed.js';
import type { CheckResult, CheckStage, Observer } from '../shared/observe/events.js';
import { type DialerOptions, FarRefusal } from '../shared/outbound/outbound.js';
import { probe, type Tunnel } from '../shared/outbound/tunnel.js';
import { adviceOn } from './advice.js';

/** How long one check may take, ms: somebody waits in front of a terminal. */
const checkMs = 5_000;
/** A lost remote is looked for again after these pauses, the last one for ever, ms. */
const pausesMs = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000] as const;

/** Tries the path once. Never rejects. On the standard wire a server that closes without a word has done nothing wrong. */
export async function checkPath(tunnel: Tunnel, wire: Wire, signal: AbortSignal): Promise<CheckResult> {
  const startedAt = performance.now();
  const elapsed = (): number => Math.round(performance.now() - startedAt);
  const timeouts = {
    ...tunnel.timeouts,
    dialMs: Math.min(checkMs, tunnel.timeouts.dialMs),
    replyMs: Math.min(checkMs, tunnel.timeouts.replyMs),
  };
  try {
    const { open } = await probe({ ...tunnel, timeouts }, signal);
    return { ok: true, ms: elapsed(), verified: true, ...(!open && { wantsCredentials: true }) };
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const stage = stageOf(cause);
    const keyless = cause instanceof AuthError || codeOf(cause) === 'silence';
    const closed = stage === 'authenticate' && !keyless;
    if (wire === 'shadowsocks' && closed && !signal.aborted)
      return { ok: true, ms: elapsed(), verified: false };
    const { method } = tunnel.cipher;
    return { ok: false, stage, detail: messageOf(error), advice: adviceOn({ stage, cause, wire, method }) };
  }
}

/** How far it came, told by what ended it. */
function stageOf(cause: unknown): CheckStage {
  if (!(cause instanceof DialError)) return 'authenticate';
  return cause.code === 'name-not-resolved' ? 'resolve' : 'tcp';
}

/** Knows whether the remote is lost, says so once, and looks for it until it is back. */
export class PathWatch {
  readonly #check: () => Promise<CheckResult>;
  readonly #observer: Observer;
  #lost = false;
  #losses = 0;
  #stopped = false;
  #tries = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(check: () => Promise<CheckResult>, observer: Observer) {
    this.#check = check;
    this.#observer = observer;
  }

  /**
   * For a dial that begins now: call what comes back when the remote has answered it. The answer to a dial from before
   * the last loss may be an old one that was on its way, and says nothing of now.
   */
  begin(): () => void {
    const before = this.#losses;
    return () => {
      if (this.#losses === before) this.#works();
    };
  }

  /** A conversation could not be had. One that this computer had no means for says nothing of the remote. */
  fails(why: unknown): void {
    if (this.#lost || this.#stopped || isOwnTrouble(why)) return;
    this.#lost = true;
    this.#losses += 1;
    this.#tries = 0;
    this.#observer({ event: 'remote-lost', detail: messageOf(why) });
    this.#lookAgain();
  }

  /**
   * The same way out, watched: what it meets tells whether the remote can be reached. `proves`: whether what it brought
   * back is a sign of life.
   */
  watched<Asked, Got>(
    wayOut: (asked: Asked, options: DialerOptions) => Promise<Got>,
    proves: (got: Got) => boolean = () => true,
  ): (asked: Asked, options: DialerOptions) => Promise<Got> {
    return async (asked, options) => {
      const works = this.begin();
      try {
        const got = await wayOut(asked, options);
        if (proves(got)) works();
        return got;
      } catch (error) {
        // A refusal is the far end's own word: the path to it works.
        if (error instanceof FarRefusal || codeOf(error) === 'command-not-supported') works();
        // A dial that was given up says nothing of the path.
        else if (!options.signal.aborted) this.fails(error);
        throw error;
      }
    };
  }

  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #works(): void {
    if (!this.#lost || this.#stopped) return;
    this.#lost = false;
    clearTimeout(this.#timer);
    this.#observer({ event: 'remote-back' });
  }

  #lookAgain(): void {
    const pause = pausesMs[Math.min(this.#tries, pausesMs.length - 1)];
    this.#tries += 1;
    // A check from before the last loss may still come back and ask for this as well.
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const works = this.begin();
      void this.#check().then((result) => {
        if (result.ok) works();
        else if (this.#lost && !this.#stopped) this.#lookAgain();
      });
    }, pause);
  }
}
