import { masterKey } from '../shared/codec/keys.js';
import type { LocalSettings } from '../shared/config/settings.js';
import type { Environment } from '../shared/environment.js';
import { listen } from '../shared/net/listen.js';
import { createResolver } from '../shared/net/resolve.js';
import type { CheckResult, Observer } from '../shared/observe/events.js';
import type { Dialer } from '../shared/outbound/dialer.js';
import { FarRefusal } from '../shared/outbound/dialer.js';
import { rawDialer, shadowsocksDialer, type Tunnel } from '../shared/outbound/tunnel.js';
import { Attempts } from '../shared/serve/attempts.js';
import { Connections, warnCrowded } from '../shared/serve/connections.js';
import { socks5 } from '../shared/serve/inbound.js';
import { serveStream } from '../shared/serve/serve.js';
import { defaultTimeouts } from '../shared/serve/timeouts.js';
import type { Service } from '../shared/service.js';
import { hearMisspoken } from './misspoken.js';
import { checkPath, PathWatch } from './path.js';

/** A running local. */
export interface LocalService extends Service {
  /** Tries the path to the remote: the name, the connection, then one authenticated conversation. */
  check(): Promise<CheckResult>;
}

/**
 * Starts a local: a SOCKS5 port whose requests leave through the remote. It does not need the remote to be there.
 * Rejects with a ConfigError for a key that does not fit, or with the system's error when it cannot listen.
 */
export async function startLocal(
  settings: LocalSettings,
  environment: Environment,
  observer: Observer,
): Promise<LocalService> {
  const { remote, cipherBackend } = settings;
  const timeouts = { ...defaultTimeouts, ...settings.timeouts };
  const key = masterKey(remote.method, remote.secret);
  const resolver = createResolver();
  const tunnel: Tunnel = {
    remote: { host: remote.host, port: remote.port },
    cipher: { method: remote.method, key, backend: cipherBackend },
    environment,
    resolver,
    timeouts,
    pathWorks: () => (asking ??= ask()),
  };
  const attempts = new Attempts();
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
  const wayOut = { raw: rawDialer, shadowsocks: shadowsocksDialer }[remote.wire](tunnel);
  const dial: Dialer = async (target, options) => {
    const works = watch.begin();
    try {
      const connected = await wayOut(target, options);
      works();
      return connected;
    } catch (error) {
      // A refusal is the remote's own word: the path to it works.
      if (error instanceof FarRefusal) works();
      // A dial that was given up says nothing of the path.
      else if (!options.signal.aborted) watch.fails(error);
      throw error;
    }
  };

  const machine = { role: 'local', dial, observer, idleMs: timeouts.idleMs, attempts } as const;
  const clients = new Connections();
  const inbound = hearMisspoken(
    socks5(timeouts.handshakeMs),
    () => environment.now(),
    (protocol) => {
      observer({ event: 'misspoken', protocol, listen: listener.text });
    },
  );
  const listener = await listen(settings.listen, {
    accept: (client) => {
      clients.add(client);
      void serveStream(client, inbound, machine);
    },
    crowded: warnCrowded(observer),
  });
  return {
    listen: listener.text,
    check: async () => {
      const result = await check();
      if (!result.ok) watch.fails(result.detail);
      return result;
    },
    async stop(graceMs) {
      listener.close();
      watch.stop();
      attempts.stop();
      await clients.drain(graceMs);
      await attempts.settled();
      resolver.close();
    },
  };
}
