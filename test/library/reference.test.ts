import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

it('docs/library/reference.md is what npm run docs:api makes of the sources', { timeout: 60_000 }, () => {
  const place = mkdtempSync(path.join(tmpdir(), 'halflight-reference-'));
  onTestFinished(() => {
    rmSync(place, { recursive: true, force: true });
  });
  const typedoc = path.join(root, 'node_modules/typedoc/bin/typedoc');
  const words = [typedoc, '--options', path.join(root, 'docs/typedoc.json'), '--out', place];
  execFileSync(process.execPath, words, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  const made = readFileSync(path.join(place, 'reference.md'), 'utf8');
  expect(readFileSync(path.join(root, 'docs/library/reference.md'), 'utf8')).toBe(made);
});
