/** `halflight uri`: links from one form into another, as text, as QR codes, or in words. */
import { open } from 'node:fs/promises';
import { renderSVG, renderUnicodeCompact } from 'uqr';
import { loadCiphers } from '../shared/codec/aead.js';
import { UsageError } from '../shared/config/exit.js';
import { explain, explanation } from '../shared/config/explain.js';
import { checkFirstPackets, checkLines } from '../shared/config/first-packet.js';
import { isLegacyPaste, readPastedUri } from '../shared/config/pasted.js';
import { pathError } from '../shared/config/private-file.js';
import { together } from '../shared/config/together.js';
import { formatLegacyUri } from '../shared/config/uri-legacy.js';
import { formatServerUri, redactServerUri, type ServerUri } from '../shared/config/uri.js';
import { codeOf, ConfigError } from '../shared/errors.js';
import { systemEnvironment } from '../shared/net/system.js';
import { escapeControls, jsonLine } from '../shared/observe/escape.js';

/** The forms that a link can be written in. */
type Form = 'ss' | 'halflight' | 'legacy';

export interface UriFlags {
  readonly to?: Form;
  readonly explain?: true;
  readonly qr?: true;
  /** A path, or `-` for stdout. */
  readonly svg?: string;
  readonly firstPacketCheck?: true;
  readonly json?: true;
}

/** So many packets show what is luck: of random ones 3 in 1,000 are exempt. */
const samples = 1000;
/** What it says when an observer can tell the packets of some link. Not one of sysexits: nothing went wrong. */
const eligibleExit = 1;

/** More than any list of links that somebody keeps. */
const maxInput = 1 << 20;

const writers = {
  ss: (uri) => formatServerUri({ ...uri, wire: 'shadowsocks' }),
  halflight: (uri) => formatServerUri({ ...uri, wire: 'raw' }),
  legacy: formatLegacyUri,
} as const satisfies Record<Form, (uri: ServerUri) => string>;

/** Writes what the flags ask for of every link in `words`; `-` among them stands for those on stdin, one on a line. */
export async function runUri(words: readonly string[], flags: UriFlags): Promise<void> {
  checkTogether(flags);
  const texts = await linksIn(words);
  if (texts.length === 0) throw new UsageError('expected a link on stdin, got none');
  if (flags.svg !== undefined && texts.length > 1) {
    throw new UsageError(`--svg: expected one link, got ${texts.length}`);
  }
  const nameOf = (at: number): string => (texts.length > 1 ? `link ${at + 1}: ` : '');
  // All or none: half of a list would look like the whole of it.
  const links = together(
    texts.map((text, at) => () => naming(nameOf(at), () => readPastedUri(text, { plugins: 'any' }))),
  );
  for (const [at, text] of texts.entries()) {
    if (isLegacyPaste(text)) warn(`${nameOf(at)}the form is an old one, which many programs no longer read`);
  }
  const shown = await Promise.allSettled(links.map((uri) => show(uri, flags)));
  const lines = together(shown.map((one, at) => () => naming(nameOf(at), () => linesOf(one)))).flat();
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
}

/** What is asked of one link; only one thing can be. */
function checkTogether(flags: UriFlags): void {
  const asked = [
    ...(flags.explain === true ? ['--explain'] : []),
    ...(flags.qr === true ? ['--qr'] : []),
    ...(flags.svg === undefined ? [] : ['--svg']),
    ...(flags.firstPacketCheck === true ? ['--first-packet-check'] : []),
  ];
  const drawing = flags.qr === true || flags.svg !== undefined;
  const [first, second = flags.json === true && drawing ? '--json' : undefined] = asked;
  if (first !== undefined && second !== undefined) {
    throw new UsageError(`expected ${first} or ${second}, got both`);
  }
  const telling = flags.explain === true || flags.firstPacketCheck === true;
  if (first !== undefined && telling && flags.to !== undefined) {
    throw new UsageError(`expected ${first} or --to, got both`);
  }
}

async function linksIn(words: readonly string[]): Promise<readonly string[]> {
  if (!words.includes('-')) return words;
  const lines = (await readInput()).split('\n').filter((line) => line.trim() !== '');
  const at = words.indexOf('-');
  return [...words.slice(0, at), ...lines, ...words.slice(at + 1)];
}

async function readInput(): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > maxInput) throw new ConfigError(`stdin: expected at most ${maxInput} bytes, got more`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString();
}

/** What `work` brings. Its ConfigError says which of several links it is about. */
function naming<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ConfigError) || name === '') throw error;
    throw new ConfigError(`${name}${error.message}`, { cause: error });
  }
}

function linesOf(shown: PromiseSettledResult<readonly string[]>): readonly string[] {
  if (shown.status === 'rejected') throw shown.reason as Error;
  return shown.value;
}

async function show(uri: ServerUri, flags: UriFlags): Promise<readonly string[]> {
  if (flags.explain === true) {
    return flags.json === true ? [jsonLine(explanation(uri))] : [...explain(uri).map(escapeControls), ''];
  }
  if (flags.firstPacketCheck === true) return check(uri, flags);
  const form = flags.to ?? 'ss';
  if (uri.remoteAuth === true && form !== 'halflight') {
    warn('auth=remote is left out: an ss:// link has no place for it');
  }
  const text = writers[form](uri);
  if (flags.qr === true)
    return [redactServerUri(uri), ...drawn(() => renderUnicodeCompact(text, { border: 2 })).split('\n')];
  if (flags.svg !== undefined)
    return writeSvg(
      flags.svg,
      drawn(() => renderSVG(text, { border: 2 })),
    );
  return [flags.json === true ? jsonLine({ ...explanation(uri), link: text }) : text];
}

async function check(uri: ServerUri, flags: UriFlags): Promise<readonly string[]> {
  if (uri.plugin !== undefined) {
    throw new ConfigError(
      `first packet: expected a link without a plugin, got ${uri.plugin.name}, which makes its own`,
    );
  }
  const { firstPacket } = await import('./first-packet.js');
  await loadCiphers(uri.method, 'native');
  const make = (): Uint8Array => firstPacket(uri, systemEnvironment);
  const found = checkFirstPackets([make(), ...Array.from({ length: samples - 1 }, make)]);
  if (found.verdict !== 'exempt') process.exitCode = eligibleExit;
  if (flags.json === true) return [jsonLine({ ...explanation(uri), ...found })];
  return [redactServerUri(uri), ...checkLines(found), ''];
}

/** `draw` fails for one reason: what no QR code can hold. */
function drawn(draw: () => string): string {
  try {
    return draw();
  } catch (error) {
    throw new ConfigError('QR code: expected a link that fits into one, got a longer one', { cause: error });
  }
}

/** A picture of a key is a key: nobody else may read it, and it replaces no file. */
async function writeSvg(path: string, picture: string): Promise<readonly string[]> {
  if (path === '-') return [picture];
  const name = `SVG file ${path}`;
  try {
    const file = await open(path, 'wx', 0o600);
    await file.writeFile(`${picture}\n`).finally(() => file.close());
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw pathError(name, error);
    throw new ConfigError(`${name}: expected a new file, got one that is there`, { cause: error });
  }
  return [];
}

function warn(text: string): void {
  process.stderr.write(`halflight: warning: ${text}\n`);
}
