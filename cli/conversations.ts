import type { Observer, Role } from '../shared/observe/events.js';
import { graceMs } from './life.js';
import { tidyAfterCrowds } from './tidy.js';

/** The conversations of one half, counted. */
export interface Conversations {
  /** Tells the observer that was given everything it hears. */
  readonly observer: Observer;
  /** How many are open now. */
  readonly open: () => number;
}

/** Counts what the half `role` has open. */
export function countConversations(role: Role, observer: Observer): Conversations {
  const ids = new Set<number>();
  const moved = tidyAfterCrowds();
  return {
    observer: (event) => {
      if (event.event === 'opened' || event.event === 'closed') moved();
      if (event.event === 'opened' && event.role === role && event.transport === undefined) ids.add(event.id);
      if (event.event === 'closed') ids.delete(event.id);
      observer(event);
    },
    open: () => ids.size,
  };
}

/** What to say at the first signal, so that nobody takes the wait for a hang. */
export function stoppingLine(open: number): string {
  if (open === 0) return 'stopping';
  const wait = `waiting up to ${graceMs / 1000} s for ${open} ${open === 1 ? 'conversation' : 'conversations'}`;
  return `stopping: ${wait}; a second signal ends at once`;
}
