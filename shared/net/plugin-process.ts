/** One run of a plugin: a child process, the lines that it writes, and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { codeOf, messageOf } from '../errors.js';
import { countStanding } from './descriptors.js';

/** How a plugin ended. */
export interface Death {
  /** In a few words: `exit code 1`, `signal SIGSEGV`, or that there is no such program. */
  readonly why: string;
  /** The last line that it wrote, '' when it wrote none. */
  readonly lastWords: string;
}

export interface PluginProcess {
  /** Settles when it has ended, or could not be started; never rejects. */
  readonly ended: Promise<Death>;
  /** Sends a signal to it and to all that it has started. */
  kill(signal: NodeJS.Signals): void;
}

export interface PluginProcessOptions {
  readonly variables: NodeJS.ProcessEnv;
  /** Receives each line that it writes, without its end. */
  readonly said: (line: string) => void;
}

/** Longer lines come in pieces. */
const longestLine = 1_000;
/** How long its last words may take to arrive when it has ended: something else may hold its output open, ms. */
const lastWordsMs = 200;
/** Of the last words, so much goes into a message. */
const longestWords = 200;

/** A signal from a terminal goes to a whole group: the plugin would end before the conversations that run through it. */
const ownGroup = process.platform !== 'win32';

/** Starts the program `name`, found on the PATH of its variables, with no shell in between. */
export function spawnPlugin(name: string, { variables, said }: PluginProcessOptions): PluginProcess {
  let child: ChildProcess;
  try {
    child = spawn(name, [], { env: variables, stdio: ['ignore', 'pipe', 'pipe'], detached: ownGroup });
  } catch (error) {
    return { ended: Promise.resolve({ why: whyNot(error), lastWords: '' }), kill: () => undefined };
  }
  let lastWords = '';
  const hear = (line: string): void => {
    lastWords = line.slice(0, longestWords);
    said(line);
  };
  // Without descriptors Node makes no pipes.
  for (const output of [child.stdout, child.stderr] as readonly (Readable | null | undefined)[]) {
    if (output != null) readLines(output, hear);
  }

  let over = false;
  const kill = (signal: NodeJS.Signals): void => {
    if (!over) signalAll(child, signal);
  };
  endsWithUs(kill);
  const pipes = countStanding(2);
  const ended = new Promise<Death>((resolve) => {
    const end = (why: string): void => {
      over = true;
      resolve({ why, lastWords });
    };
    child.on('error', (error) => {
      // A signal that could not be sent is an error, too, and the plugin still runs.
      if (child.pid === undefined) end(whyNot(error));
    });
    child.once('exit', (code, signal) => {
      over = true;
      const why = signal === null ? `exit code ${code ?? 'unknown'}` : `signal ${signal}`;
      const late = setTimeout(end, lastWordsMs, why);
      child.once('close', () => {
        clearTimeout(late);
        end(why);
      });
    });
  });
  void ended.then(() => {
    pipes.uncount();
    running.delete(kill);
  });
  return { ended, kill };
}

/** How to end those that run. A listener for each would be a leak to Node, which warns of the eleventh. */
const running = new Set<PluginProcess['kill']>();
let listening = false;

function endsWithUs(kill: PluginProcess['kill']): void {
  running.add(kill);
  if (listening) return;
  listening = true;
  process.once('exit', () => {
    for (const each of running) each('SIGKILL');
  });
}

const reasons: ReadonlyMap<string | undefined, string> = new Map([
  ['ENOENT', 'no such program on the PATH'],
  ['EACCES', 'a program that may not be executed'],
]);

function whyNot(error: unknown): string {
  return reasons.get(codeOf(error)) ?? messageOf(error);
}

function signalAll(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(ownGroup ? -child.pid : child.pid, signal);
  } catch {
    // It has just ended by itself.
  }
}

function readLines(output: Readable, hear: (line: string) => void): void {
  let rest = '';
  const tell = (line: string): void => {
    const words = line.trimEnd();
    if (words !== '') hear(words);
  };
  output.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach(tell);
    if (rest.length < longestLine) return;
    tell(rest);
    rest = '';
  });
  output.once('end', () => {
    tell(rest);
  });
}
