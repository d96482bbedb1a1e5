import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import type { HookEvent } from '../../index.js';
import { exampleProject, examplesOf, promised, run } from '../library/examples.js';
import { cliStarter } from '../support/cli.js';
import { temporaryDirectory } from '../support/directory.js';
import { deadPort } from '../support/targets.js';
import { page, startWeb } from '../support/web.js';
import { type HookedForward, startHooked } from './by-command.js';

const name = 'docs/hooks.md';
const written = readFileSync(path.resolve(import.meta.dirname, '../..', name), 'utf8');
const examples = examplesOf(name);
const start = cliStarter();

/** One request that no other follows on its connection; what answers it. */
function ask({ port }: Pick<HookedForward, 'port'>): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get({ host: '127.0.0.1', port, agent: false }, (answer) => {
        text(answer).then(resolve, reject);
      })
      .on('error', reject);
  });
}

describe(`the examples of ${name}`, () => {
  const { fileOf, wrong } = exampleProject(examples);

  it('are all found', () => {
    const blocks = [...written.matchAll(/^```(?:[jt]s|javascript|typescript)\b(?! wrong)/gm)];
    expect(examples).toHaveLength(blocks.length);
    expect(examples.length).toBeGreaterThan(5);
  });

  it('fit the types of the package', () => {
    expect(wrong()).toEqual([]);
  });

  const numbered = examples.map((example, number) => ({ ...example, number }));
  const hooks = numbered.filter(({ code }) => code.includes('export const hook'));

  it.each(hooks)('$place is a hook that does what it says', async (example) => {
    const site = await startWeb(page('hello'), { certificate: 'none' });
    const forward = await startHooked(start, `127.0.0.1:${site.port}`, [fileOf(example.number, 'ts')]);
    expect(await ask(forward)).toBe('hello');
    const placed = (line: string): string => line.replace('example.com 80', `127.0.0.1 ${site.port}`);
    const lines = promised(example).map(placed);
    await vi.waitUntil(() => forward.said().length >= lines.length, { timeout: 10_000 });
    expect(await forward.stop()).toEqual(lines);
  });

  it.each(numbered.filter((example) => !hooks.includes(example)))(
    '$place is a program that does what it says',
    async (example) => {
      const site = await startWeb(page('hello'), { certificate: 'none' });
      const program = fileOf(example.number, 'js');
      const placed = readFileSync(program, 'utf8').replaceAll('example.com:80', `127.0.0.1:${site.port}`);
      writeFileSync(program, placed);
      expect(await run(program, {})).toEqual({ exitCode: 0, printed: promised(example), complaints: '' });
    },
  );
});

/** An object as the page shows it: with remarks, and commas behind the last. */
type Shown = Readonly<Record<string, unknown>> & {
  readonly event: HookEvent['event'];
  readonly connection?: object;
};

const shownEvents = Array.from(
  written.matchAll(/^```jsonc\n(.*?)^```$/gms),
  ([, block = '']) =>
    JSON.parse(block.replaceAll(/\s*\/\/.*$/gm, '').replaceAll(/,(?=\s*[}\]])/g, '')) as Shown,
).filter(({ event }) => typeof event === 'string');

/** What an object of the page stands for: its numbers for any, and its names for those of this test. */
function meant(value: unknown, names: ReadonlyMap<string, string>): unknown {
  if (typeof value === 'number') return expect.any(Number);
  if (typeof value === 'string') return names.get(value) ?? value;
  if (Array.isArray(value)) return value.map((each) => meant(each, names));
  const parts = Object.entries(value as object).map(([key, part]) => [key, meant(part, names)] as const);
  return Object.fromEntries(parts);
}

describe(`the events of ${name}`, () => {
  it('are shown as they are', async () => {
    const teller = path.join(temporaryDirectory(), 'teller.mjs');
    const names = [...new Set(shownEvents.map(({ event }) => event))];
    const observers = names.map((event) => `'${event}': tell`).join(', ');
    writeFileSync(
      teller,
      `const tell = (event) => console.log(JSON.stringify(event));\nexport const hook = { on: { ${observers} } };\n`,
    );
    const site = await startWeb(page('hello'), { certificate: 'none' });
    const forward = await startHooked(start, `127.0.0.1:${site.port}`, [teller]);
    await ask(forward);
    await vi.waitUntil(() => forward.said().some((line) => line.includes('"tick"')), { timeout: 10_000 });
    const events = (await forward.stop()).map((line) => JSON.parse(line) as Shown);

    const nobody = await startHooked(start, `127.0.0.1:${await deadPort()}`, [teller]);
    await expect(ask(nobody)).rejects.toThrow();
    await vi.waitUntil(() => nobody.said().some((line) => line.includes('"error"')), { timeout: 10_000 });
    events.push(...(await nobody.stop()).map((line) => JSON.parse(line) as Shown));

    const here = new Map([
      ['example.com', '127.0.0.1'],
      ['127.0.0.1:8000', `127.0.0.1:${forward.port}`],
    ]);
    expect(names).toHaveLength(9);
    const parts = shownEvents.flatMap(({ connection }) => Object.keys(connection ?? {}));
    const last = events.find(({ event }) => event === 'closed');
    expect(new Set(parts)).toEqual(new Set(Object.keys(last?.connection ?? {})));
    for (const shown of shownEvents) {
      const real = events.find(({ event }) => event === shown.event);
      expect(real, shown.event).toMatchObject(meant(shown, here) as object);
      // Nothing is left out but `connection`, which is shown where it grows.
      const keys = Object.keys(real ?? {}).filter((key) => key !== 'connection');
      expect(Object.keys(shown), shown.event).toEqual(expect.arrayContaining(keys));
    }
  });

  it('come in the order of the page', () => {
    expect(shownEvents.map(({ event }) => event)).toEqual([
      'started',
      'accepted',
      'requested',
      'dialed',
      'first-byte',
      'closed',
      'error',
      'tick',
      'stopped',
    ]);
  });
});
