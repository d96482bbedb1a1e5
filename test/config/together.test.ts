import { expect, it } from 'vitest';
import { together } from '../../shared/config/together.js';
import { ConfigError } from '../../shared/errors.js';

const fails = (message: string) => (): never => {
  throw new ConfigError(message);
};

/** The messages of what is thrown. */
function messages(use: () => unknown): readonly string[] {
  try {
    use();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error.message, ...error.others.map(({ message }) => message)];
  }
  return [];
}

it('brings what each brings, in order', () => {
  expect(together([() => 1, () => 'two', () => undefined])).toEqual([1, 'two', undefined]);
});

it('finds all mistakes, those within others too, in their order', () => {
  const inner = (): unknown => together([fails('b'), () => 1, fails('c')]);
  expect(messages(() => together([fails('a'), inner, () => 2, fails('d')]))).toEqual(['a', 'b', 'c', 'd']);
});

it('lets everything else through at once', () => {
  let last = false;
  const broken = (): never => {
    throw new TypeError('no mistake of the operator');
  };
  expect(() => together([fails('a'), broken, () => (last = true)])).toThrow(TypeError);
  expect(last).toBe(false);
});
