import { createHmac } from 'node:crypto';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isReserved, reservedTarget } from '../shared/codec/address.js';
import { masterKey } from '../shared/codec/keys.js';
import { ResponseSealer, type Cipher, type OpenedRequest } from '../shared/codec/stream.js';
import type { RemoteSettings } from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { messageOf } from '../shared/errors.js';
import { openJournal } from '../shared/net/journal.js';
import { listen } from '../shared/net/listen.js';
import { exactReplayStore, hashedReplayStore, type ReplayStore } from '../shared/net/replay.js';
import { createResolver } from '../shared/net/resolve.js';
import { SealedStream } from '../shared/net/sealed.js';
import type { TcpStream } from '../shared/net/tcp.js';
import type { Observer } from '../shared/observe/events.js';
import { directDialer } from '../shared/outbound/direct.js';
import { absorb, authenticate, WaitingRoom } from '../shared/serve/authenticate.js';
import { Attempts } from '../shared/serve/attempts.js';
import { Connections, warnCrowded } from '../shared/serve/connections.js';
import { fixedTarget, socks5 } from '../shared/serve/inbound.js';
import { serveStream } from '../shared/serve/serve.js';
import { defaultTimeouts } from '../shared/serve/timeouts.js';
import { Unproven } from '../shared/serve/unproven.js';
import type { Service } from '../shared/service.js';

/**
 * Starts a remote: authenticates carriers and Shadowsocks connections, dials what they ask for, answers honestly.
 * Rejects with a ConfigError for a key that does not fit, or with the system's error when it cannot listen.
 */
export async function startRemote(
  settings: RemoteSettings,
  environment: Environment,
  observer: Observer,
): Promise<Service> {
  const { method, cipherBackend } = settings;
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const cipher: Cipher = { method, key: masterKey(method, settings.secret), backend: cipherBackend };
  const replay = await openReplayStore(settings, cipher, observer);
  const notBefore = method.edition === 2022 && !settings.freshKey ? await nextSecond(environment) : 0;
  const resolver = createResolver();
  const guard = { allowPrivate: settings.allowPrivate, own: () => [listener.address] };
  const unproven = new Unproven();
  const proven = new Connections();
  const attempts = new Attempts();
  const machine = {
    role: 'remote',
    dial: directDialer({ resolver, guard, timeoutMs: timeouts.dialMs }),
    observer,
    idleMs: timeouts.idleMs,
    attempts,
  } as const;
  const gate = {
    cipher,
    environment,
    replay,
    notBefore,
    waiting: new WaitingRoom(),
    absorbMs: timeouts.absorbMs,
    absorbed: (why: string) => {
      observer({ event: 'absorbed', why });
    },
  };

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
    const sealer = new ResponseSealer(cipher, opened.salt, environment);
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
    void serveStream(stream, raw ? socks5(timeouts.requestMs) : fixedTarget(opened.target), machine);
  };

  const listener = await listen(settings.listen, {
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
  });
  return {
    listen: listener.text,
    async stop(graceMs) {
      listener.close();
      unproven.drop();
      attempts.stop();
      await proven.drain(graceMs);
      await attempts.settled();
      resolver.close();
      await replay.close();
    },
  };
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
