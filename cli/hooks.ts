/** The hooks of a command that keeps running. */
import type { HookFlags } from '../shared/config/hook-flags.js';
import { saysOfHooks } from '../shared/config/hook-names.js';
import type { WorkersFlags } from '../shared/config/workers.js';
import type { HookSetting } from '../shared/hooks/setting.js';
import { wantsColor } from '../shared/observe/log.js';
import type { Output, OutputFlags } from './output.js';

/** What settings have when there are hooks. What reads their flags is loaded where one is given. */
export async function askedHooks(
  flags: HookFlags & WorkersFlags & OutputFlags,
  { line }: Output,
): Promise<{ readonly hooks?: readonly HookSetting[] }> {
  if (!saysOfHooks(flags)) return {};
  const { readHookFlags } = await import('../shared/config/hook-flags.js');
  const json = flags.json ?? false;
  const color = !json && wantsColor(process.stdout, process.env);
  const hooks = readHookFlags(flags, { json, color, whole: !process.stdout.isTTY, write: line });
  return hooks === undefined ? {} : { hooks };
}
