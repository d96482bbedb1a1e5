/**
 * Events as lines for people. A line of the compact form fits into 100 columns of a terminal, whatever is in it:
 *
 * ```
 *   09:07:15.124   12 asks    127.0.0.1:53412 → 8000 → example.com:443
 *   09:07:15.177   12 first   127.0.0.1:53412 ← 8000·41022 ← example.com:443  54 ms
 *   09:07:15.301   12 closed  127.0.0.1:53412 – 8000·41022 – example.com:443  ↑78 B ↓1.6 kB, target: end
 * ```
 *
 * Between the client and the target are our two ports. Times are those of the log, in UTC.
 */
import { formatTarget, type Target } from '../codec/address.js';
import { clip, clipMiddle, pad, shares, widthOf } from '../observe/columns.js';
import { type ConnectionFacts, nearName } from '../observe/connection.js';
import { escapeControls } from '../observe/escape.js';
import { bytesInWords } from '../observe/words.js';
import type { Direction, FlowCounts, HookEvent } from './hook.js';

type EventName = HookEvent['event'];
type EventOf<Name extends EventName> = Extract<HookEvent, { readonly event: Name }>;

/** What is said of one kind of event. */
interface Words {
  /** Which way things went; absent where that is of no matter. */
  readonly arrow?: Arrow;
  /** What is to be said behind the addresses. */
  readonly details: string;
}

type Arrow = '→' | '←' | '–';

interface Kind<Name extends EventName> {
  readonly word: string;
  /** As SGR parameters. */
  readonly color: string;
  readonly words: (event: EventOf<Name>) => Words;
}

const arrows = { up: '→', down: '←' } as const satisfies Record<Direction, Arrow>;

const kinds: { readonly [Name in EventName]: Kind<Name> } = {
  started: {
    word: 'started',
    color: '36',
    words: ({ role, listen }) => ({ details: `${role} on ${listen.join(', ')}` }),
  },
  stopped: { word: 'stopped', color: '36', words: ({ role }) => ({ details: role }) },
  accepted: {
    word: 'came',
    color: '32',
    words: ({ connection }) => ({ arrow: '→', details: askerOf(connection) }),
  },
  requested: {
    word: 'asks',
    color: '32',
    words: ({ connection }) => ({ arrow: '→', details: askerOf(connection) }),
  },
  dialed: { word: 'dialed', color: '32', words: ({ ms }) => ({ arrow: '→', details: `${ms} ms` }) },
  'first-byte': {
    word: 'first',
    color: '34',
    words: ({ direction, ms }) => ({ arrow: arrows[direction], details: `${ms} ms` }),
  },
  closed: {
    word: 'closed',
    color: '33',
    words: ({ up, down, by, why }) => ({
      arrow: '–',
      details: `↑${flow(up)} ↓${flow(down)}, ${by}: ${why}`,
    }),
  },
  error: {
    word: 'error',
    color: '31',
    words: ({ code, message }) => ({ details: `${code}: ${message}` }),
  },
  tick: {
    word: 'tick',
    color: '90',
    words: ({ open, up, down }) => ({
      details: `${open} open, ↑${bytesInWords(up)} ↓${bytesInWords(down)} in all`,
    }),
  },
};

/** How a kind of event reads; the table has the right row for each. */
function kindOf(event: HookEvent): Kind<EventName> {
  return kinds[event.event] as Kind<EventName>;
}

/** What went on, and behind a minus what was lost. */
function flow({ sent, unsent }: FlowCounts): string {
  return unsent === 0 ? bytesInWords(sent) : `${bytesInWords(sent)} −${bytesInWords(unsent)}`;
}

function askerOf({ protocol, command, transport, user }: ConnectionFacts): string {
  const words = [
    protocol,
    command === 'connect' ? undefined : command,
    transport === 'udp' ? 'UDP' : undefined,
    user,
  ];
  return words.filter((word) => word !== undefined).join(' ');
}

/** How lines are to look. */
export interface Look {
  readonly color: boolean;
  /** Whether reasons are told to their end, however long a compact line becomes. */
  readonly whole?: boolean;
}

/** Columns of a compact line. */
const compactColumns = 100;
/** What addresses get at least, and details at most. */
const detailColumns = 44;
/** What the target gets at most where it stands alone. */
const targetColumns = 30;

/** One line of at most 100 columns, but for reasons that are wanted whole. */
export function compactLine(event: HookEvent, { color, whole = false }: Look): string {
  const { word, color: shade, words } = kindOf(event);
  const said = words(event);
  const connection = 'connection' in event ? event.connection : undefined;
  const time = new Date(event.at).toISOString().slice(11, 23);
  const number = pad(connection === undefined ? '' : String(connection.id), 4, 'right');
  const front = `${time} ${number} ${pad(word, 7)}`;
  const details = escapeControls(said.details);
  const room = compactColumns - widthOf(front) - 1;
  const fit = (text: string, columns: number): string => (whole ? text : clip(text, columns));
  const painted = `${time} ${number} ${paint(pad(word, 7), color, shade)}`;
  if (connection === undefined) return `${painted} ${fit(details, room)}`;
  if (said.arrow === undefined) return `${painted} ${fit(alone(connection) + details, room)}`;
  if (details === '') return `${painted} ${path(connection, said.arrow, room)}`;
  const way = path(connection, said.arrow, room - 2 - Math.min(widthOf(details), detailColumns));
  return `${painted} ${way}  ${fit(details, room - 2 - widthOf(way))}`;
}

/** What was asked for, where there is more to say than who asked: the number tells that. */
function alone({ target }: ConnectionFacts): string {
  return target === undefined ? '' : `${clipMiddle(place(target), targetColumns)}  `;
}

/** `127.0.0.1:53412 → 8000·41022 → example.com:443` within so many columns. */
function path({ client, far, target }: ConnectionFacts, arrow: Arrow, columns: number): string {
  const ours = [client, far]
    .flatMap((ends) => (ends === undefined ? [] : clip(escapeControls(nearName(ends)), 12)))
    .join('·');
  const goal = target ?? far?.remote;
  const middle = goal === undefined ? ` ${arrow} ${ours}` : ` ${arrow} ${ours} ${arrow} `;
  const [from, to] = [place(client.remote), goal === undefined ? '' : place(goal)];
  const room = columns - widthOf(middle);
  const [left, right] = shares(widthOf(from), widthOf(to), room);
  return `${clipMiddle(from, left)}${middle}${clipMiddle(to, right)}`;
}

/** A client at a unix socket has no name. */
function place(target: Target): string {
  if (target.host === '') return 'unix';
  return escapeControls(target.port === 0 ? target.host : formatTarget(target));
}

/** The widths of what a wide line has of every event; more than fits pushes the rest to the right. */
const wideColumns = { id: 5, role: 7, transport: 3, word: 10, asks: 15, place: 21, target: 28 } as const;

/** One line with everything, in columns. */
export function wideLine(event: HookEvent, { color }: Look): string {
  const { color: shade, words } = kindOf(event);
  const said = words(event);
  const time = new Date(event.at).toISOString();
  const name = paint(pad(event.event, wideColumns.word), color, shade);
  const connection = 'connection' in event ? event.connection : undefined;
  const details = event.event === 'closed' ? closedDetails(event) : escapeControls(said.details);
  const { id, role, transport, asks, place: address, target } = wideColumns;
  if (connection === undefined) {
    return `${time} ${' '.repeat(id + role + transport + 3)}${name} ${details}`;
  }
  const { client, far, user } = connection;
  const arrow = said.arrow ?? '–';
  const asked = [connection.protocol, connection.command, user].filter((word) => word !== undefined);
  const goal = connection.target;
  const columns = [
    time,
    pad(String(connection.id), id, 'right'),
    pad(connection.role, role),
    connection.transport,
    name,
    pad(asked.length === 0 ? '-' : escapeControls(asked.join(' ')), asks),
    pad(place(client.remote), address),
    arrow,
    pad(place(client.local), address),
    arrow,
    pad(far === undefined ? '-' : place(far.local), address),
    arrow,
    pad(far === undefined ? '-' : place(far.remote), address),
    pad(goal === undefined ? '-' : place(goal), target),
    event.event === 'accepted' || event.event === 'requested' ? '' : details,
  ];
  return columns.join(' ').trimEnd();
}

/** `↑ 78 B in, 78 B out, 0 B lost  ↓ …  by target: end, 178 ms`. */
function closedDetails({ up, down, by, why, ms }: EventOf<'closed'>): string {
  const counts = ({ received, sent, unsent }: FlowCounts): string =>
    [
      `${pad(bytesInWords(received), 8, 'right')} in`,
      `${pad(bytesInWords(sent), 8, 'right')} out`,
      `${pad(bytesInWords(unsent), 8, 'right')} lost`,
    ].join(' ');
  return `↑${counts(up)} ↓${counts(down)} by ${pad(by, 9)} ${escapeControls(why)} ${ms} ms`;
}

function paint(text: string, color: boolean, shade: string): string {
  return color ? `\u001b[${shade}m${text}\u001b[0m` : text;
}
