/** `halflight run`: one command with the variables of `halflight env`. */
import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { readOwnCredential } from '../shared/config/credentials.js';
import { proxyVariables, readLocalPort } from '../shared/config/proxy-variables.js';
import { codeOf, messageOf } from '../shared/errors.js';
import { escapeControls } from '../shared/observe/escape.js';
import { endProcess } from './life.js';

/** What a shell ends with when it cannot start a command (POSIX, Shell Command Language, 2.8.2). */
const notFound = 127;
const notExecutable = 126;

const passedOn = ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT', 'SIGQUIT'] as const;
/** A terminal sends these to all that run in its foreground: passed on, the command would get them twice. */
const fromTerminal: readonly NodeJS.Signals[] = ['SIGINT', 'SIGQUIT'];

/** Runs the command and ends the process as it ended. Settles never. */
export async function runChild(
  [command = '', ...rest]: readonly string[],
  flags: { readonly listen?: string; readonly auth?: string },
): Promise<void> {
  const variables = proxyVariables(readLocalPort(flags.listen), readOwnCredential(flags.auth, process.env));
  const env = { ...process.env, ...Object.fromEntries(variables) };
  // Before the command begins: a signal in between would end this process and leave the command behind.
  passSignals(() => child);
  let child: ChildProcess | undefined;
  try {
    child = spawn(command, rest, { stdio: 'inherit', env });
  } catch (error) {
    return endProcess(complain(command, error));
  }
  return endProcess(await exitCodeOf(child, command));
}

/** Nothing may touch `process.stdin` here: it would make the pipe non-blocking for the command that reads from it. */
function passSignals(child: () => ChildProcess | undefined): void {
  const terminal = isatty(0);
  for (const signal of passedOn) {
    process.on(signal, () => {
      if (!(terminal && fromTerminal.includes(signal))) child()?.kill(signal);
    });
  }
}

function exitCodeOf(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve) => {
    child.on('error', (error) => {
      // A signal that could not be passed on is an error, too, and the command still runs.
      if (child.pid === undefined) resolve(complain(command, error));
    });
    child.once('close', (code, signal) => {
      resolve(signal === null ? (code ?? 0) : 128 + constants.signals[signal]);
    });
  });
}

/** Says on stderr why the command does not run, and returns the exit code for it. */
function complain(command: string, error: unknown): number {
  const missing = codeOf(error) === 'ENOENT';
  const expected = missing ? 'a command that exists' : 'a command that can be executed';
  const line = `${command}: expected ${expected}, got ${codeOf(error) ?? messageOf(error)}`;
  process.stderr.write(`halflight: ${escapeControls(line)}\n`);
  return missing ? notFound : notExecutable;
}
