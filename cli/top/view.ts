/** What is looked at, and what keys make of it: no terminal in here. */
import { arrange, isShown, nextSortKey, type SortKey } from './order.js';
import type { TopRow } from './rates.js';

/** What keys mean at the moment. */
export type Mode = 'table' | 'filter' | 'confirm' | 'help';

export interface View {
  readonly mode: Mode;
  readonly sort: SortKey;
  readonly filter: string;
  /** The key of the row that is marked. */
  readonly selected: string | undefined;
  /** What was done last. */
  readonly notice: string;
}

/** What a key has led to. */
export interface Step {
  readonly view: View;
  readonly effect?: 'quit' | { readonly cut: TopRow };
}

export function firstView(sort: SortKey, filter: string): View {
  return { mode: 'table', sort, filter, selected: undefined, notice: '' };
}

/** Rows of a page, where nobody knows the terminal. */
const pageRows = 10;

/** The view after `key`, with these rows to look at. */
export function press(view: View, key: string, rows: readonly TopRow[]): Step {
  if (key === 'interrupt') return { view, effect: 'quit' };
  return modes[view.mode](view, key, rows);
}

/** The row that is marked, if it is still there, and not hidden by the filter. */
export function selectedRow(
  { selected, filter }: Pick<View, 'selected' | 'filter'>,
  rows: readonly TopRow[],
): TopRow | undefined {
  return rows.find((row) => row.key === selected && isShown(row, filter));
}

const modes = {
  table: pressAtTable,
  filter: pressAtFilter,
  confirm: pressAtConfirm,
  help: (view) => ({ view: { ...view, mode: 'table' } }),
} as const satisfies Record<Mode, (view: View, key: string, rows: readonly TopRow[]) => Step>;

const moves: ReadonlyMap<string, number> = new Map([
  ['up', -1],
  ['k', -1],
  ['down', 1],
  ['j', 1],
  ['page-up', -pageRows],
  ['page-down', pageRows],
  ['home', -Infinity],
  ['end', Infinity],
]);

type Press = (view: View, rows: readonly TopRow[]) => Step;

const noticed = (view: View, changes: Partial<View>): Step => ({ view: { ...view, notice: '', ...changes } });
const explained: Press = (view) => noticed(view, { mode: 'help' });

const tableKeys: ReadonlyMap<string, Press> = new Map<string, Press>([
  ['q', (view) => ({ view, effect: 'quit' })],
  ['s', (view) => noticed(view, { sort: nextSortKey(view.sort) })],
  ['/', (view) => noticed(view, { mode: 'filter' })],
  ['?', explained],
  ['h', explained],
  [
    'x',
    (view, rows) =>
      selectedRow(view, rows) === undefined
        ? noticed(view, { notice: 'choose a connection first, with the arrows' })
        : noticed(view, { mode: 'confirm' }),
  ],
  ['escape', (view) => noticed(view, { filter: '', selected: undefined })],
]);

function pressAtTable(view: View, key: string, rows: readonly TopRow[]): Step {
  const step = moves.get(key);
  if (step !== undefined) return noticed(view, { selected: moved(view, step, rows) });
  return tableKeys.get(key)?.(view, rows) ?? { view };
}

/** The key of the row so many rows away, of those that are shown. */
function moved(view: View, step: number, rows: readonly TopRow[]): string | undefined {
  const shown = arrange(rows, view.sort, view.filter);
  const at = shown.findIndex(({ key }) => key === view.selected);
  // Nothing is marked: the first step marks the first row, or the last.
  const to = at < 0 ? (step === Infinity ? Infinity : 0) : at + step;
  return shown[Math.min(Math.max(to, 0), shown.length - 1)]?.key;
}

type Change = (view: View) => Partial<View>;

const filterKeys: ReadonlyMap<string, Change> = new Map<string, Change>([
  ['enter', () => ({ mode: 'table' })],
  ['escape', () => ({ mode: 'table', filter: '' })],
  ['backspace', ({ filter }) => ({ filter: Array.from(filter).slice(0, -1).join('') })],
]);

function pressAtFilter(view: View, key: string): Step {
  const change = filterKeys.get(key)?.(view);
  if (change !== undefined) return { view: { ...view, ...change } };
  // Other keys have names.
  return Array.from(key).length === 1 ? { view: { ...view, filter: view.filter + key } } : { view };
}

function pressAtConfirm(view: View, key: string, rows: readonly TopRow[]): Step {
  const row = selectedRow(view, rows);
  const back: View = { ...view, mode: 'table' };
  if (row === undefined) return { view: { ...back, notice: 'it has gone already' } };
  return key === 'y' || key === 'Y' ? { view: back, effect: { cut: row } } : { view: back };
}
