import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const program = path.resolve(import.meta.dirname, '../../dist/bench/run.js');
const run = (...words: readonly string[]): Promise<{ stdout: string; stderr: string }> =>
  promisify(execFile)(process.execPath, [program, ...words]);

it('the bench prints its usage when asked for help, and measures nothing', async () => {
  const { stdout, stderr } = await run('--help');
  expect(stdout).toMatch(/^usage: npm run bench -- .*\nrows: .*\ntunnels: .*\n$/);
  expect(stderr).toBe('');
});

it.each([
  ['--rounds', '0'],
  ['--only', 'sideload'],
  ['--tunnel', 'pigeon'],
])('%s %s is a wrong flag of the bench, which ends with 64 and the usage', async (...words) => {
  await expect(run(...words)).rejects.toMatchObject({
    code: 64,
    stderr: expect.stringContaining('usage: npm run bench') as string,
  });
});
