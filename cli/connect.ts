/**
 * `halflight connect`: stdin and stdout, joined with a target. What is on stdout is what the target said, and nothing
 * else ever.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { formatTarget, type Target } from '../shared/codec/address.js';
import { type Ending, exitCodes, UsageError } from '../shared/config/exit.js';
import { checkHost, readPort } from '../shared/config/host-port.js';
import { codeOf, messageOf } from '../shared/errors.js';
import { relay } from '../shared/net/relay.js';
import type { PushStream } from '../shared/net/stream.js';
import { escapeControls } from '../shared/observe/escape.js';
import { endProcess, flushed } from './life.js';
import { StdioStream } from './stdio.js';
import { readWay, type WayFlags } from './ways.js';

/** Joins the two until the far side has ended, and ends the process. Settles never. */
export async function runConnect(host: string, port: string, flags: WayFlags): Promise<void> {
  const target = readTarget(host, port);
  const way = readWay(flags, process.env);
  // A file says of the last write only later that it failed.
  let unwritten: Error | undefined;
  process.stdout.on('error', (error: Error) => {
    unwritten ??= error;
  });
  const ending = await join(target, way(target));
  await flushed(process.stdout);
  await turn();
  const { exitCode, message } = lost(unwritten) ?? ending;
  if (message !== '') process.stderr.write(`halflight: ${escapeControls(message)}\n`);
  return endProcess(exitCode);
}

/** What the target said has not all been written: a disk is full, for example. */
function lost(error: Error | undefined): Ending | undefined {
  if (error === undefined || codeOf(error) === 'EPIPE') return undefined;
  return { exitCode: exitCodes.unavailable, message: `stdout: ${messageOf(error)}` };
}

function readTarget(host: string, port: string): Target {
  const bracketed = host.startsWith('[') && host.endsWith(']');
  const bare = bracketed ? host.slice(1, -1) : host;
  const why = checkHost({ host: bare, bracketed: bracketed || host.includes(':') });
  if (why !== undefined) throw new UsageError(`host: ${why}`);
  const number = readPort(port) ?? 0;
  if (number === 0) throw new UsageError(`port: expected 1 to 65535, got ${JSON.stringify(port)}`);
  return { host: bare, port: number };
}

async function join(target: Target, reaching: Promise<PushStream>): Promise<Ending> {
  try {
    await joinStdio(await reaching);
    return { exitCode: exitCodes.stopped, message: '' };
  } catch (error) {
    // Who reads no further, `head` for example, has what it wanted.
    if (codeOf(error) === 'EPIPE') return { exitCode: exitCodes.stopped, message: '' };
    return { exitCode: exitCodeOf(error), message: `${formatTarget(target)}: ${messageOf(error)}` };
  }
}

/** Settles when the far side has ended; stdin may still be open then, as ssh keeps it. Rejects with what broke off. */
function joinStdio(far: PushStream): Promise<void> {
  return new Promise((resolve, reject) => {
    relay(new StdioStream(process.stdin, process.stdout, resolve), far, (error) => {
      if (error !== undefined) reject(error);
    });
  });
}

/** Whose no it was: a policy's, or that of circumstances. */
function exitCodeOf(error: unknown): number {
  for (let at = error; at instanceof Error; at = at.cause) {
    if (codeOf(at) === 'not-allowed' || codeOf(at) === 'denied') return exitCodes.permission;
  }
  return exitCodes.unavailable;
}
