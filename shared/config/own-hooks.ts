/** The hooks that come with halflight, for programs. What they are made of is loaded when they are started. */
import type { DumpFormat } from '../hooks/dumper/settings.js';
import type { HookSource } from '../hooks/hook.js';
import type { InformerForm } from '../hooks/informer.js';
import { ConfigError } from '../errors.js';
import { defaultFileBytes, defaultFiles, leastFileBytes, parseDumpTarget } from './hook-flags.js';
import { dumpFormats, informerForms } from './hook-names.js';
import { checkOptions, copyOptions, type Kind, underName } from './options.js';

/** What an informer is told in code. Nothing of it is needed. */
export interface InformerOptions {
  /** `compact` by default. */
  readonly form?: InformerForm;
  /** Whether lines are coloured, as terminals are; false by default. */
  readonly color?: boolean;
  /** Receives each line, without its line end. By default it goes to the standard output. */
  readonly write?: (line: string) => void;
}

/** What a dumper is told in code. */
export interface DumperOptions {
  /** Where the files go; it must be there when the dumper is started. */
  readonly directory: string;
  /** Both by default. */
  readonly formats?: readonly DumpFormat[];
  /** Only conversations with these, `HOST`, `HOST:PORT` or `:PORT`; by default all. */
  readonly targets?: readonly string[];
  /** A file that would become larger than so many bytes goes on in another one: 100 MiB by default; 0 is no limit. */
  readonly fileBytes?: number;
  /** So many files may be there at once: 1,000 by default; 0 is no limit. */
  readonly files?: number;
  /** Whether credentials in HTTP headers and SOCKS authentication are written as they are; false by default. */
  readonly secrets?: boolean;
}

const informerKinds = {
  form: 'text',
  color: 'switch',
  write: 'any',
} as const satisfies Record<keyof InformerOptions, Kind>;

const dumperKinds = {
  directory: 'text',
  formats: 'texts',
  targets: 'texts',
  fileBytes: 'number',
  files: 'number',
  secrets: 'switch',
} as const satisfies Record<keyof DumperOptions, Kind>;

/** A hook that tells a line for each event. ConfigError, beginning with the name of the option, for one that cannot be used. */
export function informer(options: InformerOptions = {}): HookSource {
  const given = copyOptions(options);
  checkOptions(given, informerKinds);
  const { form = 'compact', color = false, write = console.log } = given;
  oneOf('form', form, informerForms);
  if (typeof write !== 'function') throw new ConfigError('write: expected a function, got something else');
  return async () => {
    const { informerHook } = await import('../hooks/informer.js');
    return informerHook({ form, color, whole: write !== console.log || !process.stdout.isTTY, write });
  };
}

/**
 * A hook that writes every conversation to files of its own. ConfigError, beginning with the name of the option, for one
 * that cannot be used; for a directory that cannot be written to when it is started.
 */
export function dumper(options: DumperOptions): HookSource {
  const given = copyOptions(options);
  checkOptions(given, dumperKinds, { needed: ['directory'] });
  const { directory, formats = dumpFormats, targets = [], secrets = false } = given;
  const { fileBytes = defaultFileBytes, files = defaultFiles } = given;
  for (const [place, format] of formats.entries()) oneOf(`formats[${place}]`, format, dumpFormats);
  if (formats.length === 0) throw new ConfigError('formats: expected at least one, got none');
  limit('fileBytes', fileBytes, leastFileBytes);
  limit('files', files, 1);
  const read = targets.map((target, place) => underName(`targets[${place}]`, () => parseDumpTarget(target)));
  const settings = { directory, formats, targets: read, fileBytes, files, secrets };
  return async ({ warn }) => {
    const { dumperHook } = await import('../hooks/dumper/dumper.js');
    return dumperHook(settings, warn);
  };
}

function oneOf(name: string, value: string, known: readonly string[]): void {
  if (known.includes(value)) return;
  throw new ConfigError(`${name}: expected one of ${known.join(', ')}, got another text`);
}

function limit(name: string, value: number, least: number): void {
  if (value === 0 || (Number.isSafeInteger(value) && value >= least)) return;
  throw new ConfigError(
    `${name}: expected 0 (no limit) or a whole number from ${least} on, got another number`,
  );
}
