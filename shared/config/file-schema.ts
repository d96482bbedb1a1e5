/** The settings that a config file may have: those of the flags, under the names that the settings have. */
import { findMethod, methods } from '../codec/methods.js';
import { logFormats, type LogFormat, logLevels, type LogLevel } from '../observe/log.js';
import { readApiAddress } from './api.js';
import { authVariable, parseCredential } from './credentials.js';
import type { RemoteFlags } from './flags.js';
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

/** The half that a file is for. */
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

/** All that a file can say: the flags of both halves, and the URI that is the argument of a local. */
export interface FileSettings extends RemoteFlags, LocalFlags, PluginFlags {
  readonly uri?: string;
  readonly servers?: readonly ServerEntry[];
  readonly subscription?: string;
  readonly ports?: readonly PortEntry[];
  readonly json?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

export type SettingName = keyof FileSettings;

/** What a value must be. */
export interface ValueRow {
  readonly kind: 'text' | 'texts' | 'number' | 'switch';
  /** The names it may have, when it is one of few. */
  readonly choices?: readonly string[];
  /** ConfigError `…: expected x, got y` for a text, or the text of a number, that cannot be used. */
  readonly check?: (text: string) => unknown;
  /** Whether it is the path of a file: one that is not absolute begins where the config file is. */
  readonly path?: true;
  /** Whether a number may stand for a text of digits. */
  readonly orNumber?: true;
  /** For a setting that others must not read: what may be shown of a value. */
  readonly redact?: (text: string) => string;
}

/** What each object in a list of them has. */
export interface EntriesRow {
  readonly kind: 'entries';
  /** The field that none may lack. */
  readonly lead: string;
  /** Whether the text of that field may stand for the object. */
  readonly bare?: true;
  readonly fields: Readonly<Record<string, ValueRow>>;
}

/** One setting. */
export type SettingRow = (ValueRow | EntriesRow) & Place;

/** Where a setting is heard. */
interface Place {
  readonly halves: readonly Half[];
  /** The variable that stands for it. */
  readonly variable?: string;
  /** The names that decide which layer is heard for it: the topmost that says any of them. */
  readonly rivals?: readonly SettingName[];
  /** What holds when nobody says anything, in words. */
  readonly byDefault: string | Readonly<Record<Half, string>>;
}

const both: readonly Half[] = ['local', 'remote'];
const local: readonly Half[] = ['local'];
const remote: readonly Half[] = ['remote'];
const secrets: readonly SettingName[] = ['key', 'password', 'keyFile'];
const askers: readonly SettingName[] = ['auth', 'authFile'];
const members: readonly SettingName[] = ['users', 'usersFile'];
const remotes: readonly SettingName[] = ['uri', 'servers', 'subscription'];
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
    halves: local,
    variable: 'HALFLIGHT_URI',
    rivals: remotes,
    byDefault: 'none',
  },
  servers: {
    kind: 'entries',
    lead: 'uri',
    bare: true,
    fields: serverFields,
    halves: local,
    rivals: remotes,
    byDefault: 'none',
  },
  subscription: {
    kind: 'text',
    halves: local,
    check: readSubscriptionUrl,
    redact: redactSubscription,
    variable: 'HALFLIGHT_SUBSCRIPTION',
    rivals: remotes,
    byDefault: 'none',
  },
  listen: { ...listenRow, halves: both, byDefault: { local: '127.0.0.1:1080', remote: ':8388' } },
  method: { ...methodRow, halves: remote, byDefault: Object.keys(methods)[0] ?? '' },
  key: {
    ...secretRow,
    halves: remote,
    variable: 'HALFLIGHT_KEY',
    rivals: secrets,
    byDefault: 'none',
  },
  password: {
    ...secretRow,
    halves: remote,
    variable: 'HALFLIGHT_PASSWORD',
    rivals: secrets,
    byDefault: 'none',
  },
  keyFile: {
    kind: 'text',
    halves: remote,
    path: true,
    rivals: secrets,
    byDefault: 'remote.key beside remote.json',
  },
  users: { ...usersRow, halves: remote, rivals: members, byDefault: 'whoever has the key' },
  usersFile: { kind: 'text', halves: remote, path: true, rivals: members, byDefault: 'none' },
  api: { kind: 'text', halves: remote, check: readApiAddress, byDefault: 'none' },
  apiTokenFile: { kind: 'text', halves: remote, path: true, byDefault: 'none' },
  ports: {
    kind: 'entries',
    lead: 'listen',
    fields: portFields,
    halves: remote,
    byDefault: 'none',
  },
  managerAddress: { kind: 'text', halves: remote, check: readManagerAddress, byDefault: 'none' },
  publicHost: { kind: 'text', halves: remote, check: readPublicHost, byDefault: 'found out at the start' },
  auth: {
    kind: 'texts',
    halves: both,
    check: (text) => parseCredential(text, 'auth'),
    redact: userOnly,
    variable: authVariable,
    rivals: askers,
    byDefault: 'none',
  },
  authFile: { kind: 'text', halves: both, path: true, rivals: askers, byDefault: 'none' },
  open: { kind: 'switch', halves: local, byDefault: 'false' },
  udp: { kind: 'switch', halves: both, byDefault: 'true' },
  pacDirect: { kind: 'switch', halves: local, byDefault: 'true' },
  optimistic: { kind: 'switch', halves: local, byDefault: 'false' },
  udpOverTcp: { kind: 'switch', halves: local, byDefault: 'false' },
  probeTarget: { kind: 'text', halves: local, check: parseProbeTarget, byDefault: '1.1.1.1:53' },
  allowBind: { kind: 'switch', halves: remote, byDefault: 'false' },
  allowPrivate: { kind: 'switch', halves: remote, byDefault: 'false' },
  allowWeakPassword: { kind: 'switch', halves: remote, byDefault: 'false' },
  plugin: {
    ...pluginRow,
    halves: both,
    // That of a file is the one for the URI in it.
    rivals: [...remotes, 'plugin'],
    byDefault: 'none',
  },
  workers: { kind: 'text', orNumber: true, halves: both, check: readWorkers, byDefault: '1' },
  cipherBackend: { kind: 'text', halves: both, choices: ['native', 'noble'], byDefault: 'native' },
  logLevel: { kind: 'text', halves: both, choices: logLevels, byDefault: 'info' },
  logFormat: { kind: 'text', halves: both, choices: logFormats, byDefault: 'text' },
  json: { kind: 'switch', halves: both, byDefault: 'false' },
};

/** Whether others must not read it. */
export function isSecret(row: SettingRow): boolean {
  const values = row.kind === 'entries' ? Object.values(row.fields) : [row];
  return values.some(({ redact }) => redact !== undefined);
}

/** The row of a setting, or undefined for a name that is none: `__proto__` is none either. */
export function settingRow(name: string): SettingRow | undefined {
  return isSetting(name) ? settingRows[name] : undefined;
}

export function isSetting(name: string): name is SettingName {
  return Object.hasOwn(settingRows, name);
}

/** The settings of a half, in the order in which they are shown. */
export function settingsOf(half: Half): readonly SettingName[] {
  return Object.keys(settingRows)
    .filter(isSetting)
    .filter((name) => settingRow(name)?.halves.includes(half));
}
