import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runLocal } from '../../cli/local.js';
import { runRemote } from '../../cli/remote.js';
import { runUp } from '../../cli/up.js';
import { canaryKey } from '../support/config.js';

const started = vi.hoisted((): string[] => []);
/** A start that takes for ever. */
const never = vi.hoisted(() => (half: string) => () => {
  started.push(half);
  return new Promise<never>(() => undefined);
});
vi.mock('../../remote/remote.js', () => ({ startRemote: never('remote') }));
vi.mock('../../local/local.js', () => ({ startLocal: never('local') }));

const watched = ['SIGINT', 'SIGTERM', 'SIGHUP', 'uncaughtException'] as const;
let before: ReadonlyMap<string, readonly unknown[]>;
let written = '';

/** Listeners that the run under test has added; those of the test runner are not touched. */
const added = (name: string): NodeJS.SignalsListener[] =>
  process
    .listeners(name as NodeJS.Signals)
    .filter((listener) => before.get(name)?.includes(listener) !== true);

beforeEach(() => {
  before = new Map(watched.map((name) => [name, process.listeners(name as NodeJS.Signals)]));
  started.length = 0;
  written = '';
  vi.stubEnv('HALFLIGHT_KEY', canaryKey);
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written += String(text);
    return true;
  });
});

afterEach(() => {
  for (const name of watched) for (const listener of added(name)) process.off(name, listener);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h:1`;
const quiet = { json: true, logLevel: 'error' } as const;

it.each([
  ['remote', 'remote', (): Promise<void> => runRemote({ ...quiet, listen: '127.0.0.1:0' })],
  ['local', 'local', (): Promise<void> => runLocal(uri, quiet)],
  ['up', 'remote', (): Promise<void> => runUp(quiet)],
] as const)('the first signal ends %s with 0 while it is still starting', async (_command, half, run) => {
  const exit = vi.spyOn(process, 'exit').mockImplementation(() => {
    throw new Error('the process has ended');
  });
  const ended = run();
  await vi.waitUntil(() => started.includes(half));
  for (const listener of added('SIGINT')) listener('SIGINT');
  await expect(ended).rejects.toThrow('the process has ended');
  expect(exit.mock.calls).toEqual([[0]]);
  expect(written).toBe('{"event":"stopped"}\n');
});
