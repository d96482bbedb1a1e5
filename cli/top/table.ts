/** The table of `halflight top`, as lines of a terminal. */
import { clip, clipMiddle, pad, shares, widthOf } from '../../shared/observe/columns.js';
import type { Role } from '../../shared/observe/events.js';
import { escapeControls } from '../../shared/observe/escape.js';
import { bytesInWords, timeInWords } from '../../shared/observe/words.js';
import type { ServedProcess } from '../../shared/serve/control/table.js';
import { shortBytes, shortTime } from './amounts.js';
import { clientOf, portOf, targetOf } from './order.js';
import type { TopRow } from './rates.js';

const shortRoles = { forward: 'fwd', local: 'loc', remote: 'rem' } as const satisfies Record<Role, string>;

/** Columns of a terminal from which on words are not shortened. */
const roomy = 100;

/** The name of a unix socket takes no more. */
const mostPortColumns = 12;

/** A column with one width for all of its rows. */
interface Column {
  readonly title: string;
  readonly side: 'left' | 'right';
  readonly least: number;
  readonly cell: (row: TopRow) => string;
}

function columnsOf(wide: boolean): { readonly front: readonly Column[]; readonly back: readonly Column[] } {
  const left = (title: string, least: number, cell: Column['cell']): Column => ({
    title,
    side: 'left',
    least,
    cell,
  });
  const right = (title: string, least: number, cell: Column['cell']): Column => ({
    title,
    side: 'right',
    least,
    cell,
  });
  const rate = (amount: number | undefined): string => (amount === undefined ? '-' : shortBytes(amount));
  return {
    front: [
      right('ID', 4, ({ id, worker }) => (worker === undefined ? String(id) : `${worker}/${id}`)),
      left('ROLE', wide ? 7 : 4, ({ role }) => (wide ? role : shortRoles[role])),
      left('PORT', 5, (row) => clip(portOf(row), mostPortColumns)),
    ],
    back: [
      left('STATE', wide ? 7 : 5, ({ state, transport }) => {
        const word = wide ? state : state.slice(0, 4);
        return transport === 'udp' && state === 'open' ? 'udp' : word;
      }),
      right('↑/s', 4, ({ upRate }) => rate(upRate)),
      right('↓/s', 4, ({ downRate }) => rate(downRate)),
      right('↑', 4, ({ up }) => shortBytes(up)),
      right('↓', 4, ({ down }) => shortBytes(down)),
      right('AGE', 4, ({ ageMs }) => shortTime(ageMs)),
    ],
  };
}

/** What `rows` look like within so many columns: their titles, and a line each. */
export function tableLines(
  rows: readonly TopRow[],
  columns: number,
): { readonly titles: string; readonly lines: readonly string[] } {
  const { front, back } = columnsOf(columns >= roomy);
  const sized = (column: Column): Column & { readonly width: number } => ({
    ...column,
    width: Math.max(column.least, widest(column.title, rows.map(column.cell))),
  });
  const [first, last] = [front.map(sized), back.map(sized)];
  const fixed = [...first, ...last].reduce((sum, { width }) => sum + width + 1, 0);
  const clients = rows.map(clientOf);
  const targets = rows.map(targetOf);
  const [client, target] = shares(
    widest('CLIENT', clients),
    widest('TARGET', targets),
    Math.max(0, columns - fixed - 1),
  );
  const line = (cells: readonly string[]): string => cells.join(' ').trimEnd();
  const title = ({ title, width, side }: (typeof first)[number]): string => pad(title, width, side);
  return {
    titles: line([
      ...first.map(title),
      pad(clip('CLIENT', client), client),
      pad(clip('TARGET', target), target),
      ...last.map(title),
    ]),
    lines: rows.map((row, at) => {
      const cell = ({ cell: text, width, side }: (typeof first)[number]): string =>
        pad(text(row), width, side);
      return line([
        ...first.map(cell),
        pad(clipMiddle(clients[at] ?? '', client), client),
        pad(clipMiddle(targets[at] ?? '', target), target),
        ...last.map(cell),
      ]);
    }),
  };
}

function widest(title: string, cells: readonly string[]): number {
  return cells.reduce((width, cell) => Math.max(width, widthOf(cell)), widthOf(title));
}

/** `3 connections of 2 processes   ↑ 1.2 kB/s, 78 kB   ↓ …`: what they carry now, and have carried. */
export function totalsLine(rows: readonly TopRow[], processes: number): string {
  const sum = (amount: (row: TopRow) => number | undefined): string =>
    bytesInWords(rows.reduce((total, row) => total + (amount(row) ?? 0), 0));
  const count = (number: number, one: string, many: string): string =>
    `${number} ${number === 1 ? one : many}`;
  return [
    `${count(rows.length, 'connection', 'connections')} of ${count(processes, 'process', 'processes')}`,
    `↑ ${sum(({ upRate }) => upRate)}/s, ${sum(({ up }) => up)}`,
    `↓ ${sum(({ downRate }) => downRate)}/s, ${sum(({ down }) => down)}`,
  ].join('   ');
}

/** `forward 4711 on 127.0.0.1:8000, for 3 hours`. */
export function processLine({ role, pid, listen, uptimeMs, workers, silent }: ServedProcess): string {
  const several = workers === undefined ? '' : `, ${workers} workers`;
  const missing = silent === undefined ? '' : `, ${silent} of them without an answer`;
  const places = escapeControls(listen.join(', '));
  return `${role} ${pid} on ${places}${several}${missing}, for ${timeInWords(uptimeMs)}`;
}
