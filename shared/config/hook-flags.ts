/** From the flags that name hooks, and the settings of the same names in files, to hooks. */
import { extname } from 'node:path';
import { canonicalIp } from '../codec/ip.js';
import { ConfigError } from '../errors.js';
import type { DumpFormat, DumperSettings, DumpTarget } from '../hooks/dumper/settings.js';
import type { InformerForm, InformerSettings } from '../hooks/informer.js';
import type { HookSetting } from '../hooks/setting.js';
import { nearest } from '../nearest.js';
import { wholeBetween } from './between.js';
import { UsageError } from './exit.js';
import { dumpFormats } from './hook-names.js';
import { checkHost, readPort, splitHostPort } from './host-port.js';
import { underName } from './options.js';
import { parseSize } from './size.js';
import { readWorkers, type WorkersFlags } from './workers.js';

export interface HookFlags {
  /** `informer`, `dumper`, or the path of a file, in the order in which they are asked. */
  readonly hooks?: readonly string[];
  readonly informerForm?: InformerForm;
  readonly dumpDir?: string;
  readonly dumpFormat?: readonly DumpFormat[];
  readonly dumpTarget?: readonly string[];
  readonly dumpFileSize?: string;
  readonly dumpFiles?: string;
  readonly dumpSecrets?: boolean;
}

/** Where the lines of an informer go. */
export interface InformedOutput extends Omit<InformerSettings, 'form'> {
  /** Whether all that is written there is JSON. */
  readonly json: boolean;
}

/** What people have patience for in a program that opens files, and what a disk has room for. */
export const defaultFileBytes: number = 100 * 1024 ** 2;
export const defaultFiles: number = 1000;
/** A file needs room for the beginning of a conversation. */
export const leastFileBytes: number = 4096;

/**
 * The hooks that flags ask for; undefined when they ask for none. UsageError for what makes no sense together, ConfigError
 * for what cannot be used. Whether files are there is seen by whoever opens them.
 */
export function readHookFlags(
  flags: HookFlags & WorkersFlags,
  output: InformedOutput,
): readonly HookSetting[] | undefined {
  const { hooks = [] } = flags;
  refuseIdle(flags);
  if (hooks.length === 0) return undefined;
  const again = hooks.find((hook, place) => hooks.indexOf(hook) !== place);
  if (again !== undefined) throw new UsageError(`--hook: expected each hook once, got ${again} again`);
  if (readWorkers(flags.workers) > 1) {
    throw new UsageError('--hook: expected one process, got several: leave out --workers');
  }
  return hooks.map((hook): HookSetting => {
    checkHook(hook);
    if (hook === 'informer') return { kind: hook, settings: readInformer(flags, output) };
    if (hook === 'dumper') return { kind: hook, settings: readDumper(flags) };
    return { kind: 'file', path: hook };
  });
}

/** ConfigError for what is neither a hook of ours nor a file. */
export function checkHook(text: string): void {
  if (isBuiltIn(text) || text.includes('/') || extname(text) !== '') return;
  const near = nearest(text, builtIn);
  const hint = near === undefined ? '' : ` (did you mean ${near}?)`;
  throw new ConfigError(
    `hook: expected informer, dumper or a file like ./mine.js, got ${JSON.stringify(text)}${hint}`,
  );
}

export function isBuiltIn(text: string): boolean {
  return builtIn.some((name) => name === text);
}

const builtIn = ['informer', 'dumper'] as const satisfies readonly HookSetting['kind'][];

/** `HOST`, `HOST:PORT`, `[IPv6]:PORT` or `:PORT`. ConfigError `dump target: expected x, got y` for everything else. */
export function parseDumpTarget(text: string): DumpTarget {
  const what = 'dump target';
  const bare = text.includes('::') && !text.includes('[') ? `[${text}]` : text;
  const split = splitHostPort(bare);
  if (split === undefined || text === '') {
    throw new ConfigError(`${what}: expected HOST, HOST:PORT or :PORT, got something else`);
  }
  const { host, bracketed } = split;
  const port = split.port === undefined ? undefined : readPort(split.port);
  if (split.port !== undefined && (port === undefined || port === 0)) {
    throw new ConfigError(`${what}: expected a port from 1 to 65535, got another`);
  }
  if (host === '' && !bracketed && port !== undefined) return { port };
  const why = checkHost(split);
  if (why !== undefined) throw new ConfigError(`${what}: ${why}`);
  return { host: canonicalIp(host).toLowerCase(), ...(port !== undefined && { port }) };
}

/** Bytes; 0 is no limit. ConfigError `dump file size: …`. */
export function parseDumpSize(text: string): number {
  const bytes = parseSize(text, 'dump file size');
  if (bytes === 0 || bytes >= leastFileBytes) return bytes;
  throw new ConfigError(`dump file size: expected 0 (no limit) or at least 4k, got ${bytes} bytes`);
}

/** ConfigError for what is no number of files; 0 is no limit. */
export const checkDumpFiles: (text: string) => void = wholeBetween(0, 1_000_000);

function readInformer({ informerForm }: HookFlags, { json, ...output }: InformedOutput): InformerSettings {
  if (json && informerForm !== undefined && informerForm !== 'json') {
    throw new UsageError(`--informer-form: expected json beside --json, got ${informerForm}`);
  }
  return { ...output, form: informerForm ?? (json ? 'json' : 'compact') };
}

function readDumper(flags: HookFlags): DumperSettings {
  const { dumpDir, dumpFormat = dumpFormats, dumpTarget = [], dumpFileSize, dumpFiles, dumpSecrets } = flags;
  if (dumpDir === undefined) throw new UsageError('--hook dumper: expected --dump-dir beside it, got none');
  if (dumpFiles !== undefined)
    underName('dump files', () => {
      checkDumpFiles(dumpFiles);
    });
  return {
    directory: dumpDir,
    formats: dumpFormats.filter((format) => dumpFormat.includes(format)),
    targets: dumpTarget.map(parseDumpTarget),
    fileBytes: dumpFileSize === undefined ? defaultFileBytes : parseDumpSize(dumpFileSize),
    files: dumpFiles === undefined ? defaultFiles : Number(dumpFiles),
    secrets: dumpSecrets ?? false,
  };
}

/** UsageError for what would do nothing. */
function refuseIdle({ hooks = [], informerForm, ...flags }: HookFlags): void {
  if (informerForm !== undefined && !hooks.includes('informer')) {
    throw new UsageError('--informer-form: expected --hook informer beside it, got none');
  }
  const { dumpDir, dumpFormat, dumpTarget, dumpFileSize, dumpFiles, dumpSecrets } = flags;
  const given = Object.entries({
    '--dump-dir': dumpDir,
    '--dump-format': dumpFormat,
    '--dump-target': dumpTarget,
    '--dump-file-size': dumpFileSize,
    '--dump-files': dumpFiles,
    '--dump-secrets': dumpSecrets === true ? dumpSecrets : undefined,
  }).find(([, value]) => value !== undefined);
  if (given !== undefined && !hooks.includes('dumper')) {
    throw new UsageError(`${given[0]}: expected --hook dumper beside it, got none`);
  }
}
