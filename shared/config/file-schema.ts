/** The settings that a config file may have: those of the flags, under the names that the settings have. */
import { resolve } from 'node:path';
import { findMethod, methods } from '../codec/methods.js';
import type { Role } from '../observe/events.js';
import { logFormats, type LogFormat, logLevels, type LogLevel } from '../observe/log.js';
import { readApiAddress } from './api.js';
import { authVariable, parseCredential } from './credentials.js';
import type { SettingRow, ValueRow } from './file-rows.js';
import type { RemoteFlags } from './flags.js';
import type { ForwardFlags } from './forward-flags.js';
import { forwardsRow, viaRow } from './forward-rows.js';
import type { HookFlags } from './hook-flags.js';
import { hookRows } from './hook-rows.js';
import { parseListen } from './listen.js';
import type { LocalFlags } from './local-flags.js';
import { readManagerAddress } from './manager.js';
import { type PluginFlags, readPlugin, redactPlugin } from './plugin.js';
import { readPastedUri } from './pasted.js';
import { readPublicHost } from './public-host.js';
import { checkOrder, checkWeight, parseProbeTarget } from './server-choices.js';
import { readSubscriptionUrl, redactSubscription } from './subscription.js';
import { redactServerUri, type ServerUri } from './uri.js';
import { readWorkers } from './workers.js';

/** One of the two programs that make a tunnel. */
export type Half = 'local' | 'remote';

/** One of several remotes of a local. In the file it is the URI alone, or an object. */
export interface ServerEntry {
  readonly uri: string;
  /** Lower is tried first. */
  readonly order?: number;
  /** The share of the targets among those of the same order. */
  readonly weight?: number;
  /** The plugin that streams to it go through, when its URI names none. */
  readonly plugin?: string;
}

/** A port of a remote beside that of `listen`, with a key of its own. */
export interface PortEntry {
  readonly listen: string;
  readonly method?: string;
  readonly key?: string;
  readonly password?: string;
  readonly users?: readonly string[];
  readonly udp?: boolean;
  readonly plugin?: string;
}

/** All that a file can say: the flags of all programs, and the URI that is the argument of a local. */
export interface FileSettings extends RemoteFlags, LocalFlags, ForwardFlags, HookFlags, PluginFlags {
  readonly uri?: string;
  readonly servers?: readonly ServerEntry[];
  readonly subscription?: string;
  readonly ports?: readonly PortEntry[];
  readonly json?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

export type SettingName = keyof FileSettings;

const both: readonly Role[] = ['local', 'remote'];
const local: readonly Role[] = ['local'];
const remote: readonly Role[] = ['remote'];
const all: readonly Role[] = ['local', 'remote', 'forward'];
const secrets: readonly SettingName[] = ['key', 'password', 'keyFile'];
const askers: readonly SettingName[] = ['auth', 'authFile'];
const members: readonly SettingName[] = ['users', 'usersFile'];
const remotes: readonly SettingName[] = ['uri', 'servers', 'subscription'];
const fromDirectory = (text: string, directory: string): string => resolve(directory, text);
const hidden = (): string => '***';
const userOnly = (text: string): string => `${text.replace(/:.*$/s, '')}:***`;

const readAnyUri = (text: string): ServerUri => readPastedUri(text, { plugins: 'any' });

const uriRow = {
  kind: 'text',
  // Whether a plugin in it may run is for whoever starts it: here it is only read.
  check: readAnyUri,
  redact: (text) => redactServerUri(readAnyUri(text)),
} as const satisfies ValueRow;
const listenRow = { kind: 'text', check: (text) => parseListen(text) } as const satisfies ValueRow;
const methodRow = { kind: 'text', check: findMethod } as const satisfies ValueRow;
const secretRow = { kind: 'text', redact: hidden } as const satisfies ValueRow;
const usersRow = { kind: 'texts', redact: userOnly } as const satisfies ValueRow;
const pluginRow = {
  kind: 'text',
  check: (text) => readPlugin('plugin', text),
  redact: redactPlugin,
} as const satisfies ValueRow;

const serverFields = {
  uri: uriRow,
  order: { kind: 'number', check: checkOrder },
  weight: { kind: 'number', check: checkWeight },
  plugin: pluginRow,
} as const satisfies Record<keyof ServerEntry, ValueRow>;

const portFields = {
  listen: listenRow,
  method: methodRow,
  key: secretRow,
  password: secretRow,
  users: usersRow,
  udp: { kind: 'switch' },
  plugin: pluginRow,
} as const satisfies Record<keyof PortEntry, ValueRow>;

/** Every setting, in the order in which they are shown. */
export const settingRows: Readonly<Record<SettingName, SettingRow>> = {
  uri: {
    ...uriRow,
    roles: local,
    variable: 'HALFLIGHT_URI',
    rivals: remotes,
    typed: 'argument',
    byDefault: 'none',
  },
  servers: {
    kind: 'entries',
    lead: 'uri',
    bare: true,
    fields: serverFields,
    roles: local,
    rivals: remotes,
    typed: 'argument',
    byDefault: 'none',
  },
  subscription: {
    kind: 'text',
    roles: local,
    check: readSubscriptionUrl,
    redact: redactSubscription,
    variable: 'HALFLIGHT_SUBSCRIPTION',
    rivals: remotes,
    byDefault: 'none',
  },
  listen: { ...listenRow, roles: both, byDefault: { local: '127.0.0.1:1080', remote: ':8388' } },
  method: { ...methodRow, roles: remote, byDefault: Object.keys(methods)[0] ?? '' },
  key: {
    ...secretRow,
    roles: remote,
    variable: 'HALFLIGHT_KEY',
    rivals: secrets,
    byDefault: 'none',
  },
  password: {
    ...secretRow,
    roles: remote,
    variable: 'HALFLIGHT_PASSWORD',
    rivals: secrets,
    byDefault: 'none',
  },
  keyFile: {
    kind: 'text',
    roles: remote,
    within: fromDirectory,
    rivals: secrets,
    byDefault: 'remote.key beside remote.json',
  },
  users: { ...usersRow, roles: remote, rivals: members, byDefault: 'whoever has the key' },
  usersFile: { kind: 'text', roles: remote, within: fromDirectory, rivals: members, byDefault: 'none' },
  api: { kind: 'text', roles: remote, check: readApiAddress, byDefault: 'none' },
  apiTokenFile: { kind: 'text', roles: remote, within: fromDirectory, byDefault: 'none' },
  ports: {
    kind: 'entries',
    lead: 'listen',
    fields: portFields,
    roles: remote,
    byDefault: 'none',
  },
  managerAddress: { kind: 'text', roles: remote, check: readManagerAddress, byDefault: 'none' },
  publicHost: { kind: 'text', roles: remote, check: readPublicHost, byDefault: 'found out at the start' },
  auth: {
    kind: 'texts',
    roles: both,
    check: (text) => parseCredential(text, 'auth'),
    redact: userOnly,
    variable: authVariable,
    rivals: askers,
    byDefault: 'none',
  },
  authFile: { kind: 'text', roles: both, within: fromDirectory, rivals: askers, byDefault: 'none' },
  open: { kind: 'switch', roles: local, byDefault: 'false' },
  udp: { kind: 'switch', roles: both, byDefault: 'true' },
  pacDirect: { kind: 'switch', roles: local, byDefault: 'true' },
  optimistic: { kind: 'switch', roles: local, byDefault: 'false' },
  udpOverTcp: { kind: 'switch', roles: local, byDefault: 'false' },
  probeTarget: { kind: 'text', roles: local, check: parseProbeTarget, byDefault: '1.1.1.1:53' },
  forwards: { ...forwardsRow, roles: ['local', 'forward'], typed: 'argument', byDefault: 'none' },
  via: { ...viaRow, roles: ['forward'], byDefault: 'direct' },
  allowBind: { kind: 'switch', roles: remote, byDefault: 'false' },
  allowPrivate: { kind: 'switch', roles: remote, byDefault: 'false' },
  allowWeakPassword: { kind: 'switch', roles: remote, byDefault: 'false' },
  plugin: {
    ...pluginRow,
    roles: both,
    // That of a file is the one for the URI in it.
    rivals: [...remotes, 'plugin'],
    byDefault: 'none',
  },
  workers: { kind: 'text', orNumber: true, roles: both, check: readWorkers, byDefault: '1' },
  cipherBackend: { kind: 'text', roles: both, choices: ['native', 'noble'], byDefault: 'native' },
  ...hookRows,
  logLevel: { kind: 'text', roles: all, choices: logLevels, byDefault: 'info' },
  logFormat: { kind: 'text', roles: all, choices: logFormats, byDefault: 'text' },
  json: { kind: 'switch', roles: all, byDefault: 'false' },
};

/** The row of a setting, or undefined for a name that is none: `__proto__` is none either. */
export function settingRow(name: string): SettingRow | undefined {
  return isSetting(name) ? settingRows[name] : undefined;
}

export function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settingRows, name);
}

/** The settings of a program, in the order in which they are shown. */
export function settingsOf(role: Role): readonly SettingName[] {
  return Object.keys(settingRows)
    .filter(isSetting)
    .filter((name) => settingRow(name)?.roles.includes(role));
}
