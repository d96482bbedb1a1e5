/** One hook, behind a wall: whatever it throws, returns or never answers stays on its side. */
import { ConfigError } from '../errors.js';
import type { ConnectionFacts } from '../observe/connection.js';
import { awaitAnswer, failure, forget, isLater, kindOf } from './answers.js';
import { checkFilters } from './filter-shape.js';
import type { ByteFilter, Hook, HookEvent, Verdict } from './hook.js';
import { eventNames } from './hook-shape.js';
import type { HookLimits } from './limits.js';

export interface NamedHook {
  readonly name: string;
  readonly hook: Hook;
}

/** Something that a hook did wrong, somewhere. */
export interface HookFailure {
  readonly hook: GuardedHook;
  /** As messages say it: `admit`, `on.closed`, `up.received`. */
  readonly place: string;
  readonly detail: string;
  /** Undefined: of none. */
  readonly connection: ConnectionFacts | undefined;
}

/** The filters of a connection. */
export interface Wanted {
  readonly up: ByteFilter | undefined;
  readonly down: ByteFilter | undefined;
}

/** Is told of each failure. */
export type Failed = (failure: HookFailure) => void;

export class GuardedHook {
  readonly name: string;
  readonly failClosed: boolean;
  /** Read once: a part of a stranger may be another one, or throw, when it is asked for again. */
  readonly #on: ReadonlyMap<HookEvent['event'], (event: HookEvent) => unknown>;
  readonly #admit: Hook['admit'];
  readonly #filter: Hook['filter'];
  readonly #failed: Failed;
  readonly #limits: HookLimits;

  constructor({ name, hook }: NamedHook, limits: HookLimits, failed: Failed) {
    this.name = name;
    this.failClosed = hook.failClosed === true;
    this.#on = observersOf(hook);
    this.#admit = hook.admit?.bind(hook);
    this.#filter = hook.filter?.bind(hook);
    this.#limits = limits;
    this.#failed = failed;
  }

  observes(name: HookEvent['event']): boolean {
    return this.#on.has(name);
  }

  get admits(): boolean {
    return this.#admit !== undefined;
  }

  get filters(): boolean {
    return this.#filter !== undefined;
  }

  /** Nobody waits for what an observer promises, but for how it fails. */
  tell(event: HookEvent): void {
    const observe = this.#on.get(event.event);
    if (observe === undefined) return;
    const connection = 'connection' in event ? event.connection : undefined;
    const failed = (thrown: unknown): void => {
      this.fail(`on.${event.event}`, failure(thrown), connection);
    };
    try {
      const returned = observe(event);
      if (isLater(returned)) returned.then(undefined, failed);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** Settles when it is told, and has done what it does then. */
  tellLast(event: Extract<HookEvent, { readonly event: 'stopped' }>): Promise<void> {
    return new Promise((resolve) => {
      const failed = (detail: string): void => {
        this.fail('on.stopped', detail, undefined);
        resolve();
      };
      try {
        const returned: unknown = this.#on.get('stopped')?.(event);
        if (isLater(returned))
          awaitAnswer(returned, this.#limits.stopMs, {
            came: () => {
              resolve();
            },
            failed,
          });
        else resolve();
      } catch (thrown) {
        failed(failure(thrown));
      }
    });
  }

  /** Whether a connection may go on as far as this hook is asked. Rejects with the reason of `signal` alone. */
  async admit(connection: ConnectionFacts, signal: AbortSignal): Promise<Verdict> {
    const answer = await this.#ask(connection, signal);
    if (answer !== 'failed') return answer;
    return this.failClosed ? 'deny' : 'allow';
  }

  #ask(connection: ConnectionFacts, signal: AbortSignal): Promise<Verdict | 'failed'> {
    return new Promise((resolve, reject) => {
      const failed = (detail: string): void => {
        this.fail('admit', detail, connection);
        resolve('failed');
      };
      const came = (answer: unknown): void => {
        if (answer === 'allow' || answer === 'deny') resolve(answer);
        else failed(`expected allow or deny, got ${kindOf(answer)}`);
      };
      try {
        const answer: unknown = this.#admit?.(connection);
        if (!isLater(answer)) {
          came(answer);
          return;
        }
        const give = awaitAnswer(answer, this.#limits.admitMs, {
          came: (value) => {
            signal.removeEventListener('abort', leave);
            came(value);
          },
          failed: (detail) => {
            signal.removeEventListener('abort', leave);
            failed(detail);
          },
        });
        const leave = (): void => {
          give();
          reject(signal.reason as Error);
        };
        signal.addEventListener('abort', leave, { once: true });
        if (signal.aborted) leave();
      } catch (thrown) {
        failed(failure(thrown));
      }
    });
  }

  /** What it answers to `filter`; undefined when it wants to see nothing, or failed. */
  filtersOf(connection: ConnectionFacts): Wanted | undefined {
    let filters: unknown;
    try {
      filters = this.#filter?.(connection);
    } catch (thrown) {
      this.fail('filter', failure(thrown), connection);
      return undefined;
    }
    try {
      checkFilters(filters);
      return filters && { up: readOnce(filters.up), down: readOnce(filters.down) };
    } catch (thrown) {
      forget(filters);
      const detail = thrown instanceof ConfigError ? thrown.message : failure(thrown);
      this.fail('filter', detail, connection);
      return undefined;
    }
  }

  fail(place: string, detail: string, connection: ConnectionFacts | undefined): void {
    this.#failed({ hook: this, place, detail, connection });
  }
}

function observersOf({ on }: Hook): ReadonlyMap<HookEvent['event'], (event: HookEvent) => unknown> {
  const observers = new Map<HookEvent['event'], (event: HookEvent) => unknown>();
  for (const name of eventNames) {
    const observe = on?.[name] as ((event: HookEvent) => unknown) | undefined;
    if (observe !== undefined) observers.set(name, observe.bind(on));
  }
  return observers;
}

function readOnce(filter: ByteFilter | undefined): ByteFilter | undefined {
  if (filter === undefined) return undefined;
  const received = filter.received?.bind(filter);
  const sent = filter.sent?.bind(filter);
  const ended = filter.ended?.bind(filter);
  return { ...(received && { received }), ...(sent && { sent }), ...(ended && { ended }) };
}
