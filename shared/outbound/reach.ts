/** The way to a remote: a TCP connection over which either wire is spoken. */
import { formatTarget, type Target } from '../codec/address.js';
import type { Cipher } from '../codec/stream.js';
import type { Environment } from '../environment.js';
import { DialError } from '../errors.js';
import { dial } from '../net/dial.js';
import { connectSocket } from '../net/lending.js';
import type { Resolver } from '../net/resolve.js';
import { TcpStream } from '../net/tcp.js';
import type { Carriers } from './carriers.js';
import { type DialerOptions, FarFailure } from './outbound.js';

/** Connects to a host in that time, ms. Rejects as a `Dialer` does. */
export type SocketDialer = (
  target: Target,
  options: DialerOptions & { readonly resolver: Resolver; readonly timeoutMs: number },
) => Promise<TcpStream>;

/** The far end of a tunnel, and how long it may take. */
export interface Tunnel {
  readonly remote: Target;
  /** What reaches the remote, when it is not dialled from here. */
  readonly over?: SocketDialer;
  /** Who takes streams to the remote, when a plugin on this machine does. */
  readonly plugin?: Target;
  readonly cipher: Cipher;
  /** What the salts of our requests begin with. */
  readonly saltPrefix?: Uint8Array | undefined;
  readonly environment: Environment;
  readonly resolver: Resolver;
  readonly timeouts: Waits;
  /** Whether the remote can be reached now, asked when a carrier takes no more bytes. */
  readonly pathWorks: () => Promise<boolean>;
  /** What is made of connections that bring no answer where none is due at once. */
  readonly doubting?: Doubting;
  /** Told of each connection to the remote. */
  readonly opened?: (tcp: TcpStream) => void;
  /** Those that wait for a conversation over the raw wire; by default each opens one of its own. */
  readonly carriers?: Carriers | undefined;
}

/** Such silence may be that of a target, or of a remote that has another key now, or is not there any more. */
export interface Doubting {
  /** After so long without an answer the path is asked about, and again each time, ms. */
  readonly afterMs: number;
  /** Whether there is another remote, so that it helps to know. */
  readonly others: () => boolean;
  /** Told of each over the standard wire that ended without an answer. */
  readonly unanswered: () => void;
}

interface Waits {
  readonly dialMs: number;
  readonly replyMs: number;
  readonly firstPayloadMs: number;
  readonly stallMs: number;
  readonly carrierAgeMs: number;
}

/** Connects to the remote, or to the plugin that leads there. Rejects as a `Dialer` does. */
export async function reach(tunnel: Tunnel, { signal }: DialerOptions): Promise<TcpStream> {
  const { remote, plugin, over = dialSocket, resolver, timeouts, opened } = tunnel;
  const reached = over(plugin ?? remote, { resolver, timeoutMs: timeouts.dialMs, signal });
  const tcp = await reached.catch((error: unknown) => Promise.reject(new FarFailure(remote, error)));
  opened?.(tcp);
  tcp.whenStalled(timeouts.stallMs, () => {
    void judgeSilence(tunnel, tcp);
  });
  return tcp;
}

const dialSocket: SocketDialer = async (target, options) =>
  new TcpStream(await dial(target, { ...options, socket: connectSocket }));

/**
 * A carrier that takes no more bytes may lead to a target that takes none, for as long as it likes, or to a remote that
 * has vanished, which the kernel finds out after a quarter of an hour. Whether the remote still answers tells them apart. `still`: whether it is
 * still asked, for a carrier goes from one conversation to the next.
 */
export async function judgeSilence(
  { remote, pathWorks }: Tunnel,
  tcp: TcpStream,
  still: () => boolean = () => true,
): Promise<void> {
  if ((await pathWorks()) || !still()) return;
  tcp.interrupt(
    new DialError('timed-out', `remote ${formatTarget(remote)}: expected a sign of life, got silence`),
  );
}
