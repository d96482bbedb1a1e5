/** What the runs have seen, as the tables of docs/interop.md. */
import { methods as allMethods } from '../../../shared/codec/methods.js';
import type { MethodName } from '../../../index.js';
import type { Side } from './peer.js';

/** What was seen once. */
export interface Result {
  readonly side: Side;
  readonly method: MethodName;
  readonly shared: boolean;
  readonly name: string;
  /** Undefined when it broke before anything could be seen. */
  readonly seen: string | undefined;
  readonly wants: string;
  /** Why something else is seen, if that is known. */
  readonly why?: string;
}

/** All that was seen of an implementation. */
export interface Run {
  readonly name: string;
  /** Undefined where it is not installed. */
  readonly version: string | undefined;
  readonly results: readonly Result[];
  readonly remark?: string;
}

const sides: Readonly<Record<Side, string>> = {
  client: 'Their client, our remote',
  server: 'Our local, their server',
};

/** The tables, in Markdown. `names` are those of the cases, in their order. */
export function tablesOf(runs: readonly Run[], names: readonly string[], date: string): string {
  const notes = new Map<string, number>();
  const parts = [
    ...[`Last run: ${date}.`, ''],
    ...table(
      ['', ...runs.map(({ name }) => name)],
      [
        ['version', ...runs.map(({ version = 'not installed' }) => version)],
        ...Object.values(allMethods).map(({ name }) => [
          `\`${name}\``,
          ...runs.map((run) => triedWith(run, name)),
        ]),
        ['users with a key each (SIP023)', ...runs.map(triedWithUsers)],
      ],
    ),
  ];
  for (const { name, remark } of runs) if (remark !== undefined) parts.push('', `${name}: ${remark}`);
  for (const [side, title] of Object.entries(sides) as [Side, string][]) {
    const rows = names.map((name) => {
      const cells = runs.map((run) => cellOf(run, { side, name }, notes));
      return [name, ...cells];
    });
    const tried = rows.filter((row) => row.slice(1).some((cell) => cell !== untried));
    parts.push('', `### ${title}`, '', ...table(['case', ...runs.map((run) => run.name)], tried));
  }
  if (notes.size > 0) parts.push('', '### What differs, and why', '');
  for (const [why, number] of notes) parts.push(`${number}. ${why}`);
  return parts.join('\n');
}

const marks = { begin: '<!-- tables: begin -->', end: '<!-- tables: end -->' } as const;

/** The page with these tables in the place of those that it had. */
export function intoPage(page: string, tables: string): string {
  const begin = page.indexOf(marks.begin);
  const end = page.indexOf(marks.end);
  if (begin < 0 || end < begin) throw new Error(`page: expected ${marks.begin} and ${marks.end}, got others`);
  return `${page.slice(0, begin + marks.begin.length)}\n\n${tables}\n\n${page.slice(end)}`;
}

const untried = '–';

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
}

/** On which sides it was tried with this method. */
function triedWith({ results }: Run, method: MethodName): string {
  const client = results.some((one) => one.side === 'client' && one.method === method);
  const server = results.some((one) => one.side === 'server' && one.method === method);
  if (client && server) return 'both ways';
  if (client) return 'as client';
  return server ? 'as server' : untried;
}

function triedWithUsers({ results }: Run): string {
  return results.some(({ shared, method }) => shared && allMethods[method].edition === 2022)
    ? 'both ways'
    : untried;
}

/** What one implementation does in one case, with all its methods. */
function cellOf(
  { version, results }: Run,
  { side, name }: Pick<Result, 'side' | 'name'>,
  notes: Map<string, number>,
): string {
  if (version === undefined) return 'not installed';
  const here = results.filter((result) => result.side === side && result.name === name);
  if (here.length === 0) return untried;
  const groups = new Map<string, Result[]>();
  for (const one of here) groups.set(wordsFor(one), [...(groups.get(wordsFor(one)) ?? []), one]);
  const cells = [...groups].map(([words, group]) => {
    const among = groups.size === 1 ? '' : `${whichOf(group, here)}: `;
    return `${among}${words}${noteOf(group[0]?.why, notes)}`;
  });
  return cells.join('; ');
}

function wordsFor({ seen, wants, why }: Result): string {
  if (seen === wants && why === undefined) return '✓';
  return why === undefined ? `✗ ${seen ?? 'broke'}` : (seen ?? 'broke');
}

function noteOf(why: string | undefined, notes: Map<string, number>): string {
  if (why === undefined) return '';
  if (!notes.has(why)) notes.set(why, notes.size + 1);
  return ` (${notes.get(why) ?? 0})`;
}

/** Whom of all that were tried it was seen with. */
function whichOf(group: readonly Result[], all: readonly Result[]): string {
  for (const edition of [2017, 2022]) {
    const ofEdition = all.filter(({ method }) => allMethods[method].edition === edition);
    if (ofEdition.length === group.length && ofEdition.every((one) => group.includes(one)))
      return `${edition}`;
  }
  const users = group.every(({ shared }) => shared) ? ' with users' : '';
  return `${methodsOf(group)
    .map((method) => `\`${method}\``)
    .join(', ')}${users}`;
}

function methodsOf(results: readonly Result[]): readonly MethodName[] {
  return [...new Set(results.map(({ method }) => method))];
}
