/** `halflight remote`: reads its flags, starts the half, and says where it is. */
import { networkInterfaces } from 'node:os';
import { exitCodes, UsageError } from '../shared/config/exit.js';
import {
  type AllRemoteFlags,
  readManagedFlags,
  readRemoteFlags,
  type SecretSource,
} from '../shared/config/flags.js';
import { hookLines } from '../shared/config/forward-page.js';
import type { HookFlags } from '../shared/config/hook-flags.js';
import { doubtLine, type DrawQr, managedPage, remotePage } from '../shared/config/paste.js';
import { publicHost } from '../shared/config/public-host.js';
import { remoteUri } from '../shared/config/remote-uri.js';
import type { ManagedSettings, RemoteSettings } from '../shared/config/settings.js';
import type { RemoteService } from '../remote/remote.js';
import { systemEnvironment } from '../shared/net/system.js';
import { serveApi } from './api.js';
import type { Configured } from './configured.js';
import { type ControlFlags, openControl } from './control.js';
import { askedHooks } from './hooks.js';
import { endProcess } from './life.js';
import type { OutputFlags } from './output.js';
import { furtherPorts, managedReady, pagePort, remoteReady } from './page-ports.js';
import { finish, type Life, prepare, unlessStopped, warnTypedAuth } from './running.js';
import { type UriOfFlags, uriOfUser, urisOf, usageOf } from './users.js';
import type { RemoteCrewService } from './workers/remote-crew.js';

/** `halflight remote`. Settles never: it ends the process. */
export async function runRemote(
  flags: AllRemoteFlags & UriOfFlags & HookFlags & OutputFlags & ControlFlags & Configured,
): Promise<void> {
  const life = prepare(flags, 'remote');
  const { output, observer } = life;
  const hooks = await askedHooks(flags, output);
  const managed = await readManagedFlags(flags, process.env);
  if (managed !== undefined) {
    if (flags.uriOf === undefined) return runManaged({ ...managed, ...hooks }, flags, life);
    throw new UsageError(
      "--uri-of: expected users of a port of its own, got a remote whose ports are a panel's",
    );
  }
  const found = await unlessStopped(readRemoteFlags(flags, process.env, systemEnvironment), life);
  const settings = { ...found.settings, ...hooks };
  const source = fromConfig(found.source, flags);
  if (source.from === 'flag') {
    const variable = flags.password === undefined ? 'HALFLIGHT_KEY' : 'HALFLIGHT_PASSWORD';
    output.log.warn(`the process list shows a secret given as a flag; ${variable} or --key-file keep it out`);
  }
  warnTypedAuth(flags, output);
  if (settings.allowBind && flags.publicHost !== undefined && settings.announce === undefined) {
    output.log.warn('--public-host is a name: BIND announces the address that this machine sees of itself');
  }

  if (settings.plugin !== undefined) {
    output.log.warn('the URI does not name the plugin: the other half needs its own (--plugin)');
  }

  const { host, doubt } = publicHost({
    named: flags.publicHost,
    listen: settings.listen.host,
    interfaces: networkInterfaces(),
  });
  if (flags.uriOf !== undefined) {
    if (doubt !== undefined) output.log.warn(doubtLine(host, doubt));
    const uri = uriOfUser(flags.uriOf, settings, remoteUri(settings, host, settings.listen.port));
    await output.announce(() => urisOf(uri), { event: 'uris', user: flags.uriOf, uris: urisOf(uri) });
    return endProcess(exitCodes.stopped);
  }

  const { open, control, ...remote } = await unlessStopped(
    startAnyRemote(settings, found.workers, life),
    life,
  );
  const main = pagePort(settings, remote.listen, { settings, host });
  const ports = furtherPorts(remote.ports.slice(1), { settings, host });
  const { manager } = remote;
  const api = found.api && (await unlessStopped(serveApi(remote, found.api, observer), life));
  const listen = remote.ports.map((port) => port.listen);
  await openControl(flags, { role: 'remote', listen, crew: control }, output.log);
  const ready = remoteReady(main, ports);
  await output.announce(
    async () => [
      ...remotePage({ ...main, ports, manager, source, doubt }, await qrDrawer()),
      ...hookLines(flags.hooks),
    ],
    {
      ...ready,
      ...(manager && { manager }),
      ...(api && { api: api.listen }),
      ...(found.workers > 1 && { workers: found.workers }),
      ...(flags.hooks && { hooks: flags.hooks }),
    },
  );
  if (api !== undefined) output.log.info('users are managed over HTTP', { listen: api.listen });
  await finish([remote, ...(api === undefined ? [] : [api])], { ...life, ...(open && { open }) }, () =>
    usageOf(remote.ports),
  );
}

/** In one process or in several, which know how many conversations they have open. */
async function startAnyRemote(
  settings: RemoteSettings,
  workers: number,
  { observer, output: { log } }: Life,
): Promise<RemoteService & Partial<Pick<RemoteCrewService, 'open' | 'control'>>> {
  if (workers === 1) {
    const { startRemote } = await import('../remote/remote.js');
    return startRemote(settings, systemEnvironment, observer);
  }
  const { startRemoteCrew } = await import('./workers/remote-crew.js');
  return startRemoteCrew(settings, { workers, environment: systemEnvironment, observer, log });
}

/** `halflight remote` without a port of its own. */
async function runManaged(
  settings: ManagedSettings,
  flags: AllRemoteFlags & HookFlags & OutputFlags & ControlFlags & Configured,
  life: Life,
): Promise<never> {
  const { output, observer } = life;
  warnTypedAuth(flags, output);
  const { startManagedRemote } = await import('../remote/remote.js');
  const remote = await unlessStopped(startManagedRemote(settings, systemEnvironment, observer), life);
  const { manager } = remote;
  const { host } = publicHost({ named: flags.publicHost, listen: '', interfaces: networkInterfaces() });
  await openControl(flags, { role: 'remote', listen: [manager] }, output.log);
  const { ports: first = [] } = settings.manager;
  const ports = furtherPorts(remote.ports, { settings: { ...settings, ports: first }, host });
  await output.announce(() => [...managedPage(manager, ports), ...hookLines(flags.hooks)], {
    ...managedReady(manager, ports),
    ...(flags.hooks && { hooks: flags.hooks }),
  });
  return finish([remote], life, () => usageOf(remote.ports));
}

/** A key in a config file is not in the process list, and whoever started the program can look it up there. */
function fromConfig(source: SecretSource, { config }: Configured): SecretSource {
  const stored = config?.names.has('key') === true || config?.names.has('password') === true;
  return source.from === 'flag' && config !== undefined && stored
    ? { from: 'config', path: config.path }
    : source;
}

async function qrDrawer(): Promise<DrawQr> {
  const { renderUnicodeCompact } = await import('uqr');
  return (text) => renderUnicodeCompact(text, { border: 2 });
}
