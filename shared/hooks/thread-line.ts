/** The half's end of the line to the thread of a hook: what it asks, and who waits for the answers. */
import type { MessagePort } from 'node:worker_threads';
import type { HookEvent } from './hook.js';
import type { Answer, Asked, FromThread, Observed, Questions, ToThread } from './thread-messages.js';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** So many events may wait for their observers: a hook that is slower than they come loses those behind. */
const mostEvents = 16_384;
/** So many observers may answer late. Of those before them it is not heard any more how they end. */
const mostLate = 1_024;

/** Questions and their answers. */
export class ThreadLine {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #asked = new Map<number, Waiting>();
  #lastAsked = 0;
  #closed: Error | undefined;

  /** Events that were not told yet, and who waits for what becomes of them, and of those that were. */
  #untold: HookEvent[] = [];
  #lastEvent = 0;
  readonly #observing = new Map<number, Waiting>();
  readonly #late = new Set<number>();
  #allObserved: (() => void) | undefined;

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  /** Rejects as it did there, and when the thread has ended. What is handed over belongs to the thread. */
  ask<Name extends keyof Questions>(
    name: Name,
    asked: Asked<Name>,
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<Answer<Name>> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    // What happened before is heard of before.
    this.#tellEvents();
    return this.#ask(name, asked, handedOver);
  }

  /** Tells of an event soon. Settles when it was observed. */
  observe(event: HookEvent): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    if (this.#observing.size - this.#late.size >= mostEvents) {
      return Promise.reject(
        new Error(`expected events to be observed as they come, got ${mostEvents} that wait`),
      );
    }
    if (this.#untold.length === 0) {
      setImmediate(() => {
        this.#tellEvents();
      });
    }
    this.#untold.push(event);
    this.#lastEvent += 1;
    const number = this.#lastEvent;
    return new Promise((resolve, reject) => {
      this.#observing.set(number, { resolve, reject });
    });
  }

  /** The connection is over: nothing is asked of it any more. */
  forget(id: number): void {
    if (this.#closed === undefined) this.#say({ kind: 'forget', id });
  }

  /** Settles when all events were observed, and all that was printed is out. */
  async finish(): Promise<void> {
    this.#tellEvents();
    // Those of them that are late settle by themselves.
    if (this.#observing.size > 0) {
      await new Promise<void>((resolve) => {
        this.#allObserved = resolve;
      });
    }
    await this.ask('finish', undefined);
  }

  hear(message: FromThread): void {
    if (message.kind === 'answer') this.#settle(message.number)?.resolve(message.value as never);
    if (message.kind === 'failure') this.#settle(message.number)?.reject(new Error(message.message));
    if (message.kind === 'observed') this.#observed(message.number, message.message);
  }

  /** Nothing that was asked is answered any more, and nothing that will be. */
  close(why: Error): void {
    this.#closed = why;
    this.#untold = [];
    for (const { reject } of [...this.#asked.values(), ...this.#observing.values()]) reject(why);
    this.#asked.clear();
    this.#observing.clear();
    this.#late.clear();
  }

  #tellEvents(): void {
    const events = this.#untold;
    if (events.length === 0) return;
    this.#untold = [];
    const first = this.#lastEvent - events.length + 1;
    this.#ask('observe', { first, events }).then(
      (observed) => {
        this.#heardOf(first, events.length, observed);
      },
      (error: unknown) => {
        for (let number = first; number < first + events.length; number += 1) {
          this.#observed(number, error instanceof Error ? error.message : String(error));
        }
      },
    );
  }

  #heardOf(first: number, count: number, { failed, late }: Observed): void {
    // Some may have come to their end before this was heard.
    for (const number of late) if (this.#observing.has(number)) this.#late.add(number);
    for (const { number, message } of failed) this.#observed(number, message);
    for (let number = first; number < first + count; number += 1) {
      if (!this.#late.has(number)) this.#observed(number);
    }
    for (const number of this.#late) {
      if (this.#late.size <= mostLate) break;
      this.#observed(number);
    }
  }

  #observed(number: number, message?: string): void {
    const waiting = this.#observing.get(number);
    this.#observing.delete(number);
    this.#late.delete(number);
    if (message === undefined) waiting?.resolve(undefined as never);
    else waiting?.reject(new Error(message));
    if (this.#observing.size === 0) this.#allObserved?.();
  }

  #settle(number: number): Waiting | undefined {
    const waiting = this.#asked.get(number);
    this.#asked.delete(number);
    return waiting;
  }

  #ask<Name extends keyof Questions>(
    name: Name,
    asked: Asked<Name>,
    handedOver: readonly ArrayBuffer[] = [],
  ): Promise<Answer<Name>> {
    this.#lastAsked += 1;
    const number = this.#lastAsked;
    return new Promise((resolve, reject) => {
      this.#asked.set(number, { resolve, reject });
      this.#say({ kind: 'ask', number, name, asked }, handedOver);
    });
  }

  #say(message: ToThread, handedOver: readonly ArrayBuffer[] = []): void {
    this.#port.postMessage(message, [...handedOver]);
  }
}
