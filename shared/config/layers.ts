/**
 * Settings come from the command line, from variables, from a config file, or are as they always are, and are heard in
 * this order: what was typed last wins. Of a setting that is a map it wins for the names that it has, and the others stay.
 */
import type { Role } from '../observe/events.js';
import type { ConfigFile } from './file-open.js';
import type { EntriesRow, MapRow, SettingRow, ValueRow } from './file-rows.js';
import { type FileSettings, isSetting, type SettingName, settingRow, settingsOf } from './file-schema.js';
import { nonEmpty, type Variables } from './variables.js';

/** Everything that may say something to a program. */
export interface Layers {
  readonly role: Role;
  /** What the command line says. */
  readonly typed: FileSettings;
  readonly variables: Variables;
  readonly file: ConfigFile | undefined;
}

/** A setting as it holds: its value in words, and who said so. */
export interface Told {
  readonly name: SettingName;
  /** Without its secret. */
  readonly value: string;
  readonly from: string;
}

type Layer = 'typed' | 'variable' | 'file';

/**
 * What the command line and the file say together, as if all of it had been typed. Of the file it leaves out what the
 * command line or a variable says as well; variables themselves are read by whoever reads the flags.
 */
export function layered(layers: Layers): FileSettings {
  const heard = settingsOf(layers.role).filter((name) => layerOf(name, layers) === 'file');
  const stored = Object.entries(layers.file?.settings ?? {}).filter(([name]) =>
    heard.some((one) => one === name),
  );
  const joined = settingsOf(layers.role).flatMap((name) => {
    const all = joinedMap(name, layers);
    return all === undefined ? [] : [[name, all] as const];
  });
  return { ...Object.fromEntries(stored), ...layers.typed, ...Object.fromEntries(joined) };
}

/** Of a map what was typed, and what the file says of other names; undefined where these are not both there. */
function joinedMap(name: SettingName, { typed, file }: Layers): readonly object[] | undefined {
  const row = settingRow(name);
  if (row?.kind !== 'map') return undefined;
  const { field, same } = row.key;
  const keyOf = (entry: object): string => String((entry as Readonly<Record<string, unknown>>)[field]);
  const [own, stored] = [typed[name], file?.settings[name]].map(
    (value) => value as readonly object[] | undefined,
  );
  if (own === undefined || stored === undefined) return undefined;
  const others = stored.filter((entry) => !own.some((each) => same(keyOf(each), keyOf(entry))));
  return others.length === 0 ? undefined : [...own, ...others];
}

/** Every setting of a program, as it holds. */
export function tell(layers: Layers): readonly Told[] {
  const { role, typed, variables, file } = layers;
  return settingsOf(role).map((name) => {
    const row = settingRow(name);
    const layer = layerOf(name, layers);
    const variable = row?.variable ?? '';
    const node = file?.nodes.get(name);
    const place = file === undefined || node === undefined ? '' : `${file.file.path}:${file.file.line(node)}`;
    if (layer === 'typed' && typed[name] !== undefined) {
      const said = row?.typed ?? flagOf(name, typed[name]);
      const all = joinedMap(name, layers);
      return {
        name,
        value: shown(row, all ?? typed[name]),
        from: all === undefined ? said : `${said}, ${place}`,
      };
    }
    if (layer === 'variable' && nonEmpty(variables[variable]) !== undefined) {
      return { name, value: shown(row, nonEmpty(variables[variable])), from: variable };
    }
    if (layer === 'file' && file !== undefined && node !== undefined) {
      return {
        name,
        value: shown(row, file.settings[name]),
        from: place,
      };
    }
    return { name, value: defaultOf(row, role), from: 'default' };
  });
}

function defaultOf({ byDefault = '' }: Partial<SettingRow> = {}, role: Role): string {
  if (typeof byDefault === 'string') return byDefault;
  return role === 'forward' ? '' : byDefault[role];
}

/** The topmost layer that says this setting or a rival of it, which would be a contradiction otherwise. */
function layerOf(name: SettingName, { typed, variables, file }: Layers): Layer | undefined {
  const names = settingRow(name)?.rivals ?? [name];
  if (names.some((each) => typed[each] !== undefined)) return 'typed';
  const says = (variable: string | undefined): boolean =>
    variable !== undefined && nonEmpty(variables[variable]) !== undefined;
  if (names.some((each) => says(settingRow(each)?.variable))) return 'variable';
  return names.some((each) => file?.nodes.has(each) === true) ? 'file' : undefined;
}

function shown(row: SettingRow | undefined, value: unknown): string {
  return [value]
    .flat()
    .map((each: unknown) =>
      (row?.kind === 'entries' || row?.kind === 'map') && typeof each === 'object' && each !== null
        ? shownEntry(row, each)
        : shownValue(row, each),
    )
    .join(', ');
}

function shownValue(row: SettingRow | ValueRow | undefined, value: unknown): string {
  const hides = row !== undefined && 'redact' in row;
  const redact = (hides ? row.redact : undefined) ?? ((text: string) => text);
  return [value]
    .flat()
    .map((each) => redact(String(each)))
    .join(' ');
}

/** `:8389 (method aes-256-gcm, password ***)`, `8000 → example.com:80 (via socks5://127.0.0.1:1080)` */
function shownEntry(row: EntriesRow | MapRow, entry: object): string {
  const { lead, fields } = row.kind === 'map' ? row.entry : row;
  const key = row.kind === 'map' ? row.key.field : undefined;
  const values = Object.entries(entry).map(([name, value]) => ({
    name,
    words: shownValue(fields[name], value),
  }));
  const named = (wanted: string | undefined): readonly string[] =>
    values.filter(({ name }) => name === wanted).map(({ words }) => words);
  const first = [...named(key), ...named(lead)].join(' → ');
  const rest = values
    .filter(({ name }) => name !== lead && name !== key)
    .map(({ name, words }) => `${name} ${words}`);
  return [first, ...(rest.length > 0 ? [`(${rest.join(', ')})`] : [])].join(' ');
}

/** The flag for a value of a setting: `--key-file`, `--no-udp`. */
function flagOf(name: SettingName, value: unknown): string {
  const words = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return value === false ? `--no-${words}` : `--${words}`;
}

/** What of the flags of a command is a setting. */
export function settingsAmong(flags: object): FileSettings {
  return Object.fromEntries(
    Object.entries(flags).filter(([name, value]) => isSetting(name) && value !== undefined),
  );
}
