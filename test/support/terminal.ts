/** The built program in a terminal of its own: `script` of util-linux has a pseudo terminal, and what is typed comes by a pipe. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { onTestFinished } from 'vitest';

const program = path.resolve(import.meta.dirname, '../../dist/cli.js');

/** Whether there is such a `script` here. */
export const hasScript: boolean = /util-linux/.test(
  spawnSync('sh', ['-c', 'script --version'], { encoding: 'utf8' }).stdout,
);

export interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  readonly variables: Readonly<Record<string, string>>;
  /** A file for its exit code, as a shell has it: whoever hangs up does not hear of it. */
  readonly codeFile?: string;
}

export interface RunningTerminal {
  /** The process of the program. */
  readonly pid: number;
  readonly type: (keys: string) => void;
  readonly resize: (columns: number, rows: number) => void;
  /** What `stty` says of the terminal, or makes of it. */
  readonly stty: (...words: readonly string[]) => string;
  /** Hangs up, as when a window is closed. */
  readonly hangUp: () => void;
  /** Settles when so much of what was written fits. */
  readonly wrote: (wanted: RegExp) => Promise<void>;
  /** The lines of the picture, without marks, once `wanted` is in one of them, now or later, and there are so many if that is said. */
  readonly shows: (wanted: string | RegExp, lines?: number) => Promise<readonly string[]>;
  /** All that was written, at the end, and the exit code. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly written: string }>;
}

/** Starts `halflight` with these words. It is ended after the test when it has not ended by itself. */
export async function inTerminal(
  words: readonly string[],
  { columns, rows, variables, codeFile }: TerminalOptions,
): Promise<RunningTerminal> {
  const quoted = [process.execPath, program, ...words].map((word) => `'${word.replaceAll("'", `'\\''`)}'`);
  const run = quoted.join(' ');
  const kept = codeFile === undefined ? `exec ${run}` : `trap '' HUP; ${run}; echo $? >'${codeFile}'`;
  const line = `stty cols ${columns} rows ${rows}; tty; echo $$; ${kept}`;
  const child = spawn('script', ['-qefc', line, '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm', SHELL: '/bin/sh', HOME: '/nonexistent', ...variables },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  child.stdin.on('error', () => undefined);
  let written = '';
  let changed = (): void => undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
    changed();
  });
  const until = async <T>(look: () => T | undefined): Promise<T> => {
    for (;;) {
      const found = look();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        changed = resolve;
      });
    }
  };
  const [, tty = '', pid = ''] = await until(() => /^(\S+)\r\n(\d+)\r\n/.exec(written) ?? undefined);
  const stty = (...changes: readonly string[]): string =>
    execFileSync('stty', ['-F', tty, ...changes], { encoding: 'utf8' });
  return {
    pid: Number(pid),
    type: (keys) => child.stdin.write(keys),
    resize: (width, height) => {
      stty('cols', String(width), 'rows', String(height));
    },
    stty,
    hangUp: () => {
      child.kill('SIGKILL');
    },
    wrote: async (wanted) => {
      await until(() => (wanted.test(written) ? true : undefined));
    },
    shows: (wanted, count) =>
      until(() => {
        const lines = lastPicture(written);
        const is = (each: string): boolean =>
          typeof wanted === 'string' ? each.includes(wanted) : wanted.test(each);
        return lines.some(is) && (count ?? lines.length) === lines.length ? lines : undefined;
      }),
    ended: once(child, 'close').then(([exitCode]: unknown[]) => ({
      exitCode: typeof exitCode === 'number' ? exitCode : null,
      written,
    })),
  };
}

/** The last one that was drawn as a whole. */
function lastPicture(written: string): readonly string[] {
  const whole = written.slice(0, written.lastIndexOf('\u001b[J'));
  const picture = whole.slice(whole.lastIndexOf('\u001b[H'));
  return picture.replaceAll(/\u001b\[[\d?]*[A-Za-z]/g, '').split(/\r*\n/);
}
