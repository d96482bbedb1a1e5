/** Both halves in this process, wired by the library's own face, and a SOCKS5 client for them. */
import { onTestFinished } from 'vitest';
import {
  findMethod,
  generateSecret,
  systemEnvironment,
  type Environment,
  type MethodName,
  type ObservedEvent,
  type Plugin,
  type ServerUri,
} from '../../index.js';
import { startLocal, type LocalService } from '../../local/local.js';
import { startRemote, type RemoteService } from '../../remote/remote.js';
import type { LocalSettings, RemoteSettings, ServerChoice } from '../../shared/config/settings.js';
import type { Service } from '../../shared/service.js';
import { concat } from '../../shared/bytes.js';
import { decodeTarget, encodeTarget, type Target } from '../../shared/codec/address.js';
import { masterKey } from '../../shared/codec/keys.js';
import type { Cipher } from '../../shared/codec/stream.js';
import { soleServer } from '../../shared/config/server-choices.js';
import { connect, type Peer } from './peer.js';

export type EventName = ObservedEvent['event'];

/** A half that runs until the test is over. */
export interface Half<S extends Service = Service> {
  readonly service: S;
  readonly port: number;
  /** What was observed so far under that name, oldest first. */
  seen<Name extends EventName>(name: Name): Extract<ObservedEvent, { readonly event: Name }>[];
}

export interface RunningRemote extends Half<RemoteService> {
  readonly settings: RemoteSettings;
  /** What somebody has to know who speaks to it without a local. */
  readonly cipher: Cipher;
}

export type RemoteChanges = Partial<Omit<RemoteSettings, 'method'>> & {
  readonly method?: MethodName;
  readonly environment?: Environment;
};

/** A remote on a free port that lets private targets through, with a key nobody can have recorded anything under. */
export async function remoteHalf(changes: RemoteChanges = {}): Promise<RunningRemote> {
  const { method: name = '2022-blake3-aes-256-gcm', environment = systemEnvironment, ...others } = changes;
  const method = findMethod(name);
  const settings: RemoteSettings = {
    listen: { host: '127.0.0.1', port: 0 },
    method,
    secret: generateSecret(method, systemEnvironment),
    cipherBackend: 'native',
    allowPrivate: true,
    credentials: [],
    allowBind: false,
    udp: true,
    announce: undefined,
    freshKey: true,
    stateDirectory: undefined,
    ...others,
  };
  const half = await running((observer) => startRemote(settings, environment, observer));
  const cipher = { method, key: masterKey(method, settings.secret), backend: settings.cipherBackend };
  return { ...half, settings, cipher };
}

export type LocalChanges = Partial<Omit<LocalSettings, 'servers'>> & {
  readonly wire?: ServerUri['wire'];
  readonly secret?: string;
  readonly plugin?: Plugin;
  /** Where it looks for the remote, if not where that listens. */
  readonly port?: number;
  readonly environment?: Environment;
};

/** What a local has to know of the far end: of one of ours, or of somebody else's. */
export interface FarEnd {
  readonly port: number;
  readonly settings: Pick<RemoteSettings, 'method' | 'secret' | 'credentials'>;
}

/** How a far end is named, if not as it would itself. */
export interface UriChanges extends Pick<LocalChanges, 'wire' | 'secret' | 'plugin' | 'port'> {
  readonly tag?: string;
}

/** The URI of a far end on this host. */
export function uriOf({ settings, ...far }: FarEnd, changes: UriChanges = {}): ServerUri {
  const { wire = 'raw', secret = settings.secret, port = far.port, ...others } = changes;
  // As the URI that such a remote prints would say.
  const asks = wire === 'raw' && settings.credentials.length > 0 ? { remoteAuth: true as const } : {};
  return { wire, method: settings.method, secret, host: '127.0.0.1', port, ...others, ...asks };
}

/** A local on a free port that leaves through `remote`. */
export function localHalf(remote: FarEnd, changes: LocalChanges = {}): Promise<Half<LocalService>> {
  const { wire, secret, plugin, port, ...others } = changes;
  const named = { ...(wire && { wire }), ...(plugin && { plugin }) };
  const uri = uriOf(remote, {
    ...named,
    ...(secret !== undefined && { secret }),
    ...(port !== undefined && { port }),
  });
  return localAmong([soleServer(uri)], others);
}

/** A local on a free port that leaves through one of several servers. */
export function localAmong(
  servers: readonly ServerChoice[],
  changes: Omit<LocalChanges, keyof UriChanges> = {},
): Promise<Half<LocalService>> {
  const { environment = systemEnvironment, timeouts, ...others } = changes;
  const settings: LocalSettings = {
    // Carriers that nobody asked for are met only where a test wants them.
    timeouts: { warmForMs: 0, ...timeouts },
    listen: { host: '127.0.0.1', port: 0 },
    servers,
    cipherBackend: 'native',
    credentials: [],
    udp: true,
    pacDirect: true,
    ...others,
  };
  return running((observer) => startLocal(settings, environment, observer));
}

export interface Tunnel {
  readonly remote: RunningRemote;
  readonly local: Half<LocalService>;
}

/** A remote and a local that leaves through it. */
export async function startTunnel(
  changes: { readonly remote?: RemoteChanges; readonly local?: LocalChanges } = {},
): Promise<Tunnel> {
  const remote = await remoteHalf(changes.remote);
  return { remote, local: await localHalf(remote, changes.local) };
}

/** A half that was started like this, and is stopped after the test. */
export async function running<S extends Service>(
  start: (observer: (event: ObservedEvent) => void) => Promise<S>,
): Promise<Half<S>> {
  const events: ObservedEvent[] = [];
  const service = await start((event) => {
    events.push(event);
  });
  onTestFinished(() => service.stop(0));
  return {
    service,
    port: Number(service.listen.slice(service.listen.lastIndexOf(':') + 1)),
    seen<Name extends EventName>(name: Name) {
      return events.filter(
        (event): event is Extract<ObservedEvent, { readonly event: Name }> => event.event === name,
      );
    },
  };
}

/** A SOCKS5 reply as a client reads it. */
export interface SocksReply {
  readonly code: number;
  readonly bound: Target;
}

/** The greeting of a client that offers method 0, and its request for a connection to `target`. */
export function socksWords(target: Target): { readonly greeting: Uint8Array; readonly request: Uint8Array } {
  return {
    greeting: Uint8Array.of(5, 1, 0),
    request: concat([Uint8Array.of(5, 1, 0), encodeTarget(target)]),
  };
}

/** Asks the SOCKS5 port for a connection, in two steps as most clients do, and returns what it was answered. */
export async function ask(
  port: number,
  target: Target,
): Promise<{ readonly client: Peer; readonly reply: SocksReply }> {
  const client = await connect(port);
  const { greeting, request } = socksWords(target);
  void client.send(greeting);
  const method = await client.read(2);
  if (method.toString('hex') !== '0500') throw new Error(`method reply: got ${method.toString('hex')}`);
  void client.send(request);
  return { client, reply: await readReply(client) };
}

/** The reply to a request, read no further than it goes. */
export async function readReply(client: Peer): Promise<SocksReply> {
  const head = await client.read(4);
  const ahead = head[3] === 3 ? await client.read(1) : Buffer.alloc(0);
  const rest = await client.read(head[3] === 4 ? 18 : (ahead[0] ?? 4) + 2);
  const address = decodeTarget(concat([head.subarray(3), ahead, rest]), 0);
  if (head[0] !== 5 || address === undefined) throw new Error(`reply: got ${head.toString('hex')}`);
  return { code: head[1] ?? -1, bound: address.target };
}

/** A tunnel, as far as a client knows it. */
export interface Entrance {
  readonly local: { readonly port: number };
}

/** A connection to `target` through the tunnel. Rejects when it is refused. */
export async function connectThrough({ local }: Entrance, target: Target): Promise<Peer> {
  const { client, reply } = await ask(local.port, target);
  if (reply.code !== 0) throw new Error(`SOCKS5 reply: expected 0, got ${reply.code}`);
  return client;
}

/** Asks an echo through the tunnel for an answer: whatever happened before, this client is served. */
export async function expectServed(tunnel: Entrance, echo: Target): Promise<void> {
  const client = await connectThrough(tunnel, echo);
  void client.send('still there?');
  const answer = await client.read(12);
  if (answer.toString() !== 'still there?') throw new Error(`echo: got ${answer.toString()}`);
  client.end();
  await client.ended();
}
