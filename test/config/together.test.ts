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

it('tells twenty mistakes, says with the last that there are more, and looks for no others then', () => {
  let read = 0;
  const failing = Array.from({ length: 200_000 }, (_, index) => () => {
    read += 1;
    throw new ConfigError(String(index));
  });
  const all = messages(() => together([fails('a'), () => together(failing), fails('z')]));
  expect(all).toEqual([
    'a',
    ...Array.from({ length: 18 }, (_, index) => String(index)),
    '18 (and there are more)',
  ]);
  expect(read).toBe(21);
  const inner = messages(() => together([() => together(failing), fails('z')]));
  expect(inner.at(-1)).toBe('19 (and there are more)');
});

it('says of twenty mistakes nothing more', () => {
  const twenty = Array.from({ length: 20 }, (_, index) => fails(String(index)));
  expect(messages(() => together([() => 1, ...twenty, () => 2]))).toEqual(
    twenty.map((_, index) => String(index)),
  );
});
