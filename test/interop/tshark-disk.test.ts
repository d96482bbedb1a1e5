import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import type { DumpFormat } from '../../shared/hooks/dumper/settings.js';
import { temporaryDirectory } from '../support/directory.js';
import { startPeer } from './programs.js';

/** What became of three conversations on a disk of 64 KiB: a large one, a small one, and one after there was room again. */
interface Outcome {
  readonly warnings: readonly string[];
  /** The file of the large one, as it was left: its bytes, and whether it is whole up to there. */
  readonly first: { readonly length: number; readonly error: string | null };
  readonly later: readonly string[];
}

const dumper = pathToFileURL(resolve(import.meta.dirname, '../../dist/shared/hooks/dumper')).href;

/** Conversations on such a disk: two that fit, and ten that do not. Brings what is left of them. */
const full = `
import { readdirSync } from 'node:fs';
import { dumperHook } from '${dumper}/dumper.js';

const [directory, format] = process.argv.slice(2);
const settings = { directory, formats: [format], targets: [], fileBytes: 0, files: 4, secrets: false };
const hook = await dumperHook(settings, () => undefined);
const place = { host: '127.0.0.1', port: 80 };
for (let id = 0; id < 12; id++) {
  const connection = { id, role: 'forward', transport: 'tcp', openedAt: 0, client: { local: place, remote: place }, target: place };
  hook.filter(connection).up.sent(Buffer.alloc(id < 2 ? 1000 : 70_000, 'text\\n'));
  hook.on.closed({ connection, by: 'client', why: 'end' });
  await hook.on.stopped({});
}
console.log(readdirSync(directory).sort().join(' '));
`;

/** A program, for a disk of its own can be had in a process of its own alone. */
const program = `
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { dumperHook } from '${dumper}/dumper.js';
import { PcapngReader } from '${dumper}/pcapng-reader.js';

const [directory, format] = process.argv.slice(2);
const warnings = [];
const settings = { directory, formats: [format], targets: [], fileBytes: 0, files: 0, secrets: false };
const hook = await dumperHook(settings, (detail) => warnings.push(detail), { limits: { delayMs: 1 } });
const place = { host: '127.0.0.1', port: 80 };
const files = () => readdirSync(directory);

async function converse(id, pieces, between) {
  const connection = { id, role: 'forward', transport: 'tcp', openedAt: 0, client: { local: place, remote: place }, target: place };
  const { up } = hook.filter(connection);
  for (let count = 0; count < pieces; count++) {
    if (up.sent(Buffer.alloc(4096, 'text\\n')) !== 'pass') throw new Error('expected pass');
    if (between) await new Promise((done) => setTimeout(done, 2));
  }
  hook.on.closed({ connection, by: 'client', why: 'end' });
  await hook.on.stopped({});
}

await converse(1, 100, true);
const bytes = readFileSync(join(directory, files()[0]));
let error = null;
try {
  const reader = new PcapngReader('it', { headline() {}, packet() {} });
  reader.read(bytes);
  reader.end();
} catch (thrown) {
  error = thrown.message;
}
await converse(2, 20, false);
for (const name of files()) rmSync(join(directory, name));
await converse(3, 2, false);
console.log(JSON.stringify({ warnings, first: { length: bytes.length, error }, later: files() }));
`;

async function onDisk(
  options: string,
  format: DumpFormat,
  words = program,
): Promise<{ readonly output: string; readonly complaint: string }> {
  const directory = temporaryDirectory();
  const script = join(temporaryDirectory(), 'program.mjs');
  writeFileSync(script, words);
  const mounted = `mount -t tmpfs -o ${options} none "$1" && exec "$2" "$3" "$1" ${format}`;
  const unshared = await startPeer('unshare', [
    '-m',
    'sh',
    '-c',
    mounted,
    'sh',
    directory,
    process.execPath,
    script,
  ]);
  const output = await text(unshared.output);
  await unshared.ended;
  return { output, complaint: unshared.complaints() };
}

test.each(['pcapng', 'text'] as const)(
  'a full disk ends a dump as %s with a word, and later ones are written',
  async (format) => {
    const { output, complaint } = await onDisk('size=64k', format);
    expect(complaint).toBe('');
    const { warnings, first, later } = JSON.parse(output) as Outcome;
    expect(warnings).toEqual([
      expect.stringMatching(/^dump \S+-1-\S+: expected to write to it, got ENOSPC; it ends here/),
      'dump: expected every file to be whole, got 1 more that ended early',
    ]);
    expect(first.length).toBeGreaterThan(20_000);
    expect(first.length).toBeLessThanOrEqual(65_536);
    // What had been written before is whole.
    if (format === 'pcapng') expect(first.error).toBeNull();
    expect(later).toEqual([expect.stringContaining('-3-127.0.0.1_80.')]);
  },
);

test.each(['pcapng', 'text'] as const)(
  'dumps as %s that a full disk takes nothing of push none out that are there',
  async (format) => {
    const { output, complaint } = await onDisk('size=64k', format, full);
    expect(complaint).toBe('');
    expect(output.trim().split(' ')).toEqual(
      [0, 1].map((id) => expect.stringContaining(`-${id}-`) as string),
    );
  },
);

test('a disk that is read-only is refused at the start', async () => {
  const { complaint } = await onDisk('size=64k,ro', 'text');
  expect(complaint).toContain('expected a directory that can be written to, got EROFS');
});
