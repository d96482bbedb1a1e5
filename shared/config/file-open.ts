/** Which config file a program reads, and whether it may. */
import type { Role } from '../observe/events.js';
import { ConfigError } from '../errors.js';
import { isClassic, readClassic, refuseMixed } from './classic.js';
import { defaultConfigFiles } from './directories.js';
import { type FileContent, readOurs } from './file.js';
import { holdsSecret } from './file-secrets.js';
import type { Half } from './file-schema.js';
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

/** A config file, and what it says to a program. */
export interface ConfigFile extends OpenedFile, FileContent {}

/** The file at `path`, undefined when there is none. ConfigError for one that is no JSON object of at most 1 MiB. */
export async function openConfigFile(path: string): Promise<OpenedFile | undefined> {
  const small = await readSmallFile({ name: nameOf(path), path, maxBytes, links: 'followed' });
  return small === undefined ? undefined : { file: parseJsonFile(path, small.bytes), mode: small.mode };
}

/** What an opened file says to a program, whoever wrote it. ConfigError for everything that is wrong in it. */
export function understand({ file, mode }: OpenedFile, role: Role, variables: Variables): ConfigFile {
  refuseMixed(file);
  const content = isClassic(file) ? readClassic(file, halfFor(file, role), variables) : readOurs(file, role);
  return { file, mode, ...content };
}

/** Other Shadowsocks programs have files for the two halves alone. */
function halfFor(file: JsonFile, role: Role): Half {
  if (role !== 'forward') return role;
  throw file.complain(file.root, 'settings: expected those of a forward, got a file of another program');
}

/** ConfigError when others may read a file with a secret in it, or may put another in its place. */
export async function checkPrivate({ file, mode, settings }: ConfigFile): Promise<void> {
  if (holdsSecret(settings)) await checkPrivacy({ name: nameOf(file.path), path: file.path }, mode);
}

/**
 * The file that a program reads: the one at `path`, which must be there; when none is named, the first that is there of
 * `$XDG_CONFIG_HOME/halflight/ROLE.json` and `/etc/halflight/ROLE.json`, or undefined. Errors as from `openConfigFile`
 * and `understand`, and for a file with a secret that others may read.
 */
export async function loadConfigFile(
  path: string | undefined,
  role: Role,
  variables: Variables,
): Promise<ConfigFile | undefined> {
  for (const candidate of path === undefined ? defaultConfigFiles(role, variables) : [path]) {
    const opened = await openConfigFile(candidate);
    if (opened === undefined) continue;
    const config = understand(opened, role, variables);
    await checkPrivate(config);
    return config;
  }
  if (path !== undefined) throw new ConfigError(`${nameOf(path)}: expected a file, got none`);
  return undefined;
}

function nameOf(path: string): string {
  return `config file ${path}`;
}
