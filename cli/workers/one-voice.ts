/** What several workers see of one thing, said once. */
import type { ObservedEvent, Observer } from '../../shared/observe/events.js';
import type { Log } from '../../shared/observe/log.js';
import type { ParentAnswers } from './orders.js';

/** A warning that has been said for one worker is not said for another within, ms. */
const sameWarningMs = 60_000;

/** Hears all workers. */
export interface OneVoice {
  /** A worker saw something. */
  readonly hear: (worker: number, event: ObservedEvent) => void;
  /** A worker has ended: what it knew of servers is nothing any more. */
  readonly left: (worker: number) => void;
}

type EventOf<Name extends ObservedEvent['event']> = Extract<ObservedEvent, { readonly event: Name }>;

/** Tells `observer` what has not been said yet. Every worker finds out by itself that a server is lost, or is back. */
export function oneVoice(observer: Observer): OneVoice {
  const warned = new Map<string, { readonly worker: number; readonly at: number }>();
  /** By the name of a server, the workers that have lost it. */
  const lost = new Map<string, Set<number>>();
  let active = '';

  const losersOf = (server = ''): Set<number> => {
    const losers = lost.get(server) ?? new Set();
    lost.set(server, losers);
    return losers;
  };
  const isNews = {
    warning: (worker, { detail }) => {
      const before = warned.get(detail);
      const now = performance.now();
      if (before !== undefined && before.worker !== worker && now - before.at < sameWarningMs) return false;
      for (const [text, { at }] of warned) if (now - at > sameWarningMs) warned.delete(text);
      warned.set(detail, { worker, at: now });
      return true;
    },
    'remote-lost': (worker, { server }) => {
      const losers = losersOf(server);
      return losers.add(worker).size === 1;
    },
    'remote-back': (worker, { server }) => {
      const losers = losersOf(server);
      return losers.delete(worker) && losers.size === 0;
    },
    'servers-changed': (_worker, { to }) => {
      const before = active;
      active = to.join('\n');
      return before !== active;
    },
  } satisfies { [Name in ObservedEvent['event']]?: (worker: number, event: EventOf<Name>) => boolean };

  const news = (worker: number, event: ObservedEvent): boolean => {
    if (!(event.event in isNews)) return true;
    const judge = isNews[event.event as keyof typeof isNews] as (
      worker: number,
      event: ObservedEvent,
    ) => boolean;
    return judge(worker, event);
  };
  return {
    hear: (worker, event) => {
      if (news(worker, event)) observer(event);
    },
    left: (worker) => {
      for (const losers of lost.values()) losers.delete(worker);
    },
  };
}

/** What a worker says that it has observed, with its number where everything is told. */
export function hearing(voice: OneVoice, log: Log, worker: number): ParentAnswers['observed'] {
  return (events) => {
    for (const event of events) voice.hear(worker, log.level === 'debug' ? { ...event, worker } : event);
  };
}
