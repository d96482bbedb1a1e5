/** The settings that a config file may have: those of the flags, under the names that the settings have. */
import { findMethod, methods } from '../codec/methods.js';
import { logFormats, type LogFormat, logLevels, type LogLevel } from '../observe/log.js';
import { authVariable, parseCredential } from './credentials.js';
import type { RemoteFlags } from './flags.js';
import { parseListen } from './listen.js';
import type { LocalFlags } from './local-flags.js';
import { type PluginFlags, readPlugin } from './plugin.js';
import { readPastedUri } from './pasted.js';
import { readPublicHost } from './public-host.js';
import { redactServerUri, type ServerUri } from './uri.js';

/** The half that a file is for. */
export type Half = 'local' | 'remote';

/** All that a file can say: the flags of both halves, and the URI that is the argument of a local. */
export interface FileSettings extends RemoteFlags, LocalFlags, PluginFlags {
  readonly uri?: string;
  readonly json?: boolean;
  readonly logLevel?: LogLevel;
  readonly logFormat?: LogFormat;
}

export type SettingName = keyof FileSettings;

/** One setting. */
export interface SettingRow {
  readonly kind: 'text' | 'texts' | 'switch';
  readonly halves: readonly Half[];
  /** The names it may have, when it is one of few. */
  readonly choices?: readonly string[];
  /** ConfigError `…: expected x, got y` for a text that cannot be used. */
  readonly check?: (text: string) => unknown;
  /** Whether it is the path of a file: one that is not absolute begins where the config file is. */
  readonly path?: true;
  /** For a setting that others must not read: what may be shown of a value. */
  readonly redact?: (text: string) => string;
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
const hidden = (): string => '***';
const userOnly = (text: string): string => `${text.replace(/:.*$/s, '')}:***`;

const readAnyUri = (text: string): ServerUri => readPastedUri(text, { plugins: 'any' });

/** Without the key, and without what a plugin is told. */
function shownUri(text: string): string {
  const uri = readAnyUri(text);
  if (uri.plugin?.options === undefined) return redactServerUri(uri);
  return redactServerUri({ ...uri, plugin: { ...uri.plugin, options: '***' } });
}

/** Every setting, in the order in which they are shown. */
export const settingRows: Readonly<Record<SettingName, SettingRow>> = {
  uri: {
    kind: 'text',
    halves: local,
    // Whether a plugin in it may run is for whoever starts it: here it is only read.
    check: readAnyUri,
    redact: shownUri,
    variable: 'HALFLIGHT_URI',
    byDefault: 'none',
  },
  listen: {
    kind: 'text',
    halves: both,
    check: (text) => parseListen(text),
    byDefault: { local: '127.0.0.1:1080', remote: ':8388' },
  },
  method: { kind: 'text', halves: remote, check: findMethod, byDefault: Object.keys(methods)[0] ?? '' },
  key: {
    kind: 'text',
    halves: remote,
    redact: hidden,
    variable: 'HALFLIGHT_KEY',
    rivals: secrets,
    byDefault: 'none',
  },
  password: {
    kind: 'text',
    halves: remote,
    redact: hidden,
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
  users: {
    kind: 'texts',
    halves: remote,
    redact: userOnly,
    rivals: members,
    byDefault: 'whoever has the key',
  },
  usersFile: { kind: 'text', halves: remote, path: true, rivals: members, byDefault: 'none' },
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
  udpOverTcp: { kind: 'switch', halves: local, byDefault: 'false' },
  allowBind: { kind: 'switch', halves: remote, byDefault: 'false' },
  allowPrivate: { kind: 'switch', halves: remote, byDefault: 'false' },
  allowWeakPassword: { kind: 'switch', halves: remote, byDefault: 'false' },
  plugin: {
    kind: 'text',
    halves: both,
    check: (text) => readPlugin('plugin', text),
    // What a plugin is told may be a password, and whoever can write the file can have a program run.
    redact: (text) => text.replace(/;.*$/s, ';***'),
    // That of a file is the one for the URI in it.
    rivals: ['uri', 'plugin'],
    byDefault: 'none',
  },
  cipherBackend: { kind: 'text', halves: both, choices: ['native', 'noble'], byDefault: 'native' },
  logLevel: { kind: 'text', halves: both, choices: logLevels, byDefault: 'info' },
  logFormat: { kind: 'text', halves: both, choices: logFormats, byDefault: 'text' },
  json: { kind: 'switch', halves: both, byDefault: 'false' },
};

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
