/** `halflight config`: what a config file says, what holds in the end, and other programs' files as ours. */
import { open } from 'node:fs/promises';
import { isClassic, classicHalf } from '../shared/config/classic.js';
import { readCredentials } from '../shared/config/credentials.js';
import { UsageError } from '../shared/config/exit.js';
import { halfOf } from '../shared/config/file.js';
import {
  checkPrivate,
  type ConfigFile,
  loadConfigFile,
  openConfigFile,
  type OpenedFile,
  understand,
} from '../shared/config/file-open.js';
import { type FileSettings, type Half, isSetting } from '../shared/config/file-schema.js';
import { propertiesOf } from '../shared/config/file-text.js';
import { checkRemoteFlags } from '../shared/config/flags.js';
import { settingsAmong, tell } from '../shared/config/layers.js';
import { readLocalFlags, readPortFlags } from '../shared/config/local-flags.js';
import { pathError } from '../shared/config/private-file.js';
import { together } from '../shared/config/together.js';
import { codeOf, ConfigError } from '../shared/errors.js';
import { systemEnvironment } from '../shared/net/system.js';
import { escapeControls } from '../shared/observe/escape.js';

/** The flags of the commands about one file. */
export interface FileFlags {
  /** The half that it is read for, when it does not say so itself. */
  readonly for?: Half;
  /** Where `import` writes; stdout by default, and for `-`. */
  readonly output?: string;
}

/**
 * `halflight config check FILE`: ConfigError, with all others that can be told at once, for what would keep a half from
 * starting with it here. Nothing is started, and whether a plugin is installed is not looked up.
 */
export async function runCheck(path: string, flags: FileFlags): Promise<void> {
  const opened = await openNamed(path);
  const half = flags.for ?? guess(opened);
  try {
    await findMistakes(opened, half);
  } catch (error) {
    // They may be none, for the other half.
    if (flags.for === undefined && isClassic(opened.file)) warn([guessed(path, classicHalf(opened.file))]);
    throw error;
  }
  const role = half === undefined ? 'either half' : `a ${half}`;
  say([`${path}: nothing is wrong with it, as the ${kindOf(opened)} of ${role}.`]);
}

async function findMistakes(opened: OpenedFile, half: Half | undefined): Promise<void> {
  const config = understand(opened, half ?? 'remote', process.env);
  const outcomes = await Promise.allSettled([
    checkPrivate(config),
    checkTogether(half, config.settings).catch((error: unknown) => {
      throw inFile(config, error);
    }),
  ]);
  // They may name what the mistakes come from.
  warn(config.warnings);
  together(
    outcomes.map((outcome) => () => {
      if (outcome.status === 'rejected') throw outcome.reason;
    }),
  );
}

/** `halflight config import FILE`: the same settings in a file of ours, on stdout or in a new file (mode 0600). */
export async function runImport(path: string, flags: FileFlags): Promise<void> {
  const opened = await openNamed(path);
  if (!isClassic(opened.file)) {
    const ours = propertiesOf(opened.file.root).some(({ name }) => isSetting(name));
    const got = ours ? 'one of halflight' : 'neither that nor one of halflight';
    throw new ConfigError(`config file ${path}: expected one of another program, got ${got}`);
  }
  const half = flags.for ?? classicHalf(opened.file);
  const config = understand(opened, half, process.env);
  const why = flags.for === undefined ? [guessed(path, half)] : [];
  warn([...why, ...config.warnings, ...(await openToOthers(config))]);
  const text = `${JSON.stringify(config.settings, undefined, 2)}\n`;
  if (flags.output === undefined || flags.output === '-') process.stdout.write(text);
  else await writeNew(flags.output, text);
}

/**
 * `halflight config show`: every setting of a half as it holds with these flags, and who said so; secrets are not shown.
 * Without a half it is that of the file, and without a file both.
 */
export async function runShow(
  half: Half | undefined,
  typed: object,
  path: string | undefined,
): Promise<void> {
  const halves = half === undefined ? await halvesFor(path) : [half];
  for (const each of halves) {
    const file = await loadConfigFile(path, each, process.env);
    if (file !== undefined) warn(file.warnings);
    const told = tell({ half: each, typed: settingsAmong(typed), variables: process.env, file });
    const rows = told.map(({ name, value, from }) => [name, value, from] as const);
    say([...(halves.length > 1 ? [`${each}:`] : []), ...columns(rows)]);
  }
}

async function halvesFor(path: string | undefined): Promise<readonly Half[]> {
  const half = path === undefined ? undefined : guess(await openNamed(path));
  return half === undefined ? ['local', 'remote'] : [half];
}

async function openNamed(path: string): Promise<OpenedFile> {
  const opened = await openConfigFile(path);
  if (opened === undefined) throw new ConfigError(`config file ${path}: expected a file, got none`);
  return opened;
}

function guess({ file }: OpenedFile): Half | undefined {
  return isClassic(file) ? classicHalf(file) : halfOf(file);
}

function guessed(path: string, half: Half): string {
  return `${path}: read as the file of a ${half}; if it is not, say --for`;
}

function kindOf({ file }: OpenedFile): string {
  return isClassic(file) ? 'classic file' : 'file';
}

/** The same error, about this file: settings that contradict each other are no mistake of the command line here. */
function inFile(config: ConfigFile, error: unknown): unknown {
  if (error instanceof UsageError || error instanceof ConfigError) {
    const others = error instanceof ConfigError ? error.others.map((each) => inPlace(config, each)) : [];
    return new ConfigError(inPlace(config, error).message, { cause: error, others });
  }
  return error;
}

/** With the place of the setting that its message begins with, if it does. */
function inPlace({ file, nodes }: ConfigFile, { message }: Error): ConfigError {
  const [, name = ''] = /^(\w+): /.exec(message) ?? [];
  const node = isSetting(name) ? nodes.get(name) : undefined;
  return node === undefined ? new ConfigError(`${file.path}: ${message}`) : file.complain(node, message);
}

/** What one setting says about another. It reads the files that are named, and makes no key. */
async function checkTogether(half: Half | undefined, settings: FileSettings): Promise<void> {
  if (half === 'local') {
    const { uri, servers, subscription } = settings;
    const named = uri !== undefined || servers !== undefined || subscription !== undefined;
    if (named) await readLocalFlags(uri, settings, process.env);
    else await readPortFlags(settings, process.env);
  } else if (half === 'remote') {
    await checkRemoteFlags(settings, process.env, systemEnvironment);
  } else {
    await readCredentials(settings, process.env);
  }
}

async function openToOthers(config: ConfigFile): Promise<readonly string[]> {
  try {
    await checkPrivate(config);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? [error.message] : [];
  }
}

async function writeNew(path: string, text: string): Promise<void> {
  const name = `file ${path}`;
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(text).finally(() => file.close());
  } catch (error) {
    if (codeOf(error) === 'EEXIST')
      throw new ConfigError(`${name}: expected a new one, got one that is there`);
    throw pathError(name, error);
  }
}

function columns(rows: readonly (readonly [string, string, string])[]): readonly string[] {
  const wide = (at: 0 | 1): number => Math.max(...rows.map((row) => row[at].length));
  return rows.map(([name, value, from]) => `${name.padEnd(wide(0))}  ${value.padEnd(wide(1))}  ${from}`);
}

function say(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${escapeControls(line)}\n`).join(''));
}

function warn(lines: readonly string[]): void {
  process.stderr.write(lines.map((line) => `halflight: warning: ${escapeControls(line)}\n`).join(''));
}
