/** `halflight local`: reads its flags, starts the half, and says which way it found. */
import { formatTarget } from '../shared/codec/address.js';
import { weakPassword } from '../shared/codec/keys.js';
import type { ForwardFlags } from '../shared/config/forward-flags.js';
import { forwardLines, forwardReady, linesOf, listensAt } from '../shared/config/forward-page.js';
import type { HookFlags } from '../shared/config/hook-flags.js';
import { type LocalFlags, readLocalFlags, type WholeLocalSettings } from '../shared/config/local-flags.js';
import { localPage } from '../shared/config/local-page.js';
import { isLegacyPaste } from '../shared/config/pasted.js';
import type { ServerFlags } from '../shared/config/server-choices.js';
import type { ServerChoice } from '../shared/config/settings.js';
import { prefixCost } from '../shared/config/uri-prefix.js';
import { startAnyLocal } from './any-local.js';
import type { Configured } from './configured.js';
import { type ControlFlags, openControl } from './control.js';
import { askedHooks } from './hooks.js';
import type { Output, OutputFlags } from './output.js';
import { firstUser, portOf } from './port-page.js';
import { finish, prepare, unlessAsked, unlessStopped, warnTypedAuth } from './running.js';

/** `halflight local [URI…]`. Settles never: it ends the process. */
export async function runLocal(
  uri: string | undefined,
  flags: LocalFlags & ServerFlags & ForwardFlags & HookFlags & OutputFlags & ControlFlags & Configured,
): Promise<void> {
  const life = prepare(flags, 'local');
  const { output, observer } = life;
  const settings: WholeLocalSettings = {
    ...(await readLocalFlags(uri, flags, process.env)),
    ...(await askedHooks(flags, output)),
  };
  const { servers, workers } = settings;
  for (const written of flags.servers?.map((entry) => entry.uri) ?? [uri]) warnOldLink(written, output);
  for (const server of servers) warnWeakServer(server, output);
  warnTypedAuth(flags, output);

  const local = await unlessStopped(startAnyLocal(settings, { observer, log: output.log }), life);
  const { forwards = [] } = local;
  const listen = [local.listen, ...forwards.map(listensAt)];
  await openControl(flags, { role: 'local', listen, crew: local.control }, output.log);
  const checks = await unlessAsked(local.checkServers(), life);
  if (checks !== undefined) {
    const remoteAsks = servers.some((server) => server.uri.remoteAuth === true);
    const user = remoteAsks ? 'USER' : firstUser(settings);
    const remote = local.servers.map((server) => formatTarget(server.uri)).join(', ');
    const inside = {
      forwards: linesOf(forwards, settings.forwards, { straight: false }),
      hooks: flags.hooks ?? [],
    };
    const ready = {
      event: 'ready',
      role: 'local',
      listen: local.listen,
      remote,
      ...(workers && { workers }),
      ...forwardReady(inside),
    };
    const [only, ...others] = checks.map(({ check }) => check);
    await output.announce(
      () => [...localPage({ ...portOf(local), user, remote, checks }), ...forwardLines(inside)],
      others.length > 0 ? { ...ready, servers: checks } : { ...ready, check: only },
    );
  }
  await finish([local], { ...life, ...(local.open && { open: local.open }) });
}

function warnOldLink(uri: string | undefined, { log }: Output): void {
  if (!isLegacyPaste(uri ?? process.env['HALFLIGHT_URI'] ?? '')) return;
  log.warn('the URI is in the form before SIP002, which many programs no longer read: ask for a new one');
}

function warnWeakServer({ uri }: ServerChoice, { log }: Output): void {
  const { method, secret, saltPrefix } = uri;
  if (saltPrefix !== undefined) log.warn(prefixCost(method, saltPrefix));
  const weak = method.edition === 2017 ? weakPassword(secret) : undefined;
  if (weak !== undefined) log.warn(`${weak}; ask for a remote with a generated key`);
}
