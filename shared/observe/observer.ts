/**
 * Events as lines. At the default level no line names a target or a client (docs/probes.md T-45): who reads a log of
 * level info learns how much happened, and what went wrong, but not where anybody went.
 */
import type { Target } from '../codec/address.js';
import { formatEnd } from './connection.js';
import { jsonLine } from './escape.js';
import type { ObservedEvent, Observer } from './events.js';
import { includesLevel, type Log, type LogFields, type LogLevel } from './log.js';
import { bytesInWords } from './words.js';

type EventName = ObservedEvent['event'];
type EventOf<Name extends EventName> = Extract<ObservedEvent, { readonly event: Name }>;

interface Line {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields?: LogFields;
}

/** How one kind of event reads. `targets` is whether the line may name the target. */
type LineOf<Name extends EventName> = (event: EventOf<Name>, targets: boolean) => Line;

const lines: { readonly [Name in EventName]: LineOf<Name> } = {
  opened: ({ id, role, transport, user }) => ({
    level: 'debug',
    message: 'opened',
    fields: { id, role, transport, user },
  }),
  granted: ({ id, target, bound, carrier }) => ({
    level: 'debug',
    message: 'granted',
    fields: { id, target: formatEnd(target), bound: formatEnd(bound), carrier },
  }),
  refused: ({ id, target, reason, at, why, detail }, targets) => ({
    level: 'info',
    message: 'refused',
    // The detail is made of what the dial met, so it may name the target as well.
    fields: targets ? { id, reason, at, why, target: textOf(target), detail } : { id, reason, at, why },
  }),
  bound: ({ id, target, bound }) => ({
    level: 'debug',
    message: 'bound',
    fields: { id, target: formatEnd(target), bound: formatEnd(bound) },
  }),
  associated: ({ id, bound }) => ({
    level: 'debug',
    message: 'associated',
    fields: { id, bound: formatEnd(bound) },
  }),
  denied: ({ id, protocol }) => ({
    level: 'info',
    message: 'denied a client without the right credentials',
    fields: { id, protocol },
  }),
  closed: ({ id, user, target, up, down, datagrams, ms, error }) => ({
    level: 'debug',
    message: 'closed',
    fields: {
      id,
      user,
      target: textOf(target),
      up,
      down,
      ...(datagrams && {
        datagramsUp: datagrams.up,
        datagramsDown: datagrams.down,
        dropped: datagrams.dropped,
      }),
      ms,
      error,
    },
  }),
  absorbed: ({ why }) => ({
    level: 'info',
    message: 'absorbed an opening that is not authentic',
    fields: { why },
  }),
  through: ({ id, server }) => ({ level: 'debug', message: 'through', fields: { id, server } }),
  managed: ({ port, detail }) => ({
    level: 'debug',
    message: 'the manager',
    fields: { port, detail },
  }),
  'remote-lost': ({ detail, server }) => ({
    level: 'warn',
    message: 'the remote cannot be reached',
    fields: { server, detail },
  }),
  'plugin-said': ({ plugin, line }) => ({
    level: 'debug',
    message: 'the plugin said',
    fields: { plugin, line },
  }),
  'remote-back': ({ server }) => ({ level: 'info', message: 'the remote is back', fields: { server } }),
  'servers-changed': ({ from, to, why }) => ({
    level: 'info',
    message: `${namesOf(from)} → ${namesOf(to)}: ${why}`,
  }),
  probed: ({ server, ms, smoothedMs }) => ({
    level: 'debug',
    message: 'the server works',
    fields: { server, ms, smoothedMs },
  }),
  carrier: ({ carrier, what, idle, why, server }) => ({
    level: 'debug',
    message: `carrier ${what}`,
    fields: { server, carrier, idle, why },
  }),
  carriers: ({ opened, warmed, reused, usedWarm, replayed, dropped }) => ({
    level: 'debug',
    message: 'the carriers of this run',
    fields: { opened, warmed, reused, usedWarm, replayed, dropped },
  }),
  subscription: ({ host, servers, added, removed, copied, bytesUsed, bytesRemaining }) => ({
    level: 'info',
    message: copied ? 'the servers of the subscription, as of last time' : 'the servers of the subscription',
    fields: {
      host,
      servers,
      added,
      removed,
      used: bytesUsed === undefined ? undefined : bytesInWords(bytesUsed),
      left: bytesRemaining === undefined ? undefined : bytesInWords(bytesRemaining),
    },
  }),
  'user-changed': ({ user, change }) => ({ level: 'info', message: `user ${change}`, fields: { user } }),
  warning: ({ detail }) => ({ level: 'warn', message: detail }),
};

/** An observer that says every event in `log`; targets only when its level is debug. */
export function logObserver(log: Log): Observer {
  const targets = log.level === 'debug';
  return (event) => {
    const { level, message, fields } = lineOf(event, targets);
    const { worker } = event;
    log[level](message, worker === undefined ? fields : { ...fields, worker });
  };
}

/** Whether there is anything to be read of an event at that level, in the log or in lines of JSON. */
export function isHeard(event: ObservedEvent, level: LogLevel): boolean {
  return !perConnection.has(event.event) || includesLevel(level, lineOf(event, false).level);
}

/**
 * What follows single connections, and so may name targets, as plugins may, and what comes all day: written at level
 * debug only.
 */
const perConnection: ReadonlySet<EventName> = new Set([
  'opened',
  'bound',
  'associated',
  'through',
  'granted',
  'refused',
  'closed',
  'plugin-said',
  'probed',
  'carrier',
  'carriers',
  'managed',
]);

/**
 * An observer that writes events as lines of JSON, one object each, targets as `host:port`. Those of single
 * connections are written at level debug only.
 */
export function jsonObserver(write: (line: string) => void, level: LogLevel): Observer {
  const all = includesLevel(level, 'debug');
  return (event) => {
    if (all || !perConnection.has(event.event)) write(eventLine(event));
  };
}

/** One event as one line of JSON. */
export function eventLine(event: ObservedEvent): string {
  return jsonLine({
    ...event,
    ...('target' in event ? { target: textOf(event.target) } : {}),
    ...('bound' in event ? { bound: formatEnd(event.bound) } : {}),
  });
}

function namesOf(servers: readonly string[]): string {
  return servers.length === 0 ? 'no server' : servers.join(', ');
}

function textOf(target: Target | undefined): string | undefined {
  return target === undefined ? undefined : formatEnd(target);
}

/** The table has a row for each name, and a row takes the event of its name; TypeScript cannot follow both at once. */
function lineOf(event: ObservedEvent, targets: boolean): Line {
  const read = lines[event.event] as (event: ObservedEvent, targets: boolean) => Line;
  return read(event, targets);
}
