/** Events for whoever has a half inside a program of their own. */
import type { ObservedEvent, Observer } from './events.js';

/** What a half emits: each event under its own name, with all that can be seen of it as the one argument. */
export type ObservedEvents = {
  readonly [Name in ObservedEvent['event']]: [event: Extract<ObservedEvent, { readonly event: Name }>];
};

/** What `EventEmitter` is to whoever only emits. */
interface Emitter {
  emit(name: string, event: ObservedEvent): boolean;
}

/**
 * Emits what is observed. A listener that throws must not break the conversation it hears of, and must not go unheard
 * either: its error is thrown again where no conversation is under way, and is an uncaught exception there, as that of
 * any listener of Node's.
 */
export function emitting(emitter: Emitter): Observer {
  return (event) => {
    try {
      emitter.emit(event.event, event);
    } catch (error) {
      queueMicrotask(() => {
        throw error;
      });
    }
  };
}
