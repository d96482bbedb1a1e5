/**
 * From the flags of `halflight remote` and the variables beside them to settings. Flags win over variables, because they were typed last; two that
 * say the same thing are a usage error, because nobody knows which was meant. What reads the rarer ones is loaded with them.
 */
import { isIP } from 'node:net';
import { join } from 'node:path';
import type { CipherBackend } from '../codec/aead.js';
import { generateSecret, masterKey } from '../codec/keys.js';
import { defaultMethod, findMethod, type Method } from '../codec/methods.js';
import type { UserSecret } from '../codec/users.js';
import type { Environment } from '../environment.js';
import { ConfigError } from '../errors.js';
import type { ApiFlags, ApiSettings } from './api.js';
import { type AuthFlags, readCredentials } from './credentials.js';
import { configDirectory, stateDirectory } from './directories.js';
import { UsageError } from './exit.js';
import type { PortEntry } from './file-schema.js';
import type { StoredSecret } from './keyfile.js';
import { parseListen } from './listen.js';
import type { ManagerFlags } from './manager.js';
import { type LocalPluginFlags, readPlugin } from './plugin.js';
import { readPublicHost } from './public-host.js';
import type {
  ManagedSettings,
  ManagerSettings,
  PortSettings,
  PremisesSettings,
  RemoteSettings,
} from './settings.js';
import { nonEmpty, type Variables } from './variables.js';
import { defaultRemotePort } from './uri.js';
import type { SharedRemote, UsersFlags } from './users-file.js';
import { refuseWeak } from './weak.js';
import { readWorkers, type WorkersFlags } from './workers.js';

export interface RemoteFlags extends AuthFlags, UsersFlags, ApiFlags, ManagerFlags, WorkersFlags {
  readonly listen?: string;
  readonly method?: string;
  readonly key?: string;
  readonly password?: string;
  readonly keyFile?: string;
  readonly publicHost?: string;
  readonly udp?: boolean;
  readonly allowBind?: boolean;
  readonly allowPrivate?: boolean;
  readonly allowWeakPassword?: boolean;
  readonly cipherBackend?: CipherBackend;
  /** Of a config file only. */
  readonly ports?: readonly PortEntry[];
}

/** With those that no config file has. */
export type AllRemoteFlags = RemoteFlags & LocalPluginFlags;

/** Where a remote's secret came from; `path` and `created` are about the key file. */
export type SecretSource =
  | { readonly from: 'flag' }
  | { readonly from: 'variable' }
  | { readonly from: 'config'; readonly path: string }
  | { readonly from: 'file'; readonly path: string; readonly created: boolean };

/** What a remote is told, and what was found out on the way. */
export interface ReadRemote {
  readonly settings: RemoteSettings;
  readonly source: SecretSource;
  /** Absent: nobody is to manage it. */
  readonly api?: ApiSettings;
  /** How many processes it is. */
  readonly workers: number;
}

/** What the flags of `halflight remote` and the variables beside them mean. It may make and store a key. */
export function readRemoteFlags(
  flags: AllRemoteFlags,
  variables: Variables,
  environment: Environment,
): Promise<ReadRemote> {
  const keyIn: KeyIn = async (path, method) => {
    const { loadOrCreateSecret } = await import('./keyfile.js');
    return loadOrCreateSecret(path, method, environment);
  };
  return readRemote(flags, variables, keyIn);
}

/** Rejects with what would keep a remote from starting with these flags, and stores nothing. */
export async function checkRemoteFlags(
  flags: AllRemoteFlags,
  variables: Variables,
  environment: Environment,
): Promise<void> {
  if ((await readManagedFlags(flags, variables)) !== undefined) return;
  await readRemote(flags, variables, async (path, method) => {
    const { loadSecret } = await import('./keyfile.js');
    const stored = await loadSecret(path, method);
    if (stored !== undefined) return stored;
    const chosen = method ?? findMethod(defaultMethod);
    return { method: chosen, secret: generateSecret(chosen, environment), created: true };
  });
}

/** The key in the file at a path; when there is none, a new one for the method. */
type KeyIn = (path: string, method: Method | undefined) => Promise<StoredSecret>;

async function readRemote(flags: AllRemoteFlags, variables: Variables, keyIn: KeyIn): Promise<ReadRemote> {
  const listen = parseListen(flags.listen ?? String(defaultRemotePort));
  const method = flags.method === undefined ? undefined : findMethod(flags.method);
  const plugin = flags.plugin === undefined ? undefined : readPlugin('--plugin', flags.plugin);
  const premises = await readPremises(flags, variables);
  const manager = await managerOf(flags, listen.host);
  const workers = remoteWorkers(flags);
  const { source, ...secret } = await readSecret({ flags, variables, method, keyIn });
  const remote = { ...secret, allowWeakPassword: flags.allowWeakPassword ?? false };
  refuseWeak(remote);
  const api = await apiOf(flags);
  const users = await usersOf(flags, { ...remote, mayBeEmpty: api !== undefined });

  const settings: RemoteSettings = {
    ...premises,
    ...secret,
    listen,
    udp: flags.udp ?? true,
    freshKey: source.from === 'file' && source.created,
    ...(manager && { manager }),
    ...(plugin && { plugin }),
    ...(users && { users }),
    ...(flags.usersFile !== undefined && {
      usersFile: { path: flags.usersFile, allowWeakPassword: remote.allowWeakPassword },
    }),
  };
  return { settings, source, workers, ...(api && { api }) };
}

/**
 * What they mean for a remote without a port of its own: there is a manager, and nothing is said of a port or of its key.
 * Undefined when there is more to it.
 */
export async function readManagedFlags(
  flags: AllRemoteFlags,
  variables: Variables,
): Promise<ManagedSettings | undefined> {
  const manager = await managerOf(flags, '');
  const { listen, key, password, keyFile, users, usersFile, plugin, api } = flags;
  const ofOwnPort = [listen, key, password, keyFile, users, usersFile, plugin, api];
  const secretVariables = ['HALFLIGHT_KEY', 'HALFLIGHT_PASSWORD'].map((name) => nonEmpty(variables[name]));
  if (manager === undefined || [...ofOwnPort, ...secretVariables].some((said) => said !== undefined)) {
    return undefined;
  }
  remoteWorkers(flags);
  const { ports = [], ...premises } = await readPremises(flags, variables);
  const { withPorts } = await import('./manager.js');
  return { ...premises, manager: withPorts(manager, ports) };
}

/** UsageError for several beside a panel: the ports that it opens belong to one process. */
function remoteWorkers({ workers, managerAddress }: RemoteFlags): number {
  const wanted = readWorkers(workers);
  if (wanted === 1 || managerAddress === undefined) return wanted;
  throw new UsageError(
    `--workers: expected 1 with --manager-address, got ${wanted}: start a remote for the panel and another one with workers`,
  );
}

async function readPremises(flags: AllRemoteFlags, variables: Variables): Promise<PremisesSettings> {
  const publicHost = flags.publicHost === undefined ? '' : readPublicHost(flags.publicHost);
  const credentials = await readCredentials(flags, variables);
  const ports = await portsOf(flags);
  return {
    cipherBackend: flags.cipherBackend ?? 'native',
    allowPrivate: flags.allowPrivate ?? false,
    credentials,
    allowBind: flags.allowBind ?? false,
    // Whoever connects to a binding was told where: behind NAT the address it is bound to would not do.
    announce: isIP(publicHost) === 0 ? undefined : publicHost,
    stateDirectory: stateDirectory(variables),
    ...(ports.length > 0 && { ports }),
  };
}

async function managerOf(flags: AllRemoteFlags, host: string): Promise<ManagerSettings | undefined> {
  if (flags.managerAddress === undefined) return undefined;
  const { readManager } = await import('./manager.js');
  return readManager(flags, host);
}

async function portsOf({
  ports = [],
  allowWeakPassword = false,
}: RemoteFlags): Promise<readonly PortSettings[]> {
  if (ports.length === 0) return [];
  const { readPorts } = await import('./ports.js');
  return readPorts(ports, { allowWeakPassword });
}

async function apiOf(flags: AllRemoteFlags): Promise<ApiSettings | undefined> {
  if (flags.api === undefined && flags.apiTokenFile === undefined) return undefined;
  const { readApi } = await import('./api.js');
  return readApi(flags);
}

async function usersOf(flags: UsersFlags, remote: SharedRemote): Promise<readonly UserSecret[] | undefined> {
  if (flags.users === undefined && flags.usersFile === undefined) return undefined;
  const { readUsers } = await import('./users-file.js');
  return readUsers(flags, remote);
}

interface SecretChoice {
  readonly flags: RemoteFlags;
  readonly variables: Variables;
  readonly method: Method | undefined;
  readonly keyIn: KeyIn;
}

interface Secret {
  readonly method: Method;
  readonly secret: string;
  readonly source: SecretSource;
}

/** `key` and `password` under the names they were given by. */
interface Given {
  readonly keyName: string;
  readonly key: string | undefined;
  readonly passwordName: string;
  readonly password: string | undefined;
}

async function readSecret({ flags, variables, method, keyIn }: SecretChoice): Promise<Secret> {
  refuseTwo(flags);
  const typed = { keyName: '--key', key: flags.key, passwordName: '--password', password: flags.password };
  const fromFlag = readGiven(typed, method);
  if (fromFlag !== undefined) return { ...fromFlag, source: { from: 'flag' } };

  if (flags.keyFile === undefined) {
    const fromVariable = readGiven(
      {
        keyName: 'HALFLIGHT_KEY',
        key: nonEmpty(variables['HALFLIGHT_KEY']),
        passwordName: 'HALFLIGHT_PASSWORD',
        password: nonEmpty(variables['HALFLIGHT_PASSWORD']),
      },
      method,
    );
    if (fromVariable !== undefined) return { ...fromVariable, source: { from: 'variable' } };
  }

  const path = flags.keyFile ?? defaultKeyFile(variables);
  const { created, ...stored } = await keyIn(path, method);
  return { ...stored, source: { from: 'file', path, created } };
}

function refuseTwo({ key, password, keyFile }: RemoteFlags): void {
  const given = Object.entries({ '--key': key, '--password': password, '--key-file': keyFile })
    .filter(([, value]) => value !== undefined)
    .map(([name]) => name);
  if (given.length > 1) throw new UsageError(`expected one of ${given.join(' and ')}, got ${given.length}`);
}

function readGiven(
  { keyName, key, passwordName, password }: Given,
  method: Method | undefined,
): { readonly method: Method; readonly secret: string } | undefined {
  if (key !== undefined && password !== undefined) {
    throw new UsageError(`expected one of ${keyName} and ${passwordName}, got 2`);
  }
  const secret = key ?? password;
  if (secret === undefined) return undefined;

  const chosen = method ?? findMethod(defaultMethod);
  if (key !== undefined && chosen.edition === 2017) {
    throw new UsageError(
      `${keyName}: expected a 2022 method, got ${chosen.name}, which takes ${passwordName}`,
    );
  }
  if (password !== undefined && chosen.edition === 2022) {
    const hint = 'which takes --key (say -m aes-256-gcm, for example)';
    throw new UsageError(`${passwordName}: expected a 2017 method, got ${chosen.name}, ${hint}`);
  }
  masterKey(chosen, secret);
  return { method: chosen, secret };
}

function defaultKeyFile(variables: Variables): string {
  const directory = configDirectory(variables);
  if (directory !== undefined) return join(directory, 'remote.key');
  throw new ConfigError(
    'key file: expected a home directory to keep it in, got none: name a file with --key-file',
  );
}
