import type { Hooks } from './hooks.js';
import type { OpeningOptions } from './open.js';
import type { HookSetting } from './setting.js';

/** The hooks of a half, as `openHooks` opens them; where it has none, not even that is loaded. */
export async function hooksOf(
  { hooks }: { readonly hooks?: readonly HookSetting[] },
  opening: OpeningOptions,
): Promise<Hooks | undefined> {
  if (hooks === undefined || hooks.length === 0) return undefined;
  const { openHooks } = await import('./open.js');
  return openHooks(hooks, opening);
}
