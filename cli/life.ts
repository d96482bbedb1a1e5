/** How the process lives and ends: signals, errors nobody caught, and an end that loses no line. */
import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { exitCodes, OutputError } from '../shared/config/exit.js';
import { codeOf, messageOf } from '../shared/errors.js';
import type { Log } from '../shared/observe/log.js';
import type { Service } from '../shared/service.js';

/** How long conversations may go on after the first signal. */
export const graceMs = 10_000;
/** The second signal is answered within 100 ms, whatever is still open. */
const impatientMs = 80;
/** How long the last lines may take to reach a reader who may be gone. */
const flushMs = 250;

/** This many uncaught errors within a minute, and it is better to start afresh. */
const maxErrors = 10;
const errorWindowMs = 60_000;

/** What asks a service to end. */
export const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Makes SIGUSR1 harmless: it would open Node's debugger, which a proxy could be asked to dial (docs/probes.md T-37). */
export function disarmDebugger(): void {
  process.on('SIGUSR1', () => undefined);
}

/** Leaves the signals that end a service to another process, whose part this one is: they go to a whole group. */
export function ignoreSignals(): void {
  for (const signal of stopSignals) process.on(signal, () => undefined);
}

/** What went wrong with stdout first; a reader that went away is nothing wrong. The stream itself forgets it. */
let unwritten: unknown;

/** Lets readers go away: `halflight --help | head -1` is not an error. */
export function surviveClosedPipes(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error) => {
    if (codeOf(error) !== 'EPIPE') unwritten ??= error;
  });
}

/**
 * Keeps the process going when an error reaches nobody: one conversation is lost, not all. From the tenth within a
 * minute it ends with exit code 70, for a supervisor to begin again (docs/probes.md R-23).
 */
export function surviveErrors(log: Log): void {
  const exceeded = errorBudget(maxErrors, errorWindowMs);
  process.on('uncaughtException', (error: unknown, origin) => {
    log.error('internal error', { origin, detail: messageOf(error) });
    if (error instanceof Error && error.stack !== undefined)
      log.debug('internal error', { stack: error.stack });
    if (!exceeded(performance.now())) return;
    log.error(`${maxErrors} internal errors within a minute: ending`);
    void endProcess(exitCodes.internal);
  });
}

/** A function that is told the time in milliseconds of every error, and says whether `max` fell into one window. */
export function errorBudget(max: number, windowMs: number): (now: number) => boolean {
  let recent: readonly number[] = [];
  return (now) => {
    recent = [...recent.filter((time) => now - time < windowMs), now];
    return recent.length >= max;
  };
}

/** The way out of a running service. */
export interface Ending {
  /** Settles at the first SIGINT, SIGTERM or SIGHUP, with its name. */
  readonly asked: Promise<NodeJS.Signals>;
  /** Stops what was given and settles when nothing of it is open. A second signal makes it reset everything. */
  stop(services: readonly Service[]): Promise<void>;
}

/** Listens for the signals that end a service. From now on none of them ends the process by itself. */
export function awaitSignals(): Ending {
  const stopping: Service[] = [];
  let signals = 0;
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    for (const signal of stopSignals) {
      process.on(signal, () => {
        signals += 1;
        if (signals === 1) resolve(signal);
        else endAtOnce(stopping);
      });
    }
  });
  return {
    asked,
    async stop(services) {
      stopping.push(...services);
      await Promise.all(services.map((service) => service.stop(graceMs)));
    },
  };
}

/** Resets what is open, so that no application takes a cut download for a whole one, and ends. */
function endAtOnce(services: readonly Service[]): void {
  setTimeout(() => process.exit(exitCodes.stopped), impatientMs);
  void Promise.allSettled(services.map((service) => service.stop(0))).then(() =>
    process.exit(exitCodes.stopped),
  );
}

/** Ends the process once both outputs have been written, or their readers have had their chance. */
export async function endProcess(exitCode: number): Promise<never> {
  const patience = new Promise<void>((resolve) => setTimeout(resolve, flushMs));
  await Promise.race([Promise.all([flushed(process.stdout), flushed(process.stderr)]), patience]);
  process.exit(exitCode);
}

/** Settles when all that was written to `stream` has left this process, or nobody reads it any more. */
export function flushed(stream: Writable): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return Promise.resolve();
  return new Promise((resolve) => {
    stream.write('', () => {
      resolve();
    });
  });
}

/**
 * Settles when all that was printed has been written, or its reader went away. OutputError when it cannot be written:
 * `halflight keygen > FILE` on a full disk has lost a key.
 */
export async function printed(): Promise<void> {
  await flushed(process.stdout);
  // Streams tell of their errors a moment later.
  await setImmediate();
  if (unwritten === undefined) return;
  const got = codeOf(unwritten) ?? 'an error';
  throw new OutputError(`stdout: expected it to take all that is printed, got ${got}`, { cause: unwritten });
}
