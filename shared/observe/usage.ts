import type { ObservedEvent } from './events.js';

/** What one user has done so far. */
export interface Usage {
  readonly user: string;
  /** Those that have ended. */
  readonly conversations: number;
  /** Bytes from clients to targets. */
  readonly up: number;
  /** Bytes from targets to clients. */
  readonly down: number;
}

/** Adds up what the users of a remote do: memory for each user, none for a conversation. */
export class UsageCounter {
  readonly #users = new Map<string, Usage>();

  /** Hears every event. */
  observe(event: ObservedEvent): void {
    if (event.event !== 'closed' || event.user === undefined) return;
    const { user } = event;
    const { conversations, up, down } = this.#users.get(user) ?? { conversations: 0, up: 0, down: 0 };
    this.#users.set(user, {
      user,
      conversations: conversations + 1,
      up: up + event.up,
      down: down + event.down,
    });
  }

  /** Those who have been here, in the order in which they first left. */
  get users(): readonly Usage[] {
    return Array.from(this.#users.values());
  }
}
