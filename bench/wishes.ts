import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type RowName, rows as byName } from './registry.js';
import type { Sizes } from './rows.js';
import { type TunnelName, tunnels as kinds } from './tunnels.js';

/** What the command line asks for. */
export interface Wishes {
  readonly rows: readonly (RowName | 'users')[];
  readonly tunnels: readonly TunnelName[];
  readonly rounds: number;
  readonly sizes: Sizes;
  readonly json: string;
}

const tunnelNames = Object.keys(kinds) as TunnelName[];
const rowNames = [...(Object.keys(byName) as RowName[]), 'users' as const];

export const usage: string = `usage: npm run bench -- [--only ROW]... [--tunnel NAME]... [--rounds N] [--mib N] [--conversations N] [--idle N] [--json FILE]
rows: ${rowNames.join(', ')} (all but users when none is named)
tunnels: ${tunnelNames.join(', ')}`;

/** Undefined when only the usage was asked for. Throws, in words, at what it does not know. */
export function readWishes(args: readonly string[]): Wishes | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string', default: '5' },
      mib: { type: 'string', default: '512' },
      conversations: { type: 'string', default: '4000' },
      idle: { type: 'string', default: '10000' },
      only: { type: 'string', multiple: true, default: rowNames.filter((name) => name !== 'users') },
      tunnel: { type: 'string', multiple: true, default: tunnelNames },
      json: { type: 'string', default: resultFile() },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    rows: among('--only', rowNames, values.only),
    tunnels: among('--tunnel', tunnelNames, values.tunnel),
    rounds: count('--rounds', values.rounds),
    sizes: {
      bytes: count('--mib', values.mib) * 1_048_576,
      conversations: count('--conversations', values.conversations),
      idle: count('--idle', values.idle),
    },
    json: values.json,
  };
}

function among<Name extends string>(
  flag: string,
  known: readonly Name[],
  words: readonly string[],
): readonly Name[] {
  const strange = words.find((word) => !(known as readonly string[]).includes(word));
  if (strange !== undefined) throw new Error(`${flag}: expected ${known.join(', ')}, got ${strange}`);
  return known.filter((name) => words.includes(name));
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
