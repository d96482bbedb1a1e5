import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type HookOption, readHooks } from '../../shared/config/hook-options.js';
import { copyOptions } from '../../shared/config/options.js';
import { ConfigError } from '../../shared/errors.js';
import type { Hook } from '../../shared/hooks/hook.js';

describe('the option hooks', () => {
  it('takes hooks, functions that make them, and files, which stay where they are now', () => {
    const hook: Hook = { name: 'mine', admit: () => 'allow' };
    const source = (): Hook => hook;
    expect(readHooks([hook, source, './mine.js'])).toEqual([
      { kind: 'given', source: hook },
      { kind: 'given', source },
      { kind: 'file', path: path.resolve('mine.js') },
    ]);
  });

  it.each([
    [5, 'hooks[0]: expected an object or a function, got a number'],
    ['', 'hooks[0]: expected the path of a file, got an empty one'],
    ['informer', 'hooks[0]: expected what informer() of the package returns, got its name'],
    ['dumper', 'hooks[0]: expected what dumper() of the package returns, got its name'],
    [{ onn: {} }, 'hooks[0]: expected the name of a part of a hook, got "onn" (did you mean on?)'],
    [
      { on: { close: () => 0 } },
      'hooks[0].on: expected the name of an event, got "close" (did you mean closed?)',
    ],
    [{ admit: 'deny' }, "hooks[0].admit: expected a function, got 'deny'"],
  ])('refuses %j', (hook, message) => {
    expect(() => readHooks([hook as HookOption])).toThrow(new ConfigError(message));
  });

  it('is not copied with the others: a hook remembers in itself, and may be of a class', () => {
    class Counting {
      count = 0;
      admit(): 'allow' {
        this.count += 1;
        return 'allow';
      }
    }
    const hooks = [new Counting()];
    const copy = copyOptions({ hooks });
    hooks.push(new Counting());
    expect(copy.hooks.length).toBe(1);
    expect(copy.hooks[0]).toBe(hooks[0]);
  });
});
