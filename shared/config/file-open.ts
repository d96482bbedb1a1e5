/** Which config file a half reads, and whether it may. */
import { ConfigError } from '../errors.js';
import { isClassic, readClassic, refuseMixed } from './classic.js';
import { defaultConfigFiles } from './directories.js';
import { type FileContent, readOurs } from './file.js';
import { type Half, isSecret, settingRows } from './file-schema.js';
import { type JsonFile, parseJsonFile } from './file-text.js';
import { checkPrivacy, readSmallFile } from './private-file.js';
import type { Variables } from './variables.js';

/** More than any list of users or servers that somebody keeps by hand. */
const maxBytes = 1024 * 1024;

/** A file that has been read and not yet been understood. */
export interface OpenedFile {
  readonly file: JsonFile;
  /** Its permission bits. */
  readonly mode: number;
}

/** A config file, and what it says to a half. */
export interface ConfigFile extends OpenedFile, FileContent {}

/** The file at `path`, undefined when there is none. ConfigError for one that is no JSON object of at most 1 MiB. */
export async function openConfigFile(path: string): Promise<OpenedFile | undefined> {
  const small = await readSmallFile({ name: nameOf(path), path, maxBytes, links: 'followed' });
  return small === undefined ? undefined : { file: parseJsonFile(path, small.bytes), mode: small.mode };
}

/** What an opened file says to `half`, whoever wrote it. ConfigError for everything that is wrong in it. */
export function understand({ file, mode }: OpenedFile, half: Half, variables: Variables): ConfigFile {
  refuseMixed(file);
  const content = isClassic(file) ? readClassic(file, half, variables) : readOurs(file, half);
  return { file, mode, ...content };
}

/** ConfigError when others may read a file with a secret in it, or may put another in its place. */
export async function checkPrivate({ file, mode, nodes }: ConfigFile): Promise<void> {
  const secret = Array.from(nodes.keys()).some((name) => isSecret(settingRows[name]));
  if (secret) await checkPrivacy({ name: nameOf(file.path), path: file.path }, mode);
}

/**
 * The file that a half reads: the one at `path`, which must be there; when none is named, the first that is there of
 * `$XDG_CONFIG_HOME/halflight/HALF.json` and `/etc/halflight/HALF.json`, or undefined. Errors as from `openConfigFile`
 * and `understand`, and for a file with a secret that others may read.
 */
export async function loadConfigFile(
  path: string | undefined,
  half: Half,
  variables: Variables,
): Promise<ConfigFile | undefined> {
  for (const candidate of path === undefined ? defaultConfigFiles(half, variables) : [path]) {
    const opened = await openConfigFile(candidate);
    if (opened === undefined) continue;
    const config = understand(opened, half, variables);
    await checkPrivate(config);
    return config;
  }
  if (path !== undefined) throw new ConfigError(`${nameOf(path)}: expected a file, got none`);
  return undefined;
}

function nameOf(path: string): string {
  return `config file ${path}`;
}
