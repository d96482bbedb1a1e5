/** The hooks that a half is to have, from its settings. Nothing of this is loaded where there are none. */
import path from 'node:path';
import { ConfigError } from '../errors.js';
import { escapeControls } from '../observe/escape.js';
import type { Observer } from '../observe/events.js';
import { cut } from '../serve/open.js';
import { createHooks } from './create.js';
import type { Hook, HookContext, HookSource } from './hook.js';
import { checkHook, checkSource } from './hook-shape.js';
import type { Hooks } from './hooks.js';
import type { HookSetting } from './setting.js';

/** A hook that was opened, and what it needs to be closed. */
interface OpenHook {
  readonly name: string;
  readonly hook: Hook;
  stop?(): Promise<void>;
}

export interface OpeningOptions extends Pick<HookContext, 'role'> {
  readonly observer: Observer;
}

/**
 * The hooks of a half, or undefined when it is to have none. Rejects with a ConfigError that names the hook which cannot be
 * used; nothing of the others is left then. `stop` of what comes back ends their threads, too.
 */
export async function openHooks(
  settings: readonly HookSetting[] | undefined,
  { role, observer }: OpeningOptions,
): Promise<Hooks | undefined> {
  if (settings === undefined || settings.length === 0) return undefined;
  const warn = (detail: string): void => {
    observer({ event: 'warning', detail: escapeControls(detail) });
  };
  const opened: OpenHook[] = [];
  const close = async (): Promise<void> => {
    for (const one of opened) await one.stop?.();
  };
  let hooks: Hooks;
  try {
    for (const [place, setting] of settings.entries()) {
      opened.push(await openHook(setting, { role, warn, place }));
    }
    hooks = createHooks(opened, { role, warn });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    started: (listen) => {
      hooks.started(listen);
    },
    accept: (...newcomer) => hooks.accept(...newcomer),
    stop: async () => {
      await hooks.stop();
      await close();
    },
  };
}

interface Opening extends HookContext {
  /** Among the hooks of its half, from 0. */
  readonly place: number;
}

type Opener<Kind extends HookSetting['kind']> = (
  setting: Extract<HookSetting, { readonly kind: Kind }>,
  opening: Opening,
) => Promise<OpenHook>;

const openers: { readonly [Kind in HookSetting['kind']]: Opener<Kind> } = {
  file: async (setting, { role, warn }) => {
    const { startHookThread } = await import('./thread.js');
    const file = path.resolve(setting.path);
    return named(
      `hook ${setting.path}`,
      startHookThread({ path: file, role, name: path.basename(file), warn, cut }),
    );
  },
  given: async ({ source }, { role, warn, place }) => {
    const where = `hooks[${place}]`;
    let name = where;
    const context: HookContext = {
      role,
      warn: (detail) => {
        warn(`hook ${name}: ${detail}`);
      },
    };
    const hook = await givenHook(source, context, where);
    name = hook.name ?? where;
    return { name, hook };
  },
  informer: async ({ settings }) => {
    const { informerHook } = await import('./informer.js');
    return { name: 'informer', hook: informerHook(settings) };
  },
  dumper: async ({ settings }, { warn }) => {
    const { dumperHook } = await import('./dumper/dumper.js');
    return { name: 'dumper', hook: await dumperHook(settings, warn) };
  },
};

function openHook(setting: HookSetting, opening: Opening): Promise<OpenHook> {
  const open = openers[setting.kind] as (setting: HookSetting, opening: Opening) => Promise<OpenHook>;
  return open(setting, opening);
}

async function givenHook(source: HookSource, context: HookContext, where: string): Promise<Hook> {
  checkSource(source, where);
  if (typeof source !== 'function') {
    checkHook(source, where);
    return source;
  }
  const hook: unknown = await source(context);
  checkHook(hook, `what ${where} returned`);
  return hook;
}

/** A ConfigError of it begins with this name. */
async function named<T>(name: string, opened: Promise<T>): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`${name}: ${error.message}`, { cause: error });
  }
}
