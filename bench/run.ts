/**
 * `npm run bench`: measures this tunnel beside its peers, in one run on one machine. See README.md here.
 *
 * stdout: the tables. stderr: what is being done. bench/results/ (or --json FILE): everything, for a program.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CrowdName, crowds } from './crowds.js';
import { idleObstacle, measureIdle } from './idle.js';
import { createProcesses } from './processes.js';
import { idleTable, summarise, throughputTables } from './report.js';
import { compareUsers, usersTables } from './report-users.js';
import { measureThroughput } from './throughput.js';
import { tunnels, type TunnelKind, type TunnelName } from './tunnels.js';
import { measureUsers } from './users.js';

const allRows = ['download', 'upload', 'users', 'idle'] as const;
const usage =
  'usage: npm run bench -- [--rounds N] [--mib N] [--conversations N] [--idle N] [--only download|upload|users|idle]... [--json FILE]';

interface Wishes {
  readonly rounds: number;
  readonly mib: number;
  readonly conversations: number;
  readonly idle: number;
  readonly rows: readonly (typeof allRows)[number][];
  readonly json: string;
}

/** Undefined when only the usage was asked for. */
function readWishes(): Wishes | undefined {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      mib: { type: 'string', default: '512' },
      conversations: { type: 'string', default: '2000' },
      idle: { type: 'string', default: '8000' },
      only: { type: 'string', multiple: true, default: [...allRows] },
      json: { type: 'string', default: resultFile() },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const strange = values.only.find((row) => !(allRows as readonly string[]).includes(row));
  if (strange !== undefined) throw new Error(`--only: expected ${allRows.join(', ')}, got ${strange}`);
  return {
    rounds: count('--rounds', values.rounds),
    mib: count('--mib', values.mib),
    conversations: count('--conversations', values.conversations),
    idle: count('--idle', values.idle),
    rows: allRows.filter((row) => values.only.includes(row)),
    json: values.json,
  };
}

function count(flag: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new Error(`${flag}: expected a whole number from 1 to 999999, got ${text}`);
}

/** In bench/results/ of the checkout, named by the time; not every system allows a colon in a file name. */
function resultFile(): string {
  const name = `${new Date().toISOString().replaceAll(':', '-')}.json`;
  return fileURLToPath(new URL(`../../bench/results/${name}`, import.meta.url));
}

const say = (line: string): void => {
  console.error(line);
};

let wishes: Wishes | undefined;
try {
  wishes = readWishes();
} catch (error) {
  say(`bench: ${(error as Error).message}\n${usage}`);
  process.exit(64);
}
if (wishes === undefined) {
  console.log(usage);
  process.exit(0);
}

const processes = createProcesses();
const directory = mkdtempSync(join(os.tmpdir(), 'halflight-bench-'));
// Whatever ends this program ends its children: the last line, an error, Ctrl-C.
process.on('exit', () => {
  void processes.endAll();
  rmSync(directory, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

const cores = os.availableParallelism();
const load = os.loadavg()[0] ?? 0;
const cpu = os.cpus()[0]?.model.trim() ?? 'unknown';
const machine = {
  system: `${os.type()} ${os.release()} ${os.arch()}`,
  cpu,
  cores,
  node: process.version,
  load,
};
console.log(
  `${machine.system}, ${cores} cores ${cpu}, Node ${process.version}, load before ${load.toFixed(2)}`,
);
if (load > cores / 4) say('the machine is not quiet: do not record these figures');

const notMeasured: { readonly what: string; readonly reason: string }[] = [];
const leaveOut = (what: string, reason: string): void => {
  notMeasured.push({ what, reason });
  console.log(`not measured: ${what}: ${reason}`);
};
const { rows, rounds } = wishes;
/** Those that can be measured here; the others are named. */
function atHand<Name extends string>(kinds: Readonly<Record<Name, TunnelKind>>): readonly Name[] {
  return (Object.keys(kinds) as Name[]).filter((name) => {
    const reason = kinds[name].missing();
    if (reason !== undefined) leaveOut(kinds[name].label, reason);
    return reason === undefined;
  });
}
const names = rows.some((row) => row !== 'users') ? atHand<TunnelName>(tunnels) : [];

const directions = rows.filter((row) => row === 'download' || row === 'upload');
const bytes = wishes.mib * 1_048_576;
const throughput =
  directions.length === 0
    ? []
    : summarise(
        await measureThroughput(processes, {
          names,
          directions,
          rounds,
          bytes,
          directory,
          say,
        }),
      );
if (throughput.length > 0) {
  console.log(`\nrounds of ${wishes.mib} MiB after a warm-up: ${rounds}\n\n${throughputTables(throughput)}`);
}

const { conversations } = wishes;
const users = rows.includes('users')
  ? compareUsers(
      await measureUsers(processes, {
        names: atHand<CrowdName>(crowds),
        rounds,
        bytes,
        conversations,
        directory,
        say,
      }),
    )
  : [];
if (users.length > 0) console.log(`\nrounds after a warm-up: ${rounds}\n\n${usersTables(users)}`);

const idleWanted = rows.includes('idle');
const obstacle = idleWanted ? idleObstacle(wishes.idle) : undefined;
const held = names.filter((name) => name !== 'direct');
const idle =
  idleWanted && obstacle === undefined
    ? await measureIdle(processes, { names: held, count: wishes.idle, directory, say })
    : [];
if (idle.length > 0) console.log(`\n${idleTable(idle)}`);
if (obstacle !== undefined) leaveOut('idle', obstacle);

const command = process.argv.slice(2);
const record = { date: new Date().toISOString(), command, machine, notMeasured, throughput, users, idle };
mkdirSync(dirname(wishes.json), { recursive: true });
writeFileSync(wishes.json, `${JSON.stringify(record, undefined, 2)}\n`);
say(`written: ${wishes.json}`);
// At once: sockets and children that a failed row left behind need no farewell.
process.exit([...throughput, ...users, ...idle].some(({ fault }) => fault !== undefined) ? 1 : 0);
