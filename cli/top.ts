/** `halflight top`: who is connected through the halves of this user that run, and what goes through them. */
import { exitCodes, UsageError } from '../shared/config/exit.js';
import { messageOf } from '../shared/errors.js';
import { escapeControls, jsonLine } from '../shared/observe/escape.js';
import { askCut } from '../shared/serve/control/ask.js';
import { awaitSignals, endProcess } from './life.js';
import { gather, type Gathered } from './top/gather.js';
import { arrange, clientOf, type SortKey, sortKeys, targetOf } from './top/order.js';
import { Rates, type TopRow } from './top/rates.js';
import { drawScreen } from './top/screen.js';
import { processLine, tableLines } from './top/table.js';
import { Terminal } from './top/terminal.js';
import { firstView, press, type View } from './top/view.js';

export interface TopFlags {
  /** Print one table, and end. */
  readonly once?: boolean;
  /** Print one JSON object, and end. */
  readonly json?: boolean;
  readonly sort?: string;
  /** Show only connections with this in their words. */
  readonly filter?: string;
  /** The one socket to ask, or the directory of those to ask. */
  readonly control?: string;
}

/** How often it asks, ms. */
const everyMs = 1_000;

/** Runs until it is left, or prints once. */
export async function runTop({ once, json, sort, filter = '', control }: TopFlags): Promise<void> {
  const key = readSortKey(sort ?? 'rate');
  const { stdin, stdout } = process;
  if (json !== true && once !== true && stdin.isTTY && stdout.isTTY) {
    await look(firstView(key, filter), control);
    await endProcess(exitCodes.stopped);
  }
  const { answers, troubles } = await gather(control);
  const rows = arrange(new Rates().rows(answers), key, filter);
  const processes = answers.map(({ table }) => table.process);
  if (json === true) stdout.write(`${jsonLine({ processes, connections: rows.map(plainRow) })}\n`);
  else if (answers.length > 0 || control === undefined)
    stdout.write(`${printedLines({ answers, troubles }, rows).join('\n')}\n`);
  for (const trouble of troubles) process.stderr.write(`halflight: ${escapeControls(trouble)}\n`);
  if (answers.length === 0 && control !== undefined) await endProcess(exitCodes.unavailable);
}

function readSortKey(text: string): SortKey {
  const key = sortKeys.find((each) => each === text);
  if (key !== undefined) return key;
  throw new UsageError(`--sort: expected one of ${sortKeys.join(', ')}, got ${JSON.stringify(text)}`);
}

/** A row as programs want it: rates need two questions, and where the socket is does not matter to them. */
function plainRow(row: TopRow): object {
  const hidden: readonly string[] = ['key', 'path', 'upRate', 'downRate'] satisfies (keyof TopRow)[];
  return Object.fromEntries(Object.entries(row).filter(([name]) => !hidden.includes(name)));
}

function printedLines({ answers }: Gathered, rows: readonly TopRow[]): readonly string[] {
  if (answers.length === 0) return ['no halflight of this user runs, or none has a control socket'];
  const { titles, lines } = tableLines(rows, process.stdout.isTTY ? process.stdout.columns : Infinity);
  return [...answers.map(({ table }) => processLine(table.process)), '', titles, ...lines];
}

/** Shows what there is until it is left, asked to end, or has no terminal any more. */
async function look(start: View, control: string | undefined): Promise<void> {
  const rates = new Rates();
  let view = start;
  let found: Gathered = { answers: [], troubles: [] };
  let rows: readonly TopRow[] = [];
  let leave = (): void => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  const draw = (): void => {
    const processes = found.answers.map(({ table }) => table.process);
    const { columns, rows: height } = terminal;
    const picture = { columns, rows: height, processes, connections: rows, troubles: found.troubles };
    terminal.draw(drawScreen(view, picture));
  };
  const terminal = new Terminal(process.stdin, process.stdout, {
    key: (key) => {
      const step = press(view, key, rows);
      view = step.view;
      if (step.effect === 'quit') leave();
      else if (step.effect !== undefined) void cut(step.effect.cut);
      draw();
    },
    resized: draw,
    lost: leave,
  });
  const cut = async (row: TopRow): Promise<void> => {
    const name = `connection ${row.id}, ${clientOf(row)} to ${targetOf(row) || 'nowhere yet'}`;
    const notice = await askCut(row.path, row).then(
      (was) => (was ? `ended ${name}` : `${name} had ended already`),
      messageOf,
    );
    view = { ...view, notice };
    draw();
  };
  void awaitSignals().asked.then(leave);
  const ask = async (): Promise<void> => {
    found = await gather(control);
    rows = rates.rows(found.answers);
    draw();
    setTimeout(() => void ask(), everyMs);
  };
  void ask();
  await left;
  terminal.close();
  // Node 20 crashes where it looks at a terminal at its end that has hung up; nobody is there to see how this ends.
  if (terminal.gone) process.kill(process.pid, 'SIGKILL');
}
