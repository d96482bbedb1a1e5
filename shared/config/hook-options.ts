/** From the hooks that a program gives to settings. */
import path from 'node:path';
import { ConfigError } from '../errors.js';
import type { HookSource } from '../hooks/hook.js';
import { checkHook, checkSource } from '../hooks/hook-shape.js';
import type { HookSetting } from '../hooks/setting.js';

/** A hook, a function that makes one each time that it is started, or the path of a file that exports either as `hook`. */
export type HookOption = HookSource | string;

/** ConfigError, beginning with the name of the option, for what is no hook. Of a file that is known when it is started. */
export function readHooks(hooks: readonly HookOption[]): readonly HookSetting[] {
  return hooks.map((hook, place): HookSetting => {
    const where = `hooks[${place}]`;
    if (typeof hook === 'string') return { kind: 'file', path: readPath(hook, where) };
    checkSource(hook, where);
    if (typeof hook !== 'function') checkHook(hook, where);
    return { kind: 'given', source: hook };
  });
}

/** What flags call by a name is made by a function here. */
const own = ['informer', 'dumper'];

/** As it is now: the program may go to another directory before it starts what has the hook. */
function readPath(file: string, where: string): string {
  if (file === '') throw new ConfigError(`${where}: expected the path of a file, got an empty one`);
  if (own.includes(file))
    throw new ConfigError(`${where}: expected what ${file}() of the package returns, got its name`);
  return path.resolve(file);
}
