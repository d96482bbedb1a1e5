/** What is known of each setting that a config file may have. */
import type { Role } from '../observe/events.js';
import type { Half, SettingName } from './file-schema.js';

/** What a value must be. */
export interface ValueRow {
  readonly kind: 'text' | 'texts' | 'number' | 'switch';
  /** The names it may have, when it is one of few. */
  readonly choices?: readonly string[];
  /** ConfigError `…: expected x, got y` for a text, or the text of a number, that cannot be used. */
  readonly check?: (text: string) => unknown;
  /** Of what is a path, or may be one: what it says in a file of that directory, where relative ones begin. */
  readonly within?: (text: string, directory: string) => string;
  /** Whether a text may stand for a list of it alone. */
  readonly orText?: true;
  /** Whether a number may stand for a text of digits. */
  readonly orNumber?: true;
  /** For a setting that others must not read: what may be shown of a value. */
  readonly redact?: (text: string) => string;
  /** Whether there is nothing to hide in a value that shows all of itself. */
  readonly mayBePlain?: true;
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

/** An object whose names are values, too: each of them and what it stands for become one object. */
export interface MapRow {
  readonly kind: 'map';
  readonly key: KeyRow;
  readonly entry: EntriesRow;
}

export interface KeyRow {
  /** The field that the names become. */
  readonly field: string;
  /** What they must be. */
  readonly row: ValueRow;
  /** Whether two of them mean the same, however they are spelled. */
  readonly same: (one: string, other: string) => boolean;
}

/** One setting. */
export type SettingRow = (ValueRow | EntriesRow | MapRow) & Place;

/** Where a setting is heard. */
interface Place {
  readonly roles: readonly Role[];
  /** The variable that stands for it. */
  readonly variable?: string;
  /** The names that decide which layer is heard for it: the topmost that says any of them. */
  readonly rivals?: readonly SettingName[];
  /** What says it on the command line, where that has another name. */
  readonly typed?: string;
  /** What holds when nobody says anything, in words. */
  readonly byDefault: string | Readonly<Record<Half, string>>;
}
