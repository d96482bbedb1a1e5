import { concat } from '../bytes.js';
import { formatTarget, reservedTarget, type Target, unspecifiedTarget } from '../codec/address.js';
import type { Cipher } from '../codec/stream.js';
import { RequestSealer, ResponseOpener } from '../codec/stream.js';
import type { Environment } from '../environment.js';
import { codeOf, DialError } from '../errors.js';
import { dial } from '../net/dial.js';
import { HandshakeDriver } from '../net/drive.js';
import { connectSocket } from '../net/lending.js';
import { dismiss } from '../net/relay.js';
import type { Resolver } from '../net/resolve.js';
import { SealedStream, type Wire } from '../net/sealed.js';
import { TcpStream } from '../net/tcp.js';
import { type Handshake, write } from '../proxy/handshake.js';
import type { Command, FarReply } from '../proxy/request.js';
import { methodAndReply, proveSocks5, socks5Greeting, socks5Request } from '../proxy/socks5-client.js';
import {
  type Dialer,
  type DialerOptions,
  FarFailure,
  FarRefusal,
  type Passed,
  type Passer,
  type Spoken,
} from './outbound.js';

/** The far end of a tunnel, and how long it may take. */
export interface Tunnel {
  readonly remote: Target;
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
  /** What is made of connections over the standard wire that bring no answer. */
  readonly doubting?: Doubting;
  /** Told of each connection to the remote. */
  readonly opened?: (tcp: TcpStream) => void;
}

/** On the standard wire silence may be that of a target, or of a remote that has another key now, or is not there any more. */
export interface Doubting {
  /** After so long without an answer the path is asked about, and again each time, ms. */
  readonly afterMs: number;
  /** Whether there is another remote, so that it helps to know. */
  readonly others: () => boolean;
  /** Told of each that ended without an answer. */
  readonly unanswered: () => void;
}

interface Waits {
  readonly dialMs: number;
  readonly replyMs: number;
  readonly firstPayloadMs: number;
  readonly stallMs: number;
}

/**
 * Through a halflight remote, over the raw wire: what the client said travels as it was spoken, and the reply that
 * comes back is the remote's own (docs/raw-wire.md §4, "honest").
 */
export function rawPasser(tunnel: Tunnel): Passer {
  return async (spoken, { signal }) =>
    passThrough(tunnel, await openConversation(tunnel, { signal }), { ...spoken, signal });
}

/** The same in a conversation in which something has been said before. */
export async function passThrough(
  tunnel: Tunnel,
  { carrier, driver, tcp }: RawConversation,
  { words, takeAhead, reply, signal }: Omit<Spoken, 'target'> & DialerOptions,
): Promise<Passed> {
  carrier.write([concat([words, takeAhead()])]);
  if (reply === undefined) {
    expectSign(tunnel, tcp);
    return {
      stream: driver.handOver(),
      bound: unspecifiedTarget,
      reply: new Uint8Array(0),
      refusal: undefined,
    };
  }
  const talk = driver.run(reply(), tunnel.timeouts.replyMs, { signal });
  const { refusal, bound, bytes } = await answer(tunnel, carrier, talk);
  return { stream: driver.handOver(), bound, reply: bytes, refusal };
}

/** The same for a target that no client has named in words of its own: this half asks for it, by SOCKS5. */
export function rawDialer(tunnel: Tunnel): Dialer {
  return async (target, { signal }) => {
    const { carrier, driver } = await openConversation(tunnel, { signal });
    const talk = driver.run(askFor('connect', target), tunnel.timeouts.replyMs, { signal });
    const { refusal, bound } = await answer(tunnel, carrier, talk);
    if (refusal === undefined) return { stream: driver.handOver(), bound };
    dismiss(carrier);
    throw new FarRefusal(refusal);
  };
}

/** Greeting and request leave together: the remote's answer to the first is known, and waiting for it costs a round trip. */
export function* askFor(command: Command, target: Target): Handshake<FarReply> {
  yield* write(concat([socks5Greeting, socks5Request(command, target)]));
  return yield* methodAndReply();
}

/**
 * Through any Shadowsocks server, over the standard wire. It answers nothing, so the connection counts as made once
 * the server is reached. The header waits for the client's first bytes, to leave with them in one write.
 */
export function shadowsocksDialer(tunnel: Tunnel): Dialer {
  return async (target, { signal }) => {
    const { sealed: stream, tcp } = await openSealed(tunnel, { wire: 'shadowsocks', target, signal });
    if (tunnel.doubting !== undefined) missAnswer(tunnel, tcp, tunnel.doubting);
    setTimeout(() => {
      stream.speakUp();
    }, tunnel.timeouts.firstPayloadMs);
    return { stream, bound: unspecifiedTarget };
  };
}

/**
 * Has one authenticated conversation with the remote that asks for nothing: a SOCKS5 greeting. Settles when the
 * remote has proved to hold the key, with whether it lets clients in without credentials. Rejects with a DialError whose cause says what was wrong; when `signal` fires,
 * that is its reason.
 */
export async function probe(tunnel: Tunnel, signal: AbortSignal): Promise<{ readonly open: boolean }> {
  const { carrier, driver } = await openConversation(tunnel, { signal });
  const proof = driver.run(proveSocks5(), tunnel.timeouts.replyMs, { signal });
  const open = await answer(tunnel, carrier, proof);
  dismiss(carrier);
  return { open };
}

/** A conversation with the remote that has only just begun. */
export interface RawConversation {
  readonly carrier: SealedStream;
  readonly driver: HandshakeDriver;
  /** What the carrier runs over. */
  readonly tcp: TcpStream;
}

/** Opens a conversation with the remote. Rejects with a DialError whose cause says what was wrong, or with the reason of `signal`. */
export async function openConversation(tunnel: Tunnel, { signal }: DialerOptions): Promise<RawConversation> {
  const { sealed: carrier, tcp } = await openSealed(tunnel, { wire: 'raw', target: reservedTarget, signal });
  return { carrier, driver: new HandshakeDriver(carrier), tcp };
}

interface Carrying {
  readonly wire: Wire;
  readonly target: Target;
  readonly signal: AbortSignal;
}

interface Opened {
  readonly sealed: SealedStream;
  readonly tcp: TcpStream;
}

async function openSealed(tunnel: Tunnel, { wire, target, signal }: Carrying): Promise<Opened> {
  const { remote, plugin, cipher, saltPrefix, environment, resolver, timeouts, opened } = tunnel;
  const reached = dial(plugin ?? remote, {
    resolver,
    timeoutMs: timeouts.dialMs,
    signal,
    socket: connectSocket,
  });
  const tcp = new TcpStream(
    await reached.catch((error: unknown) => Promise.reject(new FarFailure(remote, error))),
  );
  opened?.(tcp);
  tcp.whenStalled(timeouts.stallMs, () => {
    void judgeSilence(tunnel, tcp);
  });
  const sealer = new RequestSealer(cipher, target, environment, { saltPrefix });
  const opener = new ResponseOpener(cipher, sealer.salt, environment, { endMarks: wire === 'raw' });
  const header = (out: Uint8Array[]): void => {
    sealer.open(out);
  };
  return { sealed: new SealedStream(tcp, { sealer, opener }, { wire, environment, header }), tcp };
}

/**
 * Where no reply is waited for, a remote that holds another key looks like a target that takes its time: it is silent.
 * When its first byte has not come in the time of a reply, the path is asked about.
 */
function expectSign(tunnel: Tunnel, tcp: TcpStream): void {
  const late = setTimeout(() => {
    if (tcp.received === 0) void judgeSilence(tunnel, tcp);
  }, tunnel.timeouts.replyMs);
  tcp.onClosed(() => {
    clearTimeout(late);
  });
}

function missAnswer(tunnel: Tunnel, tcp: TcpStream, { afterMs, others, unanswered }: Doubting): void {
  const late = setInterval(() => {
    if (tcp.received > 0) clearInterval(late);
    else if (others()) void judgeSilence(tunnel, tcp);
  }, afterMs);
  tcp.onClosed(() => {
    clearInterval(late);
    if (tcp.received === 0) unanswered();
  });
}

/**
 * A carrier that takes no more bytes may lead to a target that takes none, for as long as it likes, or to a remote that
 * has vanished, which the kernel finds out after a quarter of an hour. Whether the remote still answers tells them apart.
 */
async function judgeSilence({ remote, pathWorks }: Tunnel, tcp: TcpStream): Promise<void> {
  if (await pathWorks()) return;
  tcp.interrupt(
    new DialError('timed-out', `remote ${formatTarget(remote)}: expected a sign of life, got silence`),
  );
}

/** What the remote says in `talk`. When it says nothing, or something else, the conversation is over. */
export async function answer<T>(tunnel: Tunnel, carrier: SealedStream, talk: Promise<T>): Promise<T> {
  try {
    return await talk;
  } catch (error) {
    carrier.abort();
    // It is there, and wants somebody to say who he is: no trouble of the path.
    throw codeOf(error) === 'denied' ? new FarRefusal('not-allowed') : new FarFailure(tunnel.remote, error);
  }
}
