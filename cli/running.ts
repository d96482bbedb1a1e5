/** The life of a command that keeps running: it says what it has been told, waits until it is asked to stop, and stops. */
import { type AuthFlags, authVariable } from '../shared/config/credentials.js';
import { exitCodes } from '../shared/config/exit.js';
import type { Role } from '../shared/observe/events.js';
import type { Service } from '../shared/service.js';
import type { Configured } from './configured.js';
import { type Conversations, countConversations, stoppingLine } from './conversations.js';
import { awaitSignals, endProcess, type Ending, surviveErrors } from './life.js';
import { createOutput, type Output, type OutputFlags } from './output.js';
import type { UserUsage } from './users.js';

/** What every command has that keeps running. */
export interface Life extends Conversations {
  readonly output: Output;
  readonly ending: Ending;
}

/** The same, where the conversations may be those of other processes. */
type LifeToFinish = Omit<Life, 'open'> & { readonly open: () => number | Promise<number> };

/** `role` is the half whose conversations count: in `up` each of them has a connection in both. */
export function prepare(flags: OutputFlags & Configured, role: Role): Life {
  const output = createOutput(flags);
  surviveErrors(output.log);
  if (flags.config !== undefined) output.log.info('settings from a file', { path: flags.config.path });
  for (const warning of flags.config?.warnings ?? []) output.log.warn(warning);
  return { output, ...countConversations(role, output.observer), ending: awaitSignals() };
}

/** Warns of a password that was typed, unless it stands in a config file. */
export function warnTypedAuth({ auth, config }: AuthFlags & Configured, output: Output): void {
  if (auth === undefined || config?.names.has('auth') === true) return;
  output.log.warn(
    `the process list shows a password given as a flag; ${authVariable} or --auth-file keep it out`,
  );
}

/** What `work` brings, or undefined when the process was asked to end meanwhile. */
export function unlessAsked<T>(work: Promise<T>, { ending }: Life): Promise<T | undefined> {
  return Promise.race([work, ending.asked.then(() => undefined)]);
}

/** What `start` brings. When the process is asked to end meanwhile, it ends: no conversation has begun. */
export async function unlessStopped<T extends object>(start: Promise<T>, life: Life): Promise<T> {
  return (await unlessAsked(start, life)) ?? finish([], life);
}

/** Waits for a signal, stops the services, says what users have done when `usage` tells it, and ends the process. */
export async function finish(
  services: readonly Service[],
  { output, ending, open }: LifeToFinish,
  usage?: () => Promise<readonly UserUsage[]>,
): Promise<never> {
  const signal = await ending.asked;
  output.log.info(stoppingLine(await open()), { signal });
  await ending.stop(services);
  const users = (await usage?.()) ?? [];
  for (const { user, ...counts } of users) output.log.debug('usage', { user, ...counts });
  output.report({ event: 'stopped', ...(users.length > 0 && { users }) });
  return endProcess(exitCodes.stopped);
}
