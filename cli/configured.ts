/** From the flags of a command and the config file beside them to flags: one thing less that the halves must know of. */
import { stat } from 'node:fs/promises';
import { defaultConfigFiles } from '../shared/config/directories.js';
import type { FileSettings, SettingName } from '../shared/config/file-schema.js';
import { codeOf } from '../shared/errors.js';
import type { Role } from '../shared/observe/events.js';

/** What a command is told beside its flags. */
export interface Configured {
  /** The config file that had a say; absent when none was read. */
  readonly config?: ReadConfig;
}

export interface ReadConfig {
  readonly path: string;
  readonly warnings: readonly string[];
  /** The settings that it alone was heard for. */
  readonly names: ReadonlySet<SettingName>;
}

/**
 * What is typed and what the config file says, as one: the file at `path`, else the one where the program keeps its own.
 * ConfigError for what is wrong in the file. What reads files is loaded where there is one.
 */
export async function configure(
  role: Role,
  typed: object,
  path: string | undefined,
): Promise<FileSettings & Configured> {
  const mayBeThere = await Promise.all(defaultConfigFiles(role, process.env).map(mayBeAt));
  if (path === undefined && !mayBeThere.includes(true)) return typed;
  const [{ loadConfigFile }, { layered, settingsAmong }] = await Promise.all([
    import('../shared/config/file-open.js'),
    import('../shared/config/layers.js'),
  ]);
  const own = settingsAmong(typed);
  const file = await loadConfigFile(path, role, process.env);
  if (file === undefined) return own;
  const settings = layered({ role, typed: own, variables: process.env, file });
  const names = new Set(
    Array.from(file.nodes.keys()).filter((name) => own[name] === undefined && settings[name] !== undefined),
  );
  // One of them may be there to let nobody pass.
  const others = file.settings.hooks?.filter((hook) => own.hooks?.includes(hook) === false) ?? [];
  const left = others.length === 0 ? [] : [`hooks of the file that --hook leaves out: ${others.join(', ')}`];
  return { ...settings, config: { path: file.file.path, warnings: [...file.warnings, ...left], names } };
}

/** Whoever reads it says what is wrong with one that cannot be looked at. */
async function mayBeAt(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    (error: unknown) => codeOf(error) !== 'ENOENT',
  );
}
