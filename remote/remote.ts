import { createHmac } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isReserved, reservedTarget, type Target } from '../shared/codec/address.js';
import { masterKey } from '../shared/codec/keys.js';
import { ResponseSealer, type Cipher, type OpenedRequest } from '../shared/codec/stream.js';
import { createUsers, streamUsers } from '../shared/codec/users.js';
import type { RemoteSettings } from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { codeOf, messageOf } from '../shared/errors.js';
import { seldom } from '../shared/net/descriptors.js';
import { openJournal } from '../shared/net/journal.js';
import { listen, type Listener, type ListenOptions } from '../shared/net/listen.js';
import { exactReplayStore, hashedReplayStore, type ReplayStore } from '../shared/net/replay.js';
import { createResolver } from '../shared/net/resolve.js';
import { SealedStream } from '../shared/net/sealed.js';
import type { TcpStream } from '../shared/net/tcp.js';
import type { Observer } from '../shared/observe/events.js';
import { directBinder, refusingBinder } from '../shared/outbound/bind.js';
import { directDialer } from '../shared/outbound/direct.js';
import type { Outbound } from '../shared/outbound/outbound.js';
import { uotVersion } from '../shared/proxy/uot.js';
import { warnNoDescriptors } from '../shared/serve/association-shortages.js';
import { absorb, authenticate, WaitingRoom } from '../shared/serve/authenticate.js';
import { Attempts } from '../shared/serve/attempts.js';
import { Connections, warnCrowded } from '../shared/serve/connections.js';
import { type DatagramService, serveDatagrams } from '../shared/serve/associations.js';
import { credentialCheck } from '../shared/serve/credentials.js';
import { fixedTarget, frontDoor, lazyHttp } from '../shared/serve/inbound.js';
import { pluginSide, reservePublic, startPluginBefore } from '../shared/serve/plugin.js';
import { type Inbound, serveStream } from '../shared/serve/serve.js';
import { defaultTimeouts, type Timeouts } from '../shared/serve/timeouts.js';
import { Unproven } from '../shared/serve/unproven.js';
import { serveUot } from '../shared/serve/uot.js';
import type { Service } from '../shared/service.js';

/** Ports that are asked for until one is free for both. */
const mostTries = 8;
/** Bindings that wait at once: each is an open port. */
const mostBindings = 64;

/**
 * Starts a remote: authenticates carriers and Shadowsocks connections, dials what they ask for, answers honestly.
 * Rejects with a ConfigError for a key that does not fit or a plugin that does not run, or with the system's error when
 * it cannot listen.
 */
export async function startRemote(
  settings: RemoteSettings,
  environment: Environment,
  observer: Observer,
): Promise<Service> {
  const { method, cipherBackend } = settings;
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const cipher: Cipher = { method, key: masterKey(method, settings.secret), backend: cipherBackend };
  const users = createUsers(cipher, settings.users ?? []);
  const replay = await openReplayStore(settings, cipher, observer);
  const notBefore = method.edition === 2022 && !settings.freshKey ? await nextSecond(environment) : 0;
  const resolver = createResolver();
  const guard = {
    allowPrivate: settings.allowPrivate,
    own: () => [listener.address, ...(behind === undefined ? [] : [behind.address])],
  };
  const unproven = new Unproven();
  const proven = new Connections();
  const attempts = new Attempts();
  const stopping = new AbortController();
  const { dialMs, bindMs } = timeouts;
  const outbound: Outbound = {
    dial: directDialer({ resolver, guard, timeoutMs: dialMs }),
    bind: settings.allowBind
      ? directBinder({
          resolver,
          guard,
          announce: settings.announce,
          timeoutMs: bindMs,
          dialMs,
          most: mostBindings,
        })
      : refusingBinder,
  };
  const machine = { role: 'remote', outbound, observer, idleMs: timeouts.idleMs, attempts } as const;
  const inbound = receiveRaw(settings, timeouts, stopping.signal);
  const gate = {
    cipher,
    users: users.length === 0 ? undefined : streamUsers(cipher, users, environment),
    environment,
    replay,
    notBefore,
    waiting: new WaitingRoom(),
    absorbMs: timeouts.absorbMs,
    absorbed: (why: string) => {
      observer({ event: 'absorbed', why });
    },
  };

  const noDescriptor = seldom(warnNoDescriptors(observer));

  const admit = (tcp: TcpStream, opened: OpenedRequest): void => {
    // Let go of while its salt was looked up: the socket is gone, though nobody has been told yet.
    if (!unproven.remove(tcp)) return;
    proven.add(tcp);
    const raw = isReserved(opened.target);
    if (raw && opened.target.port !== reservedTarget.port) {
      const spoken = `${reservedTarget.port}, got ${opened.target.port}`;
      observer({
        event: 'warning',
        detail: `carrier: expected raw wire version ${spoken}: update this remote`,
      });
      tcp.close();
      return;
    }
    const sealer = new ResponseSealer(opened.cipher, opened.salt, environment);
    // AEAD-2017 cannot tell our bytes from a client's: our own salts must not come back as an opening (T-06).
    if (method.edition === 2017) void replay.checkAndAdd(sealer.salt);
    const stream = new SealedStream(
      tcp,
      { sealer, opener: opened.opener },
      {
        wire: raw ? 'raw' : 'shadowsocks',
        environment,
        early: opened.payload,
        tampered: (from, error) => {
          gate.absorbed(error.message);
          absorb(from, timeouts.absorbMs);
        },
      },
    );
    const { user } = opened;
    const uot = raw ? undefined : uotVersion(opened.target);
    if (uot !== undefined) {
      // Nobody has that name: it is never dialled.
      const around = {
        resolver,
        guard,
        observer,
        noDescriptor,
        timeouts,
        ...(user !== undefined && { user }),
      };
      if (settings.udp) serveUot(stream, uot, around);
      else stream.abort();
      return;
    }
    const asked = user === undefined ? machine : { ...machine, user };
    void serveStream(stream, raw ? inbound : fixedTarget(opened.target), asked);
  };

  const door: ListenOptions = {
    accept: (tcp) => {
      unproven.add(tcp);
      authenticate(tcp, gate, (opened) => {
        admit(tcp, opened);
      });
    },
    crowded: warnCrowded(observer),
    filling: () => {
      unproven.makeRoom();
    },
  };
  // With a plugin it is the plugin that listens where everybody comes, and this half behind it.
  const behind = settings.plugin && (await listen(pluginSide, door));
  const { listener, datagrams } = await openPorts(settings, {
    streams: () => (behind === undefined ? listen(settings.listen, door) : reservePublic(settings.listen)),
    datagrams: (address) =>
      serveDatagrams({
        listen: address,
        cipher,
        users,
        environment,
        resolver,
        guard,
        observer,
        notBefore,
        timeouts,
      }),
  }).catch((error: unknown) => {
    behind?.close();
    throw error;
  });
  const close = (): void => {
    listener.close();
    behind?.close();
    datagrams?.close();
  };
  const place = { remote: listener.address, local: (behind ?? listener).address };
  const plugin = settings.plugin && (await startPluginBefore(place, settings.plugin, { observer, close }));
  return {
    listen: listener.text,
    async stop(graceMs) {
      close();
      unproven.drop();
      attempts.stop();
      stopping.abort();
      await proven.drain(graceMs);
      await attempts.settled();
      await plugin?.stop();
      resolver.close();
      await replay.close();
    },
  };
}

interface Ports {
  readonly streams: () => Promise<Listener>;
  readonly datagrams: (address: Target) => Promise<DatagramService>;
}

/**
 * One port for streams and datagrams. When the system chose it, its other half may be somebody else's: then it is asked
 * for another one.
 */
async function openPorts(
  { listen: { port }, udp }: RemoteSettings,
  { streams, datagrams }: Ports,
): Promise<{ readonly listener: Listener; readonly datagrams: DatagramService | undefined }> {
  for (let tries = 1; ; tries += 1) {
    const listener = await streams();
    if (!udp) return { listener, datagrams: undefined };
    try {
      return { listener, datagrams: await datagrams(listener.address) };
    } catch (error) {
      listener.close();
      if (port !== 0 || codeOf(error) !== 'EADDRINUSE' || tries === mostTries) throw error;
    }
  }
}

/** The clients of halflight locals, inside their conversations. */
function receiveRaw({ credentials }: RemoteSettings, timeouts: Timeouts, stopping: AbortSignal): Inbound {
  const { requestMs: deadlineMs, deniedMs, idleMs } = timeouts;
  const check = credentialCheck(credentials);
  const door = { deadlineMs, deniedMs, ...(check && { check }) };
  return frontDoor({ ...door, http: lazyHttp({ ...door, idleMs, stopping }) });
}

/**
 * A 2022 opening recorded before this process began cannot be in its memory. Its stamp is in whole seconds, so the
 * remote waits for the next one and takes nothing older: no second is then half remembered (docs/probes.md T-05).
 */
async function nextSecond(environment: Environment): Promise<number> {
  const second = Math.floor(environment.now() / 1000) + 1;
  await sleep(second * 1000 - environment.now());
  return second;
}

async function openReplayStore(
  { stateDirectory, freshKey }: RemoteSettings,
  { method, key }: Cipher,
  observer: Observer,
): Promise<ReplayStore> {
  if (method.edition === 2022) return exactReplayStore();
  const hashKey = createHmac('sha256', key).update('halflight replay journal').digest();
  const warn = (detail: string): void => {
    observer({ event: 'warning', detail });
  };
  if (stateDirectory === undefined) {
    if (!freshKey)
      warn('replay journal: expected STATE_DIRECTORY, XDG_STATE_HOME or HOME, got none: it cannot be kept');
    return hashedReplayStore(hashKey, undefined);
  }
  const file = path.join(stateDirectory, `salts-${hashKey.toString('hex', 0, 4)}`);
  try {
    return hashedReplayStore(hashKey, await openJournal(file, hashKey, warn));
  } catch (error) {
    warn(
      `replay journal: expected to write ${file}, got ${messageOf(error)}; a restart will forget used salts`,
    );
    return hashedReplayStore(hashKey, undefined);
  }
}
