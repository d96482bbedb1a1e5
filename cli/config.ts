/** `halflight config`: what a config file says, what holds in the end, and other programs' files as ours. */
import { open } from 'node:fs/promises';
import { isClassic, classicHalf } from '../shared/config/classic.js';
import { readCredentials } from '../shared/config/credentials.js';
import { UsageError } from '../shared/config/exit.js';
import { allRoles, rolesOf } from '../shared/config/file.js';
import {
  checkPrivate,
  type ConfigFile,
  loadConfigFile,
  openConfigFile,
  type OpenedFile,
  understand,
} from '../shared/config/file-open.js';
import { type FileSettings, isSetting } from '../shared/config/file-schema.js';
import { propertiesOf } from '../shared/config/file-text.js';
import { checkRemoteFlags } from '../shared/config/flags.js';
import { readForwardFlags } from '../shared/config/forward-flags.js';
import { readHookFlags } from '../shared/config/hook-flags.js';
import { settingsAmong, tell } from '../shared/config/layers.js';
import { readLocalFlags, readPortFlags } from '../shared/config/local-flags.js';
import { pathError } from '../shared/config/private-file.js';
import { together } from '../shared/config/together.js';
import { codeOf, ConfigError } from '../shared/errors.js';
import { systemEnvironment } from '../shared/net/system.js';
import { escapeControls } from '../shared/observe/escape.js';
import type { Role } from '../shared/observe/events.js';

/** The flags of the commands about one file. */
export interface FileFlags {
  /** The program that it is read for, when it does not say so itself. */
  readonly for?: Role;
  /** Where `import` writes; stdout by default, and for `-`. */
  readonly output?: string;
}

/**
 * `halflight config check FILE`: ConfigError, with all others that can be told at once, for what would keep a program from
 * starting with it here. Nothing is started, and whether a plugin is installed is not looked up.
 */
export async function runCheck(path: string, flags: FileFlags): Promise<void> {
  const opened = await openNamed(path);
  const roles = flags.for === undefined ? guess(opened) : [flags.for];
  try {
    await findMistakes(opened, roles);
  } catch (error) {
    // They may be none, for the other half.
    if (flags.for === undefined && isClassic(opened.file)) warn([guessed(path, classicHalf(opened.file))]);
    throw error;
  }
  say([`${path}: nothing is wrong with it, as the ${kindOf(opened)} of ${anyOf(roles)}.`]);
}

/** `roles`: what it may be for, at least one. */
async function findMistakes(opened: OpenedFile, roles: readonly Role[]): Promise<void> {
  const [role = 'remote'] = roles;
  const config = understand(opened, role, process.env);
  const outcomes = await Promise.allSettled([
    checkPrivate(config),
    checkTogether(roles, config.settings).catch((error: unknown) => {
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
  if (flags.for === 'forward') throw new UsageError('--for: expected local or remote, got forward');
  const half = flags.for ?? classicHalf(opened.file);
  const config = understand(opened, half, process.env);
  const why = flags.for === undefined ? [guessed(path, half)] : [];
  warn([...why, ...config.warnings, ...(await openToOthers(config))]);
  const text = `${JSON.stringify(config.settings, undefined, 2)}\n`;
  if (flags.output === undefined || flags.output === '-') process.stdout.write(text);
  else await writeNew(flags.output, text);
}

/**
 * `halflight config show`: every setting of a program as it holds with these flags, and who said so; secrets are not shown.
 * Without a program it is that of the file, and without a file all of them.
 */
export async function runShow(
  role: Role | undefined,
  typed: object,
  path: string | undefined,
): Promise<void> {
  const roles = role === undefined ? await rolesFor(path) : [role];
  for (const each of roles) {
    const file = await loadConfigFile(path, each, process.env);
    if (file !== undefined) warn(file.warnings);
    const told = tell({ role: each, typed: settingsAmong(typed), variables: process.env, file });
    const rows = told.map(({ name, value, from }) => [name, value, from] as const);
    say([...(roles.length > 1 ? [`${each}:`] : []), ...columns(rows)]);
  }
}

async function rolesFor(path: string | undefined): Promise<readonly Role[]> {
  return path === undefined ? allRoles : guess(await openNamed(path));
}

async function openNamed(path: string): Promise<OpenedFile> {
  const opened = await openConfigFile(path);
  if (opened === undefined) throw new ConfigError(`config file ${path}: expected a file, got none`);
  return opened;
}

/** What it may be for, at least one. Of settings that contradict each other each reading tells. */
function guess({ file }: OpenedFile): readonly Role[] {
  if (isClassic(file)) return [classicHalf(file)];
  const roles = rolesOf(file);
  return roles.length === 0 ? ['local'] : roles;
}

function anyOf(roles: readonly Role[]): string {
  return roles.map((role) => `a ${role}`).join(' or ');
}

function guessed(path: string, half: Role): string {
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
  const [begin = '', flag, word = ''] = /^(--)?([\w-]+)(?: dumper)?: /.exec(message) ?? [];
  const name = flag === undefined ? word : settingOf(word);
  const node = isSetting(name) ? nodes.get(name) : undefined;
  if (node === undefined) return new ConfigError(`${file.path}: ${message}`);
  return file.complain(node, `${name}: ${message.slice(begin.length)}`);
}

/** What one setting says about another, in what any of these programs would do. It reads the files that are named, and makes no key. */
async function checkTogether(roles: readonly Role[], settings: FileSettings): Promise<void> {
  readHookFlags(settings, { json: settings.json ?? false, color: false, write: () => undefined });
  const [role, another] = roles;
  if (another !== undefined) await readCredentials(settings, process.env);
  else if (role !== undefined) await checks[role](settings);
}

const checks = {
  local: async (settings) => {
    const { uri, servers, subscription } = settings;
    const named = uri !== undefined || servers !== undefined || subscription !== undefined;
    if (named) await readLocalFlags(uri, settings, process.env);
    else await readPortFlags(settings, process.env);
  },
  remote: (settings) => checkRemoteFlags(settings, process.env, systemEnvironment),
  forward: (settings) => {
    readForwardFlags(settings);
    return Promise.resolve();
  },
} as const satisfies Record<Role, (settings: FileSettings) => Promise<unknown>>;

async function openToOthers(config: ConfigFile): Promise<readonly string[]> {
  try {
    await checkPrivate(config);
    return [];
  } catch (error) {
    return error instanceof ConfigError ? [error.message] : [];
  }
}

/** What a flag is called in a file. */
function settingOf(flag: string): string {
  return flag === 'hook' ? 'hooks' : flag.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
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
