/** `halflight forward`: reads its flags, opens the forwards, and says what they lead to. */
import { type ForwardFlags, readForwardFlags } from '../shared/config/forward-flags.js';
import { forwardPage, forwardReady, linesOf, listensAt } from '../shared/config/forward-page.js';
import type { HookFlags } from '../shared/config/hook-flags.js';
import type { ForwardSettings } from '../shared/config/settings.js';
import { systemEnvironment } from '../shared/net/system.js';
import type { Configured } from './configured.js';
import { askedHooks } from './hooks.js';
import { type ControlFlags, openControl } from './control.js';
import type { Output, OutputFlags } from './output.js';
import { finish, prepare, unlessStopped } from './running.js';

/** `halflight forward`. Settles never: it ends the process. */
export async function runForward(
  flags: ForwardFlags & HookFlags & OutputFlags & ControlFlags & Configured,
): Promise<void> {
  const life = prepare(flags, 'forward');
  const { output, observer } = life;
  const settings: ForwardSettings = { ...readForwardFlags(flags), ...(await askedHooks(flags, output)) };
  warnTypedVia(flags, settings, output);

  const { startForward } = await import('../forward/forward.js');
  const service = await unlessStopped(startForward(settings, systemEnvironment, observer), life);
  const listen = service.forwards.map(listensAt);
  await openControl(flags, { role: 'forward', listen }, output.log);
  const page = {
    forwards: linesOf(service.forwards, settings.forwards, { straight: true }),
    hooks: flags.hooks ?? [],
  };
  await output.announce(() => forwardPage(page), {
    event: 'ready',
    role: 'forward',
    listen: service.listen,
    ...forwardReady(page),
  });
  await finish([service], life);
}

/** Warns of a secret that was typed, unless it stands in a config file. */
function warnTypedVia(
  { via, config }: ForwardFlags & Configured,
  { forwards }: ForwardSettings,
  output: Output,
): void {
  if (via === undefined || config?.names.has('via') === true) return;
  const shown = new Set(forwards.flatMap((rule) => rule.via ?? []).map(({ name }) => name));
  if (via.every((uri) => shown.has(uri) || /^direct/i.test(uri))) return;
  output.log.warn('the process list shows a secret in --via; a config file keeps it out');
}
