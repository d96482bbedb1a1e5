/** Listens to a panel, which opens and closes ports of a remote while it runs (shared/proxy/ss-manager.ts). */
import { listeningBy } from '../shared/config/exit.js';
import type { ManagerSettings } from '../shared/config/settings.js';
import { messageOf, StoppedError } from '../shared/errors.js';
import { seldomEach } from '../shared/net/descriptors.js';
import { hearUdp, type MessageReceived, type MessageSocket } from '../shared/net/messages.js';
import { hearUnix } from '../shared/net/unix-messages.js';
import { managerReplies, type ManagerRequest, readManagerRequest } from '../shared/proxy/ss-manager.js';
import { ManagedPorts, type ManagedPortsOptions } from './managed-ports.js';
import type { OwnAddresses } from './own-addresses.js';
import type { Port } from './port.js';

export interface ManagerOptions extends ManagedPortsOptions {
  readonly own: OwnAddresses;
}

/** A manager that is listened to. */
export interface Manager {
  /** Where: HOST:PORT or a path. */
  readonly listen: string;
  /** Those that it had from the start. */
  readonly ports: readonly Port[];
  /** Listens no longer, and stops its ports as a whole remote does. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Opens the ports that a manager has from the start, and listens to it. Rejects as `openPort`, with a ConfigError for a
 * path that cannot be had, or with the system's error for such an address.
 */
export async function startManager(settings: ManagerSettings, options: ManagerOptions): Promise<Manager> {
  const { observer, own } = options;
  const ports = new ManagedPorts(settings, options);
  const warn = (detail: string): void => {
    observer({ event: 'warning', detail });
  };
  const { method } = settings;
  if (method.edition === 2022) {
    const keys = `keys of ${method.keyLength} bytes in base64, and no passwords`;
    warn(
      `manager: ports open with ${method.name} and take ${keys}: if your panel sends those, name another method with -m`,
    );
  }
  // Anybody on this machine may send nonsense as fast as it likes.
  const complain = seldomEach((why) => {
    warn(`manager: ${why}`);
  });
  const refused = (request: ManagerRequest | undefined, error: unknown): readonly string[] => {
    if (error instanceof StoppedError) return [];
    const why = messageOf(error);
    complain(why);
    const port = request === undefined ? undefined : portOf(request);
    observer({ event: 'managed', ...(port !== undefined && { port }), detail: `refused: ${why}` });
    return [managerReplies.failed];
  };
  const repliesTo = async (message: Uint8Array): Promise<readonly string[]> => {
    let request: ManagerRequest | undefined;
    try {
      request = readManagerRequest(message);
      return request === undefined ? [] : await answers[request.command](ports, request as never);
    } catch (error) {
      return refused(request, error);
    }
  };
  const received: MessageReceived = (message, answer) => {
    void repliesTo(message).then((replies) => {
      for (const reply of replies) answer(Buffer.from(reply));
    });
  };
  const start = async (): Promise<readonly [readonly Port[], MessageSocket]> => [
    await ports.openFirst(),
    await listeningBy('--manager-address', hear(settings.address, received, { own, warn })),
  ];
  const [first, socket] = await start().catch(async (error: unknown) => {
    await ports.stop(0);
    throw error;
  });
  return {
    listen: socket.text,
    ports: first,
    async stop(graceMs) {
      await Promise.all([socket.close(), ports.stop(graceMs)]);
    },
  };
}

async function hear(
  address: ManagerSettings['address'],
  received: MessageReceived,
  { own, warn }: { readonly own: OwnAddresses; readonly warn: (detail: string) => void },
): Promise<MessageSocket> {
  if ('path' in address) return hearUnix(address.path, { received, warn });
  const socket = await hearUdp(address, received);
  own.add(socket.address);
  return socket;
}

type Answers = {
  readonly [Command in ManagerRequest['command']]: (
    ports: ManagedPorts,
    request: Extract<ManagerRequest, { readonly command: Command }>,
  ) => readonly string[] | Promise<readonly string[]>;
};

const answers: Answers = {
  add: async (ports, { added }) => [await ports.add(added)],
  remove: async (ports, { port }) => [await ports.remove(port)],
  list: (ports) => ports.list(),
  ping: (ports) => ports.ping(),
};

function portOf(request: ManagerRequest): number | undefined {
  if (request.command === 'add') return request.added.port;
  return request.command === 'remove' ? request.port : undefined;
}
