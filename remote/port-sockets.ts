/** Where a port of a remote listens: for streams, for datagrams, and behind a plugin if so told. */
import type { Target } from '../shared/codec/address.js';
import type { Cipher } from '../shared/codec/stream.js';
import type { Users } from '../shared/codec/users.js';
import type { PortSettings } from '../shared/config/settings.js';
import { codeOf, StoppedError } from '../shared/errors.js';
import { listen, type Listener, type ListenOptions } from '../shared/net/listen.js';
import type { Accounts } from '../shared/serve/accounts.js';
import { type DatagramService, serveDatagrams } from '../shared/serve/associations.js';
import type { Premises } from './port.js';
import type { PortMemory } from './replay-memory.js';

/** Ports that are asked for until one is free for both. */
const mostTries = 8;

/** Whom the sockets of one port serve. */
export interface Within {
  readonly settings: PortSettings;
  readonly premises: Premises;
  readonly cipher: Cipher;
  readonly users: Users | undefined;
  readonly memory: PortMemory;
  readonly accounts: Accounts;
  readonly signal: AbortSignal | undefined;
}

/** The open sockets of a port. */
export interface Sockets {
  readonly text: string;
  /**
   * Serves datagrams from now on, where the port is to have any; a stamped one older than `notBefore`, in Unix seconds,
   * may be a replay. Rejects with the system's error when it cannot listen.
   */
  readonly serveDatagrams: (notBefore: number) => Promise<void>;
  /** Ends the associations of a user. */
  readonly cut: (user: string) => void;
  readonly plugin: { readonly stop: () => Promise<void> } | undefined;
  /** Lets nobody in any more, and ends all associations. */
  readonly close: () => void;
}

/** Opens them. Rejects with the system's error, or with the ConfigError of a plugin; none is open then. */
export async function openSockets(within: Within, door: ListenOptions): Promise<Sockets> {
  const { settings, premises, memory, signal } = within;
  const { observer, own, plugins, datagramsLater } = premises;
  const closing: (() => void)[] = [];
  let closed = false;
  const close = (): void => {
    closed = true;
    for (const each of closing.splice(0)) each();
  };
  const opened = (listener: Listener): Listener => {
    own.add(listener.address);
    closing.push(() => {
      own.remove(listener.address);
      listener.close();
    });
    return listener;
  };
  let datagrams: DatagramService | undefined;
  const takeDatagrams = async (address: Target, notBefore: number): Promise<void> => {
    const taken = await serveDatagrams(datagramOptions(within, address, notBefore));
    closing.push(() => {
      taken.close();
    });
    if (closed) close();
    datagrams = taken;
  };
  try {
    // With a plugin it is the plugin that listens where everybody comes, and this half behind it.
    const behind = settings.plugin && opened(await listen(await plugins.side(settings.listen), door));
    const streams = (): Promise<Listener> =>
      behind === undefined ? listen(settings.listen, door) : plugins.reserve(settings.listen);
    const listener = datagramsLater
      ? await streams()
      : await openBoth(settings, streams, (address) => takeDatagrams(address, memory.notBefore));
    opened(listener);
    const place = { remote: listener.address, local: (behind ?? listener).address };
    const plugin =
      settings.plugin && (await plugins.start(place, settings.plugin, { observer, close, signal }));
    return {
      text: listener.text,
      serveDatagrams: async (notBefore) => {
        if (closed) throw new StoppedError('datagrams: expected an open port, got one that is closed');
        if (settings.udp) await takeDatagrams(listener.address, notBefore);
      },
      cut: (user) => datagrams?.cut(user),
      plugin,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function datagramOptions(
  { premises, cipher, users, accounts }: Within,
  listen: Target,
  notBefore: number,
): Parameters<typeof serveDatagrams>[0] {
  const { environment, observer, hooks, timeouts, resolver, guard } = premises;
  const shared = { environment, observer, hooks, timeouts, resolver, guard };
  return { ...shared, listen, cipher, users, accounts, notBefore };
}

/**
 * One port for streams and datagrams. When the system chose it, its other half may be somebody else's: then it is asked
 * for another one.
 */
async function openBoth(
  { listen: { port }, udp }: PortSettings,
  streams: () => Promise<Listener>,
  datagrams: (address: Target) => Promise<void>,
): Promise<Listener> {
  for (let tries = 1; ; tries += 1) {
    const listener = await streams();
    if (!udp) return listener;
    try {
      await datagrams(listener.address);
      return listener;
    } catch (error) {
      listener.close();
      if (port !== 0 || codeOf(error) !== 'EADDRINUSE' || tries === mostTries) throw error;
    }
  }
}
