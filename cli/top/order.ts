/** Which rows are shown, and in which order. */
import { formatTarget } from '../../shared/codec/address.js';
import { formatEnd, nearName } from '../../shared/observe/connection.js';
import { escapeControls } from '../../shared/observe/escape.js';
import type { TopRow } from './rates.js';

/** Whoever asks, and what for, as a table says it. */
export function clientOf({ client }: TopRow): string {
  const { host, port } = client.remote;
  if (host === '') return 'unix';
  return escapeControls(port === 0 ? host : formatTarget({ host, port }));
}

/** Our port that the client came to. */
export function portOf({ client }: TopRow): string {
  return escapeControls(nearName(client));
}

export function targetOf({ target }: TopRow): string {
  if (target === undefined) return '';
  return escapeControls(target.port === 0 ? target.host : formatTarget(target));
}

/** What rows can be sorted by. */
export const sortKeys = [
  'rate',
  'up',
  'down',
  'age',
  'id',
  'role',
  'port',
  'client',
  'target',
  'state',
] as const;
export type SortKey = (typeof sortKeys)[number];

type Compare = (one: TopRow, other: TopRow) => number;

function descending(amount: (row: TopRow) => number): Compare {
  return (one, other) => amount(other) - amount(one);
}

function alphabetic(text: (row: TopRow) => string): Compare {
  return (one, other) => (text(one) < text(other) ? -1 : Number(text(one) > text(other)));
}

/** Amounts from the largest, words and numbers from the first. */
const sortings = {
  rate: descending(({ upRate = 0, downRate = 0 }) => upRate + downRate),
  up: descending(({ up }) => up),
  down: descending(({ down }) => down),
  age: descending(({ ageMs }) => ageMs),
  id: (one, other) => one.id - other.id,
  role: alphabetic(({ role }) => role),
  port: (one, other) => one.client.local.port - other.client.local.port || alphabetic(portOf)(one, other),
  client: alphabetic(clientOf),
  target: alphabetic(targetOf),
  state: alphabetic(({ state }) => state),
} as const satisfies Record<SortKey, Compare>;

/** The key behind this one, and behind the last the first. */
export function nextSortKey(key: SortKey): SortKey {
  return sortKeys[(sortKeys.indexOf(key) + 1) % sortKeys.length] ?? key;
}

/** Those that `filter` is in, whatever its case; of equal rows those of the lower number first. */
export function arrange(rows: readonly TopRow[], sort: SortKey, filter: string): readonly TopRow[] {
  const compare: Compare = sortings[sort];
  return rows
    .filter((row) => isShown(row, filter))
    .sort((one, other) => compare(one, other) || one.pid - other.pid || one.id - other.id);
}

export function isShown(row: TopRow, filter: string): boolean {
  return wordsOf(row).toLowerCase().includes(filter.toLowerCase());
}

/** All words of a row that somebody may look for. */
function wordsOf(row: TopRow): string {
  const { id, role, state, transport, protocol, user, through, client } = row;
  const port = formatEnd(client.local);
  const words = [id, role, state, transport, protocol, user, through, port, clientOf(row), targetOf(row)];
  return words.filter((word) => word !== undefined).join(' ');
}
