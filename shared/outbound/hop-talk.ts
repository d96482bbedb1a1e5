/** What is said to a proxy that has been reached: handshakes, each at a stage of its own, over one stream. */
import type { Target } from '../codec/address.js';
import { messageOf, type Refusal } from '../errors.js';
import { HandshakeDriver } from '../net/drive.js';
import type { PushStream } from '../net/stream.js';
import type { Handshake } from '../proxy/handshake.js';
import { refusalWords } from '../proxy/refusal.js';
import type { FarReply } from '../proxy/request.js';
import {
  during,
  HopError,
  type HopName,
  type HopPhase,
  type HopPlace,
  type HopTrouble,
  reachHop,
} from './hop.js';
import type { Connected, Dialer } from './outbound.js';

/** A talk with one proxy. It has no time limit of its own: its signal ends it. Whatever fails in it, its stream is gone before anybody hears of it. */
export class HopTalk {
  readonly stream: PushStream;
  /** The IP address of the proxy, where nothing is in between. */
  readonly peer: string | undefined;
  readonly #hop: HopName;
  readonly #signal: AbortSignal;
  readonly #driver: HandshakeDriver;

  constructor(hop: HopName, { stream, peer }: Connected, signal: AbortSignal) {
    this.stream = stream;
    this.peer = peer;
    this.#hop = hop;
    this.#signal = signal;
    this.#driver = new HandshakeDriver(stream);
  }

  /** What `handshake` comes to. Rejects with a HopError of that phase. */
  async run<T>(phase: HopPhase, handshake: Handshake<T>): Promise<T> {
    return this.during(phase, this.#driver.run(handshake, Infinity, { signal: this.#signal }));
  }

  /** What it has bound for a SOCKS request that it answers with `granted`. Rejects with a HopError of phase `request`. */
  async ask(request: Handshake<FarReply>, granted: number): Promise<Target> {
    const { refusal, bound, bytes } = await this.run('request', request);
    if (refusal === undefined) return bound;
    // Both protocols have their number in the same place.
    throw this.refusal(refusal, { granted, reply: bytes[1] ?? granted });
  }

  /** What `work`, which belongs to that stage, comes to. Rejects with a HopError of that phase. */
  async during<T>(phase: HopPhase, work: Promise<T>): Promise<T> {
    try {
      const stage = { hop: this.#hop, phase, signal: this.#signal };
      return await during(stage, unlessAborted(work, this.#signal));
    } catch (error) {
      this.stream.abort();
      throw error;
    }
  }

  /** The error for what the proxy has said, once its stream is gone. */
  failure(trouble: HopTrouble): HopError {
    this.stream.abort();
    return new HopError(this.#hop, trouble);
  }

  /** The error for a request that it refused: with `reply` where it would have said `granted`. */
  refusal(
    refusal: Refusal,
    { granted, reply }: { readonly granted: number; readonly reply: number },
  ): HopError {
    const message = `${this.#hop.protocol} reply: expected ${granted}, got ${reply}: ${refusalWords[refusal]}`;
    return this.failure({ phase: 'request', fault: 'refused', message, reply, code: refusal });
  }

  /**
   * The stream, for whoever comes next, whenever that is: what came behind the last answer comes first, and more of it
   * waits until somebody is there.
   */
  handOver(): PushStream {
    const stream = this.#driver.handOver();
    stream.pause();
    return stream;
  }
}

/** A talk with a proxy that has granted what was asked of it, and what it has bound for that. */
export interface Granted {
  readonly talk: HopTalk;
  readonly bound: Target;
}

/** Reaches a proxy. Rejects with a HopError of phase `connect`. */
export async function talkTo(hop: HopPlace, over: Dialer, signal: AbortSignal): Promise<HopTalk> {
  return new HopTalk(hop, await reachHop(hop, over, signal), signal);
}

/** What `make` makes of what somebody asked for. Throws a HopError `input` of that phase for what cannot be said to that proxy. */
export function prepared<T>(hop: HopName, phase: HopPhase, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new HopError(hop, { phase, fault: 'input', message: messageOf(cause), cause });
  }
}

/** Whoever gave up has stopped listening: what arrived in the same moment would belong to nobody. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const got = await work;
  signal.throwIfAborted();
  return got;
}
