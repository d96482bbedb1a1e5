import { execFile } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { forwards } from '../../bench/forwards.js';
import { linkObstacle } from '../../bench/links.js';
import type { Summary } from '../../bench/report.js';

const program = path.resolve(import.meta.dirname, '../../dist/bench/run.js');
const directory = mkdtempSync(path.join(os.tmpdir(), 'halflight-bench-test-'));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly rows: Readonly<Record<string, readonly Summary[]>>;
}

/** A run of the bench in one round of next to nothing. */
function bench(words: readonly string[], variables: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const json = path.join(directory, 'result.json');
  const tiny = ['--rounds', '1', '--mib', '1', '--conversations', '40', '--json', json];
  const env = { ...process.env, ...variables };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...tiny, ...words], { env }, (error, stdout) => {
      const { rows } = JSON.parse(readFileSync(json, 'utf8')) as Pick<Ended, 'rows'>;
      resolve({ code: error === null ? 0 : Number(error.code), stdout, rows });
    });
  });
}

const small = ['download', 'upload', 'download-8', 'conversations-1', 'conversations-32', 'start'];
const only = (names: readonly string[]): string[] => names.flatMap((name) => ['--only', name]);

describe('the bench', () => {
  it(
    'measures every row through our tunnel, and says what became of the goals',
    { timeout: 60_000 },
    async () => {
      const { code, stdout, rows } = await bench([
        ...only(small),
        ...['--tunnel', 'direct', '--tunnel', 'halflight-2022'],
      ]);
      expect(code).toBe(0);
      expect(Object.keys(rows)).toEqual(small);
      const ours = Object.values(rows)
        .flat()
        .filter(({ tunnel }) => tunnel === 'halflight-2022');
      expect(ours).toHaveLength(small.length);
      const figures = ours.flatMap(({ samples }) => samples.flatMap((sample) => Object.values(sample)));
      expect(figures.every((figure) => typeof figure === 'number')).toBe(true);
      for (const { medians } of ours) expect(Object.values(medians)[0]?.median).toBeGreaterThan(0);
      expect(stdout).toMatch(/conversations-32 +halflight-2022 cpu +at most 200 +\d/);
      expect(stdout).toMatch(/download +halflight-2022 speed +at least 1\.5 × libev +not measured/);
    },
  );

  it(
    'measures forwards with hooks of every kind, against the one that has none',
    { timeout: 60_000 },
    async () => {
      const names = Object.keys(forwards);
      const chosen = names.flatMap((name) => ['--tunnel', name]);
      const { code, stdout, rows } = await bench([...only(['forward-download']), ...chosen]);
      expect(code).toBe(0);
      expect(rows['forward-download']?.map(({ tunnel, samples }) => [tunnel, samples.length])).toEqual(
        names.map((name) => [name, 1]),
      );
      expect(stdout).toMatch(/^halflight forward +\d+ +1\.00 /m);
    },
  );

  it.skipIf(linkObstacle() !== undefined)(
    'measures over links with delay and loss, and leaves no namespace behind',
    { timeout: 60_000 },
    async () => {
      const linked = ['first-byte', 'lossy-download'];
      const { code, rows } = await bench([...only(linked), '--tunnel', 'direct']);
      expect(code).toBe(0);
      for (const row of linked) expect(rows[row]?.[0]?.samples).toHaveLength(1);
      // Another run may be under way: its names have the id of a process that lives.
      const owners = readdirSync('/run/netns').flatMap(
        (name) => /^halflight-bench-(\d+)/.exec(name)?.[1] ?? [],
      );
      expect(owners.filter((pid) => !existsSync(`/proc/${pid}`))).toEqual([]);
    },
  );

  it('ends with 1 when a tunnel fails, and measures the others', { timeout: 60_000 }, async () => {
    for (const name of ['ss-local', 'ss-server']) {
      const file = path.join(directory, name);
      writeFileSync(file, '#!/bin/sh\necho no such cipher >&2\nexit 1\n');
      chmodSync(file, 0o755);
    }
    const { code, stdout, rows } = await bench(
      [...only(['download']), '--tunnel', 'direct', '--tunnel', 'libev'],
      { PATH: `${directory}${path.delimiter}${process.env['PATH'] ?? ''}` },
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /ss-local \+ ss-server aes-256-gcm +failed: port \d+: .* got its end \(no such cipher\)/,
    );
    expect(rows['download']?.map(({ samples }) => samples.length)).toEqual([1, 0]);
  });

  it('names what is not there, and measures nothing in its place', { timeout: 60_000 }, async () => {
    const { code, stdout } = await bench([...only(['start']), '--tunnel', 'rust'], { PATH: directory });
    expect(stdout).toContain(
      'not measured: sslocal + ssserver 2022-blake3-aes-256-gcm: sslocal and ssserver not',
    );
    expect(code).toBe(0);
  });
});
