/** The hooks of one half, all together: who is told what, who is asked, and what becomes of those that fail. */
import type { ConnectionFacts } from '../observe/connection.js';
import type { Role } from '../observe/events.js';
import { escapeControls } from '../observe/escape.js';
import { GuardedHook, type HookFailure, type NamedHook } from './guarded-hook.js';
import type { HookEvent } from './hook.js';
import { type Around, HookedVisit } from './hooked-visit.js';
import type { HookedConnection, Hooks } from './hooks.js';
import { defaultLimits, type HookLimits } from './limits.js';

export interface HooksOptions {
  readonly role: Role;
  /** Told, once for each hook and place, what went wrong. */
  readonly warn: (detail: string) => void;
  readonly limits?: Partial<HookLimits>;
}

/** The hooks of one half, asked in this order. */
export function createHooks(hooks: readonly NamedHook[], { role, warn, limits }: HooksOptions): Hooks {
  return new HookList(hooks, { role, warn, limits: { ...defaultLimits, ...limits } });
}

class HookList implements Hooks, Around {
  readonly role: Role;
  readonly limits: HookLimits;
  readonly all: readonly GuardedHook[];
  readonly #warn: (detail: string) => void;
  readonly #reported = new Set<string>();
  readonly #open = new Map<number, HookedVisit>();
  /** Bytes of connections that are closed. */
  #up = 0;
  #down = 0;
  #started = false;
  #ticks: NodeJS.Timeout | undefined;
  #stopping: Promise<void> | undefined;

  constructor(
    hooks: readonly NamedHook[],
    { role, warn, limits }: Required<HooksOptions> & { readonly limits: HookLimits },
  ) {
    this.role = role;
    this.limits = limits;
    this.#warn = warn;
    this.all = hooks.map(
      (hook) =>
        new GuardedHook(hook, limits, (failure) => {
          this.#failed(failure);
        }),
    );
  }

  started(listen: readonly string[]): void {
    this.#started = true;
    this.tell('started', () => ({
      event: 'started',
      at: Date.now(),
      role: this.role,
      listen: Object.freeze([...listen]),
    }));
    if (this.#stopping !== undefined || !this.#observed('tick')) return;
    this.#ticks = setInterval(() => {
      this.tell('tick', () => ({ event: 'tick', at: Date.now(), open: this.#open.size, ...this.#bytes() }));
    }, this.limits.tickMs);
    this.#ticks.unref();
  }

  accept(facts: () => ConnectionFacts, cut: (reason: Error) => void): HookedConnection {
    const connection = new HookedVisit(this, facts, cut);
    this.#open.set(connection.id, connection);
    return connection;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    clearInterval(this.#ticks);
    for (const connection of [...this.#open.values()]) connection.giveUp();
    if (!this.#started) return;
    const event = Object.freeze({ event: 'stopped', at: Date.now(), role: this.role } as const);
    // Some have files to close.
    await Promise.all(this.all.map((hook) => hook.tellLast(event)));
  }

  // What its connections need.

  tell(name: HookEvent['event'], event: () => HookEvent, except?: GuardedHook): void {
    if (!this.#observed(name)) return;
    const told = Object.freeze(event());
    for (const hook of this.all) if (hook !== except) hook.tell(told);
  }

  forget(connection: HookedVisit): void {
    this.#open.delete(connection.id);
    const { up, down } = connection.bytes;
    this.#up += up;
    this.#down += down;
  }

  #observed(name: HookEvent['event']): boolean {
    return this.all.some((hook) => hook.observes(name));
  }

  #bytes(): { readonly up: number; readonly down: number } {
    let [up, down] = [this.#up, this.#down];
    for (const { bytes } of this.#open.values()) {
      up += bytes.up;
      down += bytes.down;
    }
    return { up, down };
  }

  #failed({ hook, place, detail, connection }: HookFailure): void {
    const which = connection === undefined ? '' : `; connection ${connection.id}`;
    const key = `${String(this.all.indexOf(hook))} ${place}`;
    const message = escapeControls(`hook ${hook.name}: ${place}: ${detail}${which}`);
    if (!this.#reported.has(key)) {
      this.#reported.add(key);
      this.#warn(message);
      const about = connection === undefined ? {} : { connection };
      this.tell('error', () => ({ event: 'error', at: Date.now(), ...about, code: 'hook', message }), hook);
    }
    // What was to be admitted is denied instead.
    if (connection !== undefined && hook.failClosed && place !== 'admit')
      this.#open.get(connection.id)?.cut(message);
  }
}
