/** `halflight up`: both halves in one process. */
import { generateSecret } from '../shared/codec/keys.js';
import { defaultMethod, findMethod } from '../shared/codec/methods.js';
import { hookLines } from '../shared/config/forward-page.js';
import type { HookFlags } from '../shared/config/hook-flags.js';
import { type LocalFlags, readPortFlags } from '../shared/config/local-flags.js';
import { upPage } from '../shared/config/local-page.js';
import { soleServer } from '../shared/config/server-choices.js';
import { remoteUri } from '../shared/config/remote-uri.js';
import { readService } from '../shared/config/service-address.js';
import type { RemoteSettings } from '../shared/config/settings.js';
import { formatServerUri } from '../shared/config/uri.js';
import { systemEnvironment } from '../shared/net/system.js';
import { type ControlFlags, openControl } from './control.js';
import { askedHooks } from './hooks.js';
import type { OutputFlags } from './output.js';
import { firstUser, portOf } from './port-page.js';
import { finish, prepare, unlessAsked, unlessStopped, warnTypedAuth } from './running.js';

/** `halflight up`: both halves in this process. Settles never: it ends the process. */
export async function runUp(flags: LocalFlags & HookFlags & OutputFlags & ControlFlags): Promise<void> {
  const life = prepare(flags, 'local');
  const { output, observer } = life;
  const port = await readPortFlags(flags, process.env);
  const hooks = await askedHooks(flags, output);
  warnTypedAuth(flags, output);
  const { cipherBackend, udp } = port;
  const method = findMethod(defaultMethod);
  const settings: RemoteSettings = {
    listen: { host: '127.0.0.1', port: 0 },
    method,
    secret: generateSecret(method, systemEnvironment),
    cipherBackend,
    // Whoever can reach the local's port is on this machine already.
    allowPrivate: true,
    // The local asks already.
    credentials: [],
    allowBind: false,
    udp,
    announce: undefined,
    freshKey: true,
    stateDirectory: undefined,
  };

  const [{ startRemote }, { startLocal }] = await Promise.all([
    import('../remote/remote.js'),
    import('../local/local.js'),
  ]);
  const remote = await unlessStopped(startRemote(settings, systemEnvironment, observer), life);
  const uri = remoteUri(settings, '127.0.0.1', readService(remote.listen).port);
  const local = await unlessStopped(
    startLocal({ ...port, ...hooks, servers: [soleServer(uri)] }, systemEnvironment, observer),
    life,
  );
  await openControl(flags, { role: 'up', listen: [local.listen] }, output.log);
  const check = await unlessAsked(local.check(), life);
  if (check !== undefined) {
    const byNpm = process.env['npm_lifecycle_event'] !== undefined;
    await output.announce(
      () => [
        ...upPage({ ...portOf(local), user: firstUser(port), uri, byNpm, check }),
        ...hookLines(flags.hooks),
      ],
      {
        event: 'ready',
        role: 'up',
        listen: local.listen,
        remote: remote.listen,
        uri: formatServerUri(uri),
        check,
        ...(flags.hooks && { hooks: flags.hooks }),
      },
    );
  }
  await finish([local, remote], life);
}
