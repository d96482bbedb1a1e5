/** One picture of `halflight top`: exactly as many lines as the terminal has, none of them wider than it. */
import { clip, pad } from '../../shared/observe/columns.js';
import { escapeControls } from '../../shared/observe/escape.js';
import type { ServedProcess } from '../../shared/serve/control/table.js';
import { arrange, clientOf, sortKeys, targetOf } from './order.js';
import type { TopRow } from './rates.js';
import { processLine, tableLines, totalsLine } from './table.js';
import { selectedRow, type View } from './view.js';

export interface Picture {
  readonly columns: number;
  readonly rows: number;
  readonly processes: readonly ServedProcess[];
  readonly connections: readonly TopRow[];
  /** What is wrong with whoever did not answer. */
  readonly troubles: readonly string[];
}

/** More processes than these are one line together. */
const mostProcesses = 3;

const help = [
  'arrows j k    choose a connection; PgUp PgDn Home End go further',
  'x             end it at once, both ways (asks first)',
  's             sort by the next of',
  `              ${sortKeys.join(', ')}`,
  '/             show only those with these words; Esc shows all again',
  'q Ctrl-C      leave',
  '',
  'ID            as in the log and in hooks, behind the number of the worker',
  'PORT          ours, that the client came to',
  'STATE         asking, dialing or open; udp for datagrams',
  '↑ ↓           bytes from client to target, and back; /s in the last second',
  '',
  'Any key goes back.',
] as const;

/** The lines, with the marks of the terminal for what stands out. */
export function drawScreen(view: View, picture: Picture): readonly string[] {
  const { columns, rows } = picture;
  const shown = arrange(picture.connections, view.sort, view.filter);
  const head = headLines(picture, shown);
  const body = view.mode === 'help' ? help : undefined;
  const room = Math.max(0, rows - head.length - 2);
  const at = shown.findIndex(({ key }) => key === view.selected);
  const first = Math.max(0, Math.min(Math.max(0, at - Math.floor(room / 2)), shown.length - room));
  const page = shown.slice(first, first + room);
  const { titles, lines } = tableLines(page, columns);
  const marked = lines.map((line, row) =>
    first + row === at ? inverse(fit(line, columns)) : fit(line, columns),
  );
  const middle = body?.slice(0, room).map((line) => fit(line, columns)) ?? marked;
  const blank = Array.from({ length: Math.max(0, room - middle.length) }, () => '');
  const above = [
    ...head.map((line) => fit(line, columns)),
    inverse(pad(fit(titles, columns), columns)),
    ...middle,
    ...blank,
  ];
  // What is asked is seen on the lowest terminal, too.
  return [...above.slice(0, Math.max(0, rows - 1)), fit(footLine(view, picture), columns)];
}

function headLines(
  { rows, processes, connections, troubles }: Picture,
  shown: readonly TopRow[],
): readonly string[] {
  const hidden = connections.length - shown.length;
  const totals = totalsLine(shown, processes.length) + (hidden === 0 ? '' : `   (${hidden} not shown)`);
  const known = processes.map(processLine);
  const told = known.length <= mostProcesses ? known : known.slice(0, mostProcesses - 1);
  const rest = known.length - told.length;
  const nobody =
    processes.length === 0 ? ['no halflight of this user runs, or none has a control socket'] : [];
  const all = [
    totals,
    ...told,
    ...(rest > 0 ? [`and ${rest} more`] : []),
    ...nobody,
    ...troubles.map(escapeControls),
  ];
  // A table without rows shows nothing: on a low terminal it goes first.
  return all.slice(0, Math.max(1, Math.floor(rows / 3)));
}

function footLine(view: View, { connections }: Picture): string {
  if (view.mode === 'filter')
    return `show only: ${escapeControls(view.filter)}_   Enter keeps it, Esc shows all`;
  const row = selectedRow(view, connections);
  if (view.mode === 'confirm' && row !== undefined) {
    return `end connection ${row.id}? y/n   ${clientOf(row)} to ${targetOf(row) || 'nowhere yet'}`;
  }
  const filter = view.filter === '' ? '' : `   only: ${escapeControls(view.filter)}`;
  const words = `q quit  ? help  s sort: ${view.sort}  / filter  x end one${filter}`;
  return view.notice === '' ? words : escapeControls(view.notice);
}

function fit(line: string, columns: number): string {
  return clip(line, columns);
}

function inverse(line: string): string {
  return `\u001b[7m${line}\u001b[27m`;
}
