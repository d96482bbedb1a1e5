/** What the commands do: read their flags, start their half, say so, and stop when asked. */
import { networkInterfaces } from 'node:os';
import { renderUnicodeCompact } from 'uqr';
import { formatTarget } from '../shared/codec/address.js';
import { generateSecret, weakPassword } from '../shared/codec/keys.js';
import { defaultMethod, findMethod } from '../shared/codec/methods.js';
import { type AuthFlags, authVariable } from '../shared/config/credentials.js';
import { exitCodes, UsageError } from '../shared/config/exit.js';
import {
  type AllRemoteFlags,
  readManagedFlags,
  readRemoteFlags,
  type SecretSource,
} from '../shared/config/flags.js';
import { type LocalFlags, readLocalFlags, readPortFlags } from '../shared/config/local-flags.js';
import { localPage, upPage } from '../shared/config/local-page.js';
import { doubtLine, managedPage, remotePage } from '../shared/config/paste.js';
import { isLegacyPaste } from '../shared/config/pasted.js';
import { hostForOthers, publicHost } from '../shared/config/public-host.js';
import { type ServerFlags, soleServer } from '../shared/config/server-choices.js';
import { readService } from '../shared/config/service-address.js';
import type {
  LocalSettings,
  ManagedSettings,
  RemoteSettings,
  ServerChoice,
} from '../shared/config/settings.js';
import { prefixCost } from '../shared/config/uri-prefix.js';
import { formatServerUri } from '../shared/config/uri.js';
import { systemEnvironment } from '../shared/net/system.js';
import type { Role } from '../shared/observe/events.js';
import type { Service } from '../shared/service.js';
import { serveApi } from './api.js';
import { startAnyLocal } from './any-local.js';
import type { Configured } from './configured.js';
import { furtherPorts, managedReady, pagePort, remoteReady, remoteUri } from './page-ports.js';
import { type Conversations, countConversations, stoppingLine } from './conversations.js';
import { awaitSignals, endProcess, type Ending, surviveErrors } from './life.js';
import { createOutput, type Output, type OutputFlags } from './output.js';
import { type UriOfFlags, uriOfUser, urisOf, usageOf, type UserUsage } from './users.js';

/** `halflight remote`. Settles never: it ends the process. */
export async function runRemote(
  flags: AllRemoteFlags & UriOfFlags & OutputFlags & Configured,
): Promise<void> {
  const life = prepare(flags, 'remote');
  const { output, observer } = life;
  const managed = await readManagedFlags(flags, process.env);
  if (managed !== undefined) {
    if (flags.uriOf === undefined) return runManaged(managed, flags, life);
    throw new UsageError(
      "--uri-of: expected users of a port of its own, got a remote whose ports are a panel's",
    );
  }
  const { settings, ...found } = await unlessStopped(
    readRemoteFlags(flags, process.env, systemEnvironment),
    life,
  );
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
    output.announce(urisOf(uri), { event: 'uris', user: flags.uriOf, uris: urisOf(uri) });
    return endProcess(exitCodes.stopped);
  }

  const { startRemote } = await import('../remote/remote.js');
  const remote = await unlessStopped(startRemote(settings, systemEnvironment, observer), life);
  const main = pagePort(settings, remote.listen, { settings, host });
  const ports = furtherPorts(remote.ports.slice(1), { settings, host });
  const { manager } = remote;
  const page = remotePage({ ...main, ports, manager, source, doubt }, drawQr);
  const api = found.api && (await unlessStopped(serveApi(remote, found.api, observer), life));
  const ready = remoteReady(main, ports);
  output.announce(page, { ...ready, ...(manager && { manager }), ...(api && { api: api.listen }) });
  if (api !== undefined) output.log.info('users are managed over HTTP', { listen: api.listen });
  await finish([remote, ...(api === undefined ? [] : [api])], life, () => usageOf(remote.ports));
}

/** `halflight remote` without a port of its own. */
async function runManaged(
  settings: ManagedSettings,
  flags: AllRemoteFlags & OutputFlags & Configured,
  life: Life,
): Promise<never> {
  const { output, observer } = life;
  warnTypedAuth(flags, output);
  const { startManagedRemote } = await import('../remote/remote.js');
  const remote = await unlessStopped(startManagedRemote(settings, systemEnvironment, observer), life);
  const { host } = publicHost({ named: flags.publicHost, listen: '', interfaces: networkInterfaces() });
  const { ports: first = [] } = settings.manager;
  const ports = furtherPorts(remote.ports, { settings: { ...settings, ports: first }, host });
  const { manager } = remote;
  output.announce(managedPage(manager, ports), managedReady(manager, ports));
  return finish([remote], life, () => usageOf(remote.ports));
}

/** `halflight local [URI…]`. Settles never: it ends the process. */
export async function runLocal(
  uri: string | undefined,
  flags: LocalFlags & ServerFlags & OutputFlags & Configured,
): Promise<void> {
  const life = prepare(flags, 'local');
  const { output, observer } = life;
  const settings = await readLocalFlags(uri, flags, process.env);
  const { servers } = settings;
  for (const written of flags.servers?.map((entry) => entry.uri) ?? [uri]) warnOldLink(written, output);
  for (const server of servers) warnWeakServer(server, output);
  warnTypedAuth(flags, output);

  const local = await unlessStopped(startAnyLocal(settings, observer), life);
  const checks = await unlessAsked(local.checkServers(), life);
  if (checks !== undefined) {
    const remoteAsks = servers.some((server) => server.uri.remoteAuth === true);
    const user = remoteAsks ? 'USER' : firstUser(settings);
    const remote = local.servers.map((server) => formatTarget(server.uri)).join(', ');
    const ready = { event: 'ready', role: 'local', listen: local.listen, remote } as const;
    const [only, ...others] = checks.map(({ check }) => check);
    output.announce(
      localPage({ ...portOf(local), user, remote, checks }),
      others.length > 0 ? { ...ready, servers: checks } : { ...ready, check: only },
    );
  }
  await finish([local], life);
}

/** `halflight up`: both halves in this process. Settles never: it ends the process. */
export async function runUp(flags: LocalFlags & OutputFlags): Promise<void> {
  const life = prepare(flags, 'local');
  const { output, observer } = life;
  const port = await readPortFlags(flags, process.env);
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
    startLocal({ ...port, servers: [soleServer(uri)] }, systemEnvironment, observer),
    life,
  );
  const check = await unlessAsked(local.check(), life);
  if (check !== undefined) {
    const byNpm = process.env['npm_lifecycle_event'] !== undefined;
    output.announce(upPage({ ...portOf(local), user: firstUser(port), uri, byNpm, check }), {
      event: 'ready',
      role: 'up',
      listen: local.listen,
      remote: remote.listen,
      uri: formatServerUri(uri),
      check,
    });
  }
  await finish([local, remote], life);
}

/** `halflight keygen`: one new secret on stdout. */
export function runKeygen(flags: { readonly method?: string; readonly json?: true }): void {
  const method = findMethod(flags.method ?? defaultMethod);
  const secret = generateSecret(method, systemEnvironment);
  const named = method.edition === 2022 ? { key: secret } : { password: secret };
  const line = flags.json === true ? JSON.stringify({ method: method.name, ...named }) : secret;
  process.stdout.write(`${line}\n`);
}

/** What every command has that keeps running. */
interface Life extends Conversations {
  readonly output: Output;
  readonly ending: Ending;
}

/** `role` is the half whose conversations count: in `up` each of them has a connection in both. */
function prepare(flags: OutputFlags & Configured, role: Role): Life {
  const output = createOutput(flags);
  surviveErrors(output.log);
  if (flags.config !== undefined) output.log.info('settings from a file', { path: flags.config.path });
  for (const warning of flags.config?.warnings ?? []) output.log.warn(warning);
  return { output, ...countConversations(role, output.observer), ending: awaitSignals() };
}

function warnTypedAuth({ auth, config }: AuthFlags & Configured, output: Output): void {
  if (auth === undefined || config?.names.has('auth') === true) return;
  output.log.warn(
    `the process list shows a password given as a flag; ${authVariable} or --auth-file keep it out`,
  );
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

/** A key in a config file is not in the process list, and whoever started the program can look it up there. */
function fromConfig(source: SecretSource, { config }: Configured): SecretSource {
  const stored = config?.names.has('key') === true || config?.names.has('password') === true;
  return source.from === 'flag' && config !== undefined && stored
    ? { from: 'config', path: config.path }
    : source;
}

function firstUser({ credentials }: Pick<LocalSettings, 'credentials'>): string | undefined {
  return credentials[0]?.user;
}

function portOf({ listen }: Service): { readonly listen: string; readonly others: string | undefined } {
  const { host } = readService(listen);
  return { listen, others: hostForOthers({ listen: host, interfaces: networkInterfaces() }) };
}

function drawQr(text: string): string {
  return renderUnicodeCompact(text, { border: 2 });
}

/** What `work` brings, or undefined when the process was asked to end meanwhile. */
function unlessAsked<T>(work: Promise<T>, { ending }: Life): Promise<T | undefined> {
  return Promise.race([work, ending.asked.then(() => undefined)]);
}

/** What `start` brings. When the process is asked to end meanwhile, it ends: no conversation has begun. */
async function unlessStopped<T extends object>(start: Promise<T>, life: Life): Promise<T> {
  return (await unlessAsked(start, life)) ?? finish([], life);
}

async function finish(
  services: readonly Service[],
  { output, ending, open }: Life,
  usage?: () => Promise<readonly UserUsage[]>,
): Promise<never> {
  const signal = await ending.asked;
  output.log.info(stoppingLine(open()), { signal });
  await ending.stop(services);
  const users = (await usage?.()) ?? [];
  for (const { user, ...counts } of users) output.log.debug('usage', { user, ...counts });
  output.report({ event: 'stopped', ...(users.length > 0 && { users }) });
  return endProcess(exitCodes.stopped);
}
