/** The remote's side of UDP alone: a service, and a client that seals its packets by itself. */
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { type MethodName, methods } from '../../shared/codec/methods.js';
import { packetClient, type OpenedAnswer } from '../../shared/codec/packets.js';
import type { Cipher } from '../../shared/codec/stream.js';
import type { Environment } from '../../shared/environment.js';
import { createResolver } from '../../shared/net/resolve.js';
import { systemEnvironment } from '../../shared/net/system.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { Accounts } from '../../shared/serve/accounts.js';
import {
  type DatagramOptions,
  type DatagramService,
  serveDatagrams,
} from '../../shared/serve/associations.js';
import type { Places } from '../../shared/serve/association-table.js';
import { cipherFor } from './codec.js';
import { type UdpPeer, udpPeer } from './udp.js';

export interface RunningService extends Target {
  readonly service: DatagramService;
  readonly cipher: Cipher;
  /** What was observed so far under that name, oldest first. */
  readonly seen: <Name extends ObservedEvent['event']>(
    name: Name,
  ) => Extract<ObservedEvent, { readonly event: Name }>[];
}

export type ServiceChanges = Partial<Omit<DatagramOptions, 'listen' | 'cipher' | 'observer'>> & {
  readonly method?: MethodName;
  readonly host?: string;
  readonly places?: Places;
};

/** A service on a free port that lets private targets through; closed when the test is over. */
export async function datagramService(changes: ServiceChanges = {}): Promise<RunningService> {
  const { method = '2022-blake3-aes-256-gcm', host = '127.0.0.1', places, ...others } = changes;
  const free = await udpPeer({ host });
  const { port } = free;
  free.close();
  const cipher = cipherFor(methods[method]);
  const events: ObservedEvent[] = [];
  const resolver = createResolver();
  const options: DatagramOptions = {
    listen: { host, port },
    cipher,
    environment: systemEnvironment,
    resolver,
    guard: { allowPrivate: true, own: () => [{ host, port }] },
    observer: (event) => {
      events.push(event);
    },
    notBefore: 0,
    timeouts: { udpIdleMs: 300_000, dnsIdleMs: 60_000 },
    accounts: new Accounts(),
    ...others,
  };
  const service = await serveDatagrams(options, places);
  onTestFinished(() => {
    service.close();
    resolver.close();
  });
  return {
    host,
    port,
    service,
    cipher,
    seen: <Name extends ObservedEvent['event']>(name: Name) =>
      events.filter(
        (event): event is Extract<ObservedEvent, { readonly event: Name }> => event.event === name,
      ),
  };
}

/** A client of the standard wire. */
export interface PacketPeer {
  readonly peer: UdpPeer;
  seal(target: Target, payload?: Uint8Array | string): Uint8Array;
  /** Seals and sends. */
  ask(target: Target, payload?: Uint8Array | string): Promise<void>;
  /** The next answer, opened. */
  answer(): Promise<OpenedAnswer>;
}

/** A new session with that service, from an address of its own. */
export async function packetPeer(
  service: RunningService,
  options: { readonly environment?: Environment; readonly host?: string } = {},
): Promise<PacketPeer> {
  const { environment = systemEnvironment, host = '127.0.0.1' } = options;
  const peer = await udpPeer({ host });
  const packets = packetClient(service.cipher, environment);
  const seal: PacketPeer['seal'] = (target, payload = 'a question') =>
    packets.seal(target, Buffer.from(payload));
  return {
    peer,
    seal,
    ask: (target, payload) => peer.say(seal(target, payload), service),
    answer: async () => packets.open((await peer.next()).payload),
  };
}
