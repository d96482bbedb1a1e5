/** Hook files as their users run them: named to a forward on the command line. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { vi } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import type { Running } from '../support/cli.js';

export interface HookedForward {
  readonly port: number;
  /** What it and its hooks have said on stdout behind the line that it is ready, line by line. */
  readonly said: () => readonly string[];
  /** Ends it, as Ctrl-C does; all that was said. */
  readonly stop: () => Promise<readonly string[]>;
}

/** The lines of `--json` that are no hook's. */
const readyMark = '{"event":"ready"';
const farewell = '{"event":"stopped"}';

/** Where the files lie that users read. */
export const documents: string = path.resolve(import.meta.dirname, '../../docs/hooks');

/** Starts a forward from a free port to a target (HOST:PORT), with files of hooks. */
export async function startHooked(
  start: (words: readonly string[], options: { readonly variables: Record<string, string> }) => Running,
  target: string,
  files: readonly string[],
): Promise<HookedForward> {
  const home = temporaryDirectory();
  const hooks = files.flatMap((file) => ['--hook', file]);
  const { child, nextLine, written, ended } = start(['forward', '127.0.0.1:0', target, '--json', ...hooks], {
    variables: { XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, XDG_RUNTIME_DIR: home },
  });
  let ready = await nextLine();
  // A hook may have something to say before.
  while (ready !== undefined && !ready.startsWith(readyMark)) ready = await nextLine();
  if (ready === undefined) throw new Error(`forward: expected it to be ready, got ${written().stderr}`);
  const { listen } = JSON.parse(ready) as { readonly listen: string };
  const lines = (): readonly string[] =>
    written()
      .stdout.split('\n')
      .slice(0, -1)
      .filter((line) => !line.startsWith(readyMark) && line !== farewell);
  return {
    port: Number(new URL(`tcp://${listen}`).port),
    said: lines,
    async stop() {
      child.kill('SIGINT');
      await ended;
      return lines();
    },
  };
}

/** A hook file that says `piece` of each piece that comes up from a client, so that a test can cut where it wants. */
export function pieceTeller(): string {
  const file = path.join(temporaryDirectory(), 'pieces.mjs');
  const received = "received() { console.log('piece'); return 'pass'; }";
  writeFileSync(file, `export const hook = { filter: () => ({ up: { ${received} } }) };\n`);
  return file;
}

/** Settles when the hook of {@link pieceTeller} has seen one more piece than before. */
export async function pieceSeen(forward: HookedForward, before: number): Promise<void> {
  await vi.waitUntil(() => piecesOf(forward) > before, { timeout: 10_000, interval: 1 });
}

export function piecesOf({ said }: HookedForward): number {
  return said().filter((line) => line === 'piece').length;
}
