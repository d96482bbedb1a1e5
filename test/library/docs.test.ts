import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { DialError } from '../../shared/errors.js';
import type { directDialer } from '../../shared/outbound/direct.js';
import { countPrograms, exampleProject, promised, readExamples, run } from './examples.js';
import { startSurroundings, type Targets } from './surroundings.js';

let known: Targets = new Map();

// In place of a mock nothing is small: examples name ports that no test may take (80, 443), a name leads to an address
// and never to another port, and no half has a setting that would. This replaces the last step of the remotes alone.
vi.mock('../../shared/outbound/direct.js', async (original) => {
  const real = await original<{ readonly directDialer: typeof directDialer }>();
  const directly: typeof directDialer = (options) => {
    const dial = real.directDialer(options);
    return ({ host, port }, how) => {
      const target = known.get(`${host}:${port}`) ?? { host, port };
      if (/example\.\w+$/.test(target.host)) {
        return Promise.reject(
          new DialError('name-not-resolved', `name: expected one of a target, got ${host}`),
        );
      }
      return dial(target, how);
    };
  };
  return { directDialer: directly };
});

const examples = readExamples();

describe('the examples of the documents', () => {
  const { fileOf, wrong } = exampleProject(examples);

  it('are all found', () => {
    expect(examples.length).toBeGreaterThan(20);
    expect(examples.length).toBe(countPrograms());
    expect(examples.filter(({ notRun }) => notRun !== undefined).length).toBeLessThanOrEqual(2);
  });

  it('fit the types of the package', () => {
    const placed = wrong().map((line) =>
      line.replace(/^example-(\d+)\.ts/, (_, number: string) => `${examples[Number(number)]?.place ?? ''} +`),
    );
    expect(placed).toEqual([]);
  });

  const alive = examples
    .map((example, number) => ({ ...example, number }))
    .filter(({ notRun }) => notRun === undefined);

  it.each(alive)('$place does what it says, and ends', async (example) => {
    const { places, variables } = await startSurroundings((targets) => (known = targets));
    const placed = (text: string): string =>
      [...places].reduce((written, [there, here]) => written.replaceAll(there, here), text);
    const program = fileOf(example.number, 'js');
    writeFileSync(program, placed(readFileSync(program, 'utf8')));
    const outcome = await run(program, variables);
    expect(outcome).toEqual({ exitCode: 0, printed: promised(example).map(placed), complaints: '' });
  });
});
