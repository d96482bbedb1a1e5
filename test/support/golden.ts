/** Folders of files, good ones and broken ones, that have what is expected of them beside them. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect } from 'vitest';

const golden = path.join(import.meta.dirname, '../golden');

/** Where a folder of golden files is. */
export const goldenFolder = (name: string): string => path.join(golden, name);

/** The names of the files in `folder` that have an answer beside them, which is all of them. */
export function namesIn(folder: string, answer: string): readonly string[] {
  const files = readdirSync(folder);
  const asked = files.filter((name) => name.endsWith('.json') && !name.endsWith(answer));
  const answers = asked.map((name) => name.replace(/\.json$/, answer));
  expect(files.sort()).toEqual([...asked, ...answers].sort());
  return asked.map((name) => name.replace(/\.json$/, ''));
}

/** The files of a golden folder, but for those named, each with a part of another one or of something else in its middle. */
export function splicedFiles(name: string, without: readonly string[] = []): fc.Arbitrary<Buffer> {
  const seeds = ['good', 'broken'].flatMap((half) =>
    readdirSync(path.join(goldenFolder(name), half))
      .filter((file) => file.endsWith('.json') && !file.endsWith('.parsed.json') && !without.includes(file))
      .map((file) => readFileSync(path.join(goldenFolder(name), half, file))),
  );
  return fc
    .record({
      seed: fc.constantFrom(...seeds),
      other: fc.oneof(fc.constantFrom(...seeds), fc.uint8Array({ maxLength: 8 })),
      at: fc.nat(400),
      cut: fc.nat(40),
      from: fc.nat(400),
      taken: fc.nat(40),
    })
    .map(({ seed, other, at, cut, from, taken }) =>
      Buffer.concat([seed.subarray(0, at), other.subarray(from, from + taken), seed.subarray(at + cut)]),
    );
}
