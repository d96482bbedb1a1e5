/**
 * `npm run bench`: measures this tunnel beside its peers, in one run on one machine. See README.md here.
 *
 * stdout: the tables. stderr: what is being done. bench/results/ (or --json FILE): everything, for a program.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { type CrowdName, crowds } from './crowds.js';
import { goalsTable, heldAgainst } from './goals.js';
import { machine, shownMachine } from './machine.js';
import { createProcesses } from './processes.js';
import { type RowName, rows } from './registry.js';
import { rowTable, type Summary, summarise } from './report.js';
import { type ComparedUsers, compareUsers, usersTables } from './report-users.js';
import { tunnels, type TunnelKind, type TunnelName } from './tunnels.js';
import { measureUsers } from './users.js';
import { readWishes, usage, type Wishes } from './wishes.js';

const say = (line: string): void => {
  console.error(line);
};

function wishesOrEnd(): Wishes {
  try {
    const wishes = readWishes(process.argv.slice(2));
    if (wishes !== undefined) return wishes;
  } catch (error) {
    say(`bench: ${(error as Error).message}\n${usage}`);
    process.exit(64);
  }
  console.log(usage);
  process.exit(0);
}

const wishes = wishesOrEnd();
const { rounds, sizes } = wishes;
const processes = createProcesses();
const directory = mkdtempSync(join(os.tmpdir(), 'halflight-bench-'));
// Whatever ends this program ends its children: the last line, an error, Ctrl-C.
process.on('exit', () => {
  void processes.endAll();
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const began = machine();
console.log(shownMachine(began));
if (began.load > began.cores / 4) say('the machine is not quiet: do not record these figures');

const notMeasured: { readonly what: string; readonly reason: string }[] = [];
const leaveOut = (what: string, reason: string): void => {
  notMeasured.push({ what, reason });
  console.log(`not measured: ${what}: ${reason}`);
};
/** Those of `wanted` that can be measured here; the others are named. */
function atHand<Name extends string>(
  kinds: Readonly<Record<Name, TunnelKind>>,
  wanted: readonly Name[],
): readonly Name[] {
  return wanted.filter((name) => {
    const reason = kinds[name].missing();
    if (reason !== undefined) leaveOut(kinds[name].label, reason);
    return reason === undefined;
  });
}

const wantedRows = (Object.keys(rows) as RowName[]).filter((name) => wishes.rows.includes(name));
const wantedTunnels = wishes.tunnels.filter((name) =>
  wantedRows.some((row) => rows[row].tunnels.includes(name)),
);
const present = atHand<TunnelName>(tunnels, wantedTunnels);
let broken = false;
const measured: Partial<Record<RowName, readonly Summary[]>> = {};
for (const name of wantedRows) {
  const row = rows[name];
  const obstacle = row.obstacle?.(sizes);
  if (obstacle !== undefined) {
    leaveOut(name, obstacle);
    continue;
  }
  say(name);
  const names = row.tunnels.filter((tunnel) => present.includes(tunnel));
  try {
    const summaries = summarise(row, await row.measure({ processes, names, rounds, sizes, directory, say }));
    measured[name] = summaries;
    console.log(`\n${rowTable(row, summaries)}`);
  } catch (error) {
    // Not a tunnel, but what all of them need: the load generators, or a link.
    broken = true;
    leaveOut(name, (error as Error).message);
    await processes.endAll();
  }
}

const users = wishes.rows.includes('users') ? await compared() : [];
async function compared(): Promise<readonly ComparedUsers[]> {
  const { bytes, conversations } = sizes;
  const names = atHand<CrowdName>(crowds, Object.keys(crowds) as CrowdName[]);
  const plan = { names, rounds, bytes, conversations, directory, say };
  const results = compareUsers(await measureUsers(processes, plan));
  console.log(`\n${usersTables(results)}`);
  return results;
}

const goals = heldAgainst(measured);
if (goals.length > 0) console.log(`\n${goalsTable(goals)}`);

const command = process.argv.slice(2);
const record = {
  date: new Date().toISOString(),
  command,
  machine: began,
  rounds,
  sizes,
  notMeasured,
  rows: measured,
  users,
  goals,
};
mkdirSync(dirname(wishes.json), { recursive: true });
writeFileSync(wishes.json, `${JSON.stringify(record, undefined, 2)}\n`);
say(`written: ${wishes.json}`);

const lines = Object.values(measured).flat();
const failed =
  broken ||
  [...lines, ...users].some(({ fault }) => fault !== undefined) ||
  [...lines, ...users].some(({ samples }) => samples.some((figures) => (figures['failed'] ?? 0) > 0));
// At once: sockets and children that a failed row left behind need no farewell.
process.exit(failed ? 1 : 0);
