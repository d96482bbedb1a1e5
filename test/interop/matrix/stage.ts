/** The stage of a case: one of ours, one of theirs, and what a case may want to stand between them. */
import {
  findMethod,
  generateSecret,
  systemEnvironment,
  type Environment,
  type MethodName,
} from '../../../index.js';
import type { LocalService } from '../../../local/local.js';
import { concat } from '../../../shared/bytes.js';
import { encodeTarget, type Target } from '../../../shared/codec/address.js';
import { udpClient } from '../../support/associate.js';
import type { Peer } from '../../support/peer.js';
import { type Carry, startTap, type Tap } from '../../support/tap.js';
import type { UdpPeer } from '../../support/udp.js';
import {
  connectThrough,
  type Half,
  localHalf,
  remoteHalf,
  type RunningRemote,
} from '../../support/tunnel.js';
import type { Errand, Implementation, Side } from './peer.js';

/** Who plays, and by which rules. */
export interface Cast {
  readonly peer: Implementation;
  /** Where theirs stands. */
  readonly side: Side;
  readonly method: MethodName;
  /** Whether the server has users, each with a key, of whom the client is one. */
  readonly shared: boolean;
}

/** What a case changes. */
export interface Staging {
  readonly environment?: Environment;
  /** How the client's bytes are carried to the server. */
  readonly up?: Carry;
  /** The client has a key that the server does not know. */
  readonly stranger?: true;
  readonly overTcp?: true;
}

/** Where datagrams to a target go in. */
export interface Entrance extends Target {
  readonly socket: UdpPeer;
  /** What stands before each payload. */
  readonly header: Uint8Array;
}

/** A tunnel that is ready. */
export interface Stage {
  /** The server's port. */
  readonly port: number;
  /** Stands between the two, and keeps what passes. */
  readonly tap: Tap;
  /** Ours, if it is the server. */
  readonly remote?: RunningRemote;
  /** What ours says of the server, if it is the client and something is in the way. */
  complaint(): Promise<string | undefined>;
  /** Settles when the client runs. */
  ready(): Promise<unknown>;
  connect(target: Target): Promise<Peer>;
  entrance(target: Target): Promise<Entrance>;
}

export async function setStage(cast: Cast, staging: Staging = {}): Promise<Stage> {
  const { method, side, peer } = cast;
  const newSecret = (): string => secretFor(method);
  const given = side === 'server' && !method.startsWith('2022-') ? peer.server?.secret : undefined;
  const secret = given ?? newSecret();
  const users = cast.shared ? ['ann', 'ben'].map((name) => ({ name, secret: newSecret() })) : [];
  const known = users.at(-1)?.secret ?? secret;
  const own = staging.stranger === true ? newSecret() : known;
  // The users of 2017 have nobody's key but their own.
  const chain = cast.shared && method.startsWith('2022-') ? `${secret}:${own}` : own;

  const { environment = systemEnvironment, overTcp = false } = staging;
  const remote =
    side === 'client'
      ? await remoteHalf({ method, secret, environment, ...(cast.shared && { users }) })
      : undefined;
  const port = remote?.port ?? (await roleOf(cast, 'server').start({ method, secret, users }));
  const tap = await startTap(port, staging.up === undefined ? {} : { up: staging.up });
  // Datagrams do not go through the tap.
  const straight = { method, secret: chain, port, overTcp };
  const starting: (port: number) => Promise<Client> =
    remote === undefined
      ? (to) => ourClient({ ...straight, port: to }, environment)
      : async (to) => ({ port: await roleOf(cast, 'client').start({ ...straight, port: to }) });
  let streams: Promise<Client> | undefined;
  const ready = (): Promise<Client> => (streams ??= starting(tap.port));
  return {
    port,
    tap,
    ...(remote && { remote }),
    ready,
    connect: async (target) => connectThrough({ local: await ready() }, target),
    complaint: async () => complaintOf(await ready()),
    async entrance(target) {
      const { socket, relay } = await udpClient((await starting(port)).port);
      return { ...relay, socket, header: concat([Uint8Array.of(0, 0, 0), encodeTarget(target)]) };
    },
  };
}

/** Fit for the URIs of every program. */
function secretFor(method: MethodName): string {
  const secret = generateSecret(findMethod(method), systemEnvironment);
  return method.startsWith('2022-') ? secret : secret.replace(/\W/g, '');
}

/** A client that is ready. */
interface Client {
  /** Its SOCKS5 port. */
  readonly port: number;
  /** Ours. */
  readonly half?: Half<LocalService>;
}

async function ourClient(
  { method, secret, port, overTcp }: Errand,
  environment: Environment,
): Promise<Client> {
  const settings = { method: findMethod(method), secret, credentials: [] };
  const changes = { wire: 'shadowsocks', environment, ...(overTcp && { udpOverTcp: overTcp }) } as const;
  const half = await localHalf({ settings, port }, changes);
  return { port: half.port, half };
}

async function complaintOf({ half }: Client): Promise<string | undefined> {
  const broken = half?.seen('closed').find(({ error }) => error !== undefined);
  if (broken !== undefined) return broken.error;
  const checked = await half?.service.check();
  return checked?.ok === false ? checked.advice : undefined;
}

function roleOf<S extends Side>({ peer }: Cast, side: S): NonNullable<Implementation[S]> {
  const role = peer[side];
  if (role === undefined) throw new Error(`${peer.name}: expected a ${side}, got none`);
  return role;
}
