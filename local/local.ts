import { clientCipher } from '../shared/codec/session.js';
import type { LocalSettings } from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { listen } from '../shared/net/listen.js';
import { createResolver } from '../shared/net/resolve.js';
import type { CheckResult, Observer } from '../shared/observe/events.js';
import { type PacketTunnel, tunnelAssociator } from '../shared/outbound/associate.js';
import { streamAssociator } from '../shared/outbound/associate-stream.js';
import { tunnelBinder } from '../shared/outbound/bind.js';
import type { Outbound } from '../shared/outbound/outbound.js';
import {
  openConversation,
  rawDialer,
  rawPasser,
  shadowsocksDialer,
  type Tunnel,
} from '../shared/outbound/tunnel.js';
import { warnNoDescriptors } from '../shared/serve/association-shortages.js';
import { Attempts } from '../shared/serve/attempts.js';
import { Connections, warnCrowded } from '../shared/serve/connections.js';
import { credentialCheck } from '../shared/serve/credentials.js';
import { type FrontDoor, frontDoor, lazyHttp } from '../shared/serve/inbound.js';
import { type Inbound, serveStream } from '../shared/serve/serve.js';
import { startPluginTo } from '../shared/serve/plugin.js';
import { defaultTimeouts, type Timeouts } from '../shared/serve/timeouts.js';
import type { Service } from '../shared/service.js';
import { pacPage } from './pac.js';
import { passingDoor } from './passing.js';
import { checkPath, PathWatch } from './path.js';
import { vouchedDoor } from './vouched.js';

const wantsCredentials =
  'remote: expected one that lets clients in without credentials, got one that asks for them; ' +
  'paste the line that it prints now, or write ?auth=remote before the # of its URI';

/** A running local. */
export interface LocalService extends Service {
  /** Tries the path to the remote: the name, the connection, then one authenticated conversation. */
  check(): Promise<CheckResult>;
}

/**
 * Starts a local: one port for SOCKS4, SOCKS5 and HTTP whose requests leave through the remote. It does not need the
 * remote to be there. Rejects with a ConfigError for a key that does not fit or a plugin that does not run, or with the
 * system's error when it cannot listen.
 */
export async function startLocal(
  settings: LocalSettings,
  environment: Environment,
  observer: Observer,
): Promise<LocalService> {
  const { remote, cipherBackend } = settings;
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const resolver = createResolver();
  const far = { host: remote.host, port: remote.port };
  const plugin = remote.plugin && (await startPluginTo(far, remote.plugin, observer));
  const tunnel: Tunnel & PacketTunnel = {
    remote: far,
    ...(plugin && { plugin: plugin.local }),
    cipher: clientCipher(remote.method, remote.secret, cipherBackend),
    saltPrefix: remote.saltPrefix,
    environment,
    resolver,
    timeouts,
    pathWorks: () => (asking ??= ask()),
    crowded: warnNoDescriptors(observer),
  };
  const attempts = new Attempts();
  const stopping = new AbortController();
  const check = (): Promise<CheckResult> =>
    attempts.run(({ signal }) => checkPath(tunnel, remote.wire, signal));
  // Carriers stall together: one answer serves all that ask meanwhile.
  let asking: Promise<boolean> | undefined;
  const ask = async (): Promise<boolean> => {
    try {
      return (await check()).ok;
    } finally {
      asking = undefined;
    }
  };
  const watch = new PathWatch(check, observer);
  const outbound = waysOut(settings, tunnel, watch);
  const machine = { role: 'local', outbound, observer, idleMs: timeouts.idleMs, attempts } as const;
  const clients = new Connections();
  const inbound = receive({ settings, tunnel, watch, timeouts, stopping: stopping.signal });
  const listener = await listen(settings.listen, {
    accept: (client) => {
      clients.add(client);
      void serveStream(client, inbound, machine);
    },
    crowded: warnCrowded(observer),
  }).catch(async (error: unknown) => {
    await plugin?.stop();
    throw error;
  });
  return {
    listen: listener.text,
    check: async () => {
      const result = await check();
      if (!result.ok) watch.fails(result.detail);
      else if (result.wantsCredentials === true && remote.remoteAuth !== true) {
        observer({ event: 'warning', detail: wantsCredentials });
      }
      return result;
    },
    async stop(graceMs) {
      listener.close();
      watch.stop();
      attempts.stop();
      stopping.abort();
      await clients.drain(graceMs);
      await attempts.settled();
      await plugin?.stop();
      resolver.close();
    },
  };
}

/** All that a client may ask for leads to the remote. */
function waysOut(
  { remote, udp, udpOverTcp, timeouts }: LocalSettings,
  tunnel: Tunnel & PacketTunnel,
  watch: PathWatch,
): Outbound {
  const dialers = { raw: rawDialer, shadowsocks: shadowsocksDialer };
  const associate =
    udpOverTcp === true
      ? streamAssociator(watch.watched(shadowsocksDialer(tunnel), () => false))
      : tunnelAssociator(tunnel);
  return {
    // On the standard wire a connection that stands proves nothing: nobody has shown a key yet.
    dial: watch.watched(dialers[remote.wire](tunnel), () => remote.wire === 'raw'),
    bind: watch.watched(tunnelBinder(tunnel, timeouts?.bindMs ?? defaultTimeouts.bindMs)),
    ...(udp && { associate }),
  };
}

interface Receiving {
  readonly settings: LocalSettings;
  readonly tunnel: Tunnel;
  readonly watch: PathWatch;
  readonly timeouts: Timeouts;
  readonly stopping: AbortSignal;
}

/**
 * On the raw wire the clients' own words go to the remote. Where those mean nothing to the far end (the standard wire), or
 * are for the local alone (its own credentials), the local carries out what it is asked.
 */
function receive({ settings, tunnel, watch, timeouts, stopping }: Receiving): Inbound {
  const { credentials, remote, pacDirect } = settings;
  const { handshakeMs: deadlineMs, deniedMs, idleMs } = timeouts;
  const check = credentialCheck(credentials);
  const known = check === undefined ? {} : { check };
  const asksForCredentials = check !== undefined || remote.remoteAuth === true;
  const own = pacPage({ direct: pacDirect, asksForCredentials });
  const http = lazyHttp({ deadlineMs, deniedMs, idleMs, stopping, own, ...known });
  const door: FrontDoor = { deadlineMs, deniedMs, http, ...known };
  if (remote.wire === 'shadowsocks' || check !== undefined) return frontDoor(door);
  const passing = { ...door, pass: watch.watched(rawPasser(tunnel), ({ reply }) => reply.length > 0) };
  if (remote.remoteAuth !== true) return passingDoor(passing);
  return vouchedDoor({ ...passing, open: watch.watched(openConversation, () => false), tunnel });
}
