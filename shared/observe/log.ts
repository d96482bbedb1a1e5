/**
 * The log: one line for each call, as text for people or as JSON for programs. It only makes lines; where they go,
 * and what happens when nobody reads them, is line-writer.ts.
 */
import { escapeControls, jsonLine } from './escape.js';

/** From the most urgent to the most talkative; each level includes those before it. */
export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ['text', 'json'] as const;
export type LogFormat = (typeof logFormats)[number];

/** What belongs to a message, by name; undefined is left out. `time`, `level` and `message` are taken. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface LogSettings {
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Receives each line without its line end. */
  readonly write: (line: string) => void;
  /** Colours the level, in text only. */
  readonly color: boolean;
  /** Milliseconds since 1970; the wall clock by default. */
  readonly now?: () => number;
}

type Say = (message: string, fields?: LogFields) => void;

/** Says things at a level. Calls below the chosen level cost nothing. */
export interface Log {
  readonly level: LogLevel;
  readonly error: Say;
  readonly warn: Say;
  readonly info: Say;
  readonly debug: Say;
}

const colors = { error: '31', warn: '33', info: '32', debug: '90' } as const satisfies Record<
  LogLevel,
  string
>;

/** Whether `level` would be said by a log of the level `chosen`. */
export function includesLevel(chosen: LogLevel, level: LogLevel): boolean {
  return logLevels.indexOf(level) <= logLevels.indexOf(chosen);
}

/**
 * A log that writes one line for each call: `2026-11-20T09:07:15.123Z info message field=value`, or a JSON object with
 * `time`, `level`, `message` and the fields.
 */
export function createLog(settings: LogSettings): Log {
  const { level, write, now = Date.now } = settings;
  const line = settings.format === 'json' ? jsonLogLine : textLogLine(settings.color);
  const at = (spoken: LogLevel): Say => {
    if (!includesLevel(level, spoken)) return () => undefined;
    return (message, fields = {}) => {
      write(line(new Date(now()).toISOString(), spoken, message, fields));
    };
  };
  return { level, error: at('error'), warn: at('warn'), info: at('info'), debug: at('debug') };
}

/** Colour is for a person at a terminal who has not declined it (no-color.org). */
export function wantsColor(
  stream: { readonly isTTY?: boolean },
  variables: Readonly<Record<string, string | undefined>>,
): boolean {
  return stream.isTTY === true && (variables['NO_COLOR'] ?? '') === '' && variables['TERM'] !== 'dumb';
}

type LineOf = (time: string, level: LogLevel, message: string, fields: LogFields) => string;

const jsonLogLine: LineOf = (time, level, message, fields) => jsonLine({ time, level, message, ...fields });

function textLogLine(color: boolean): LineOf {
  return (time, level, message, fields) => {
    const name = color ? `\u001b[${colors[level]}m${level}\u001b[0m` : level;
    return [`${time} ${name} ${escapeControls(message)}`, ...Object.entries(fields).flatMap(textField)].join(
      ' ',
    );
  };
}

function textField([name, value]: [string, LogFields[string]]): string[] {
  if (value === undefined) return [];
  const text = String(value);
  // Quotes keep the borders of a field where they are, whatever is in it.
  return [`${name}=${escapeControls(/^[^\s"=\\]+$/.test(text) ? text : JSON.stringify(text))}`];
}
