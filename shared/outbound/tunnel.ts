import { formatTarget, reservedTarget, type Target } from '../codec/address.js';
import type { Cipher } from '../codec/stream.js';
import { RequestSealer, ResponseOpener } from '../codec/stream.js';
import type { Environment } from '../environment.js';
import { DialError, messageOf } from '../errors.js';
import { dial } from '../net/dial.js';
import { HandshakeDriver } from '../net/drive.js';
import { dismiss } from '../net/relay.js';
import type { Resolver } from '../net/resolve.js';
import { SealedStream, type Wire } from '../net/sealed.js';
import { connectSocket } from '../net/lending.js';
import { TcpStream } from '../net/tcp.js';
import type { Handshake } from '../proxy/handshake.js';
import type { Socks5Reply } from '../proxy/socks5.js';
import { expectMethodReply, greetSocks5, readSocks5Reply } from '../proxy/socks5.js';
import type { Dialer } from './dialer.js';
import { FarRefusal } from './dialer.js';

/** The far end of a tunnel, and how long it may take. */
export interface Tunnel {
  readonly remote: Target;
  readonly cipher: Cipher;
  readonly environment: Environment;
  readonly resolver: Resolver;
  readonly timeouts: Waits;
  /** Whether the remote can be reached now, asked when a carrier takes no more bytes. */
  readonly pathWorks: () => Promise<boolean>;
}

interface Waits {
  readonly dialMs: number;
  readonly replyMs: number;
  readonly firstPayloadMs: number;
  readonly stallMs: number;
}

/** Nothing that an address could be is known of a target behind a standard server. */
const unknownAddress: Target = { host: '0.0.0.0', port: 0 };

/**
 * Through a halflight remote, over the raw wire: the client's handshake travels as it was spoken, and the reply that
 * comes back is the remote's own (docs/raw-wire.md §4, "honest").
 */
export function rawDialer(tunnel: Tunnel): Dialer {
  return async (_target, { spoken, signal }) => {
    const carrier = await openSealed(tunnel, { wire: 'raw', target: reservedTarget, signal });
    carrier.write([spoken()]);
    const driver = new HandshakeDriver(carrier);
    const talk = driver.run(methodAndReply(), tunnel.timeouts.replyMs, { signal });
    const reply = await answer(tunnel, carrier, talk);
    if (reply.refusal !== undefined) {
      dismiss(carrier);
      throw new FarRefusal(reply.refusal, reply.bytes);
    }
    return { stream: driver.handOver(), bound: reply.bound, reply: reply.bytes };
  };
}

/**
 * Through any Shadowsocks server, over the standard wire. It answers nothing, so the connection counts as made once
 * the server is reached. The header waits for the client's first bytes, to leave with them in one write.
 */
export function shadowsocksDialer(tunnel: Tunnel): Dialer {
  return async (target, { signal }) => {
    const stream = await openSealed(tunnel, { wire: 'shadowsocks', target, signal });
    setTimeout(() => {
      stream.speakUp();
    }, tunnel.timeouts.firstPayloadMs);
    return { stream, bound: unknownAddress };
  };
}

/**
 * Has one authenticated conversation with the remote that asks for nothing: a SOCKS5 greeting. Settles when the
 * remote has proved to hold the key. Rejects with a DialError whose cause says what was wrong; when `signal` fires,
 * that is its reason.
 */
export async function probe(tunnel: Tunnel, signal: AbortSignal): Promise<void> {
  const carrier = await openSealed(tunnel, { wire: 'raw', target: reservedTarget, signal });
  const driver = new HandshakeDriver(carrier);
  await answer(tunnel, carrier, driver.run(greetSocks5(), tunnel.timeouts.replyMs, { signal }));
  dismiss(carrier);
}

interface Carrying {
  readonly wire: Wire;
  readonly target: Target;
  readonly signal: AbortSignal;
}

async function openSealed(tunnel: Tunnel, { wire, target, signal }: Carrying): Promise<SealedStream> {
  const { remote, cipher, environment, resolver, timeouts } = tunnel;
  const reached = dial(remote, { resolver, timeoutMs: timeouts.dialMs, signal, socket: connectSocket });
  const tcp = new TcpStream(await reached.catch((error: unknown) => Promise.reject(failure(tunnel, error))));
  tcp.whenStalled(timeouts.stallMs, () => {
    void judgeStall(tunnel, tcp);
  });
  const sealer = new RequestSealer(cipher, target, environment);
  const opener = new ResponseOpener(cipher, sealer.salt, environment, { endMarks: wire === 'raw' });
  const header = (out: Uint8Array[]): void => {
    sealer.open(out);
  };
  return new SealedStream(tcp, { sealer, opener }, { wire, environment, header });
}

/**
 * A carrier that takes no more bytes may lead to a target that takes none, for as long as it likes, or to a remote that
 * has vanished, which the kernel finds out after a quarter of an hour. Whether the remote still answers tells them apart.
 */
async function judgeStall({ remote, pathWorks }: Tunnel, tcp: TcpStream): Promise<void> {
  if (await pathWorks()) return;
  tcp.interrupt(
    new DialError('timed-out', `remote ${formatTarget(remote)}: expected it to take bytes, got silence`),
  );
}

/** The method reply to the greeting that was forwarded (the client has had ours already), then the real one. */
function* methodAndReply(): Handshake<Socks5Reply> {
  yield* expectMethodReply();
  return yield* readSocks5Reply();
}

async function answer<T>(tunnel: Tunnel, carrier: SealedStream, talk: Promise<T>): Promise<T> {
  try {
    return await talk;
  } catch (error) {
    carrier.abort();
    throw failure(tunnel, error);
  }
}

/** To the client, trouble with the remote is a general failure: of its target nothing is known. */
function failure({ remote }: Tunnel, error: unknown): DialError {
  const detail = `remote ${formatTarget(remote)}: ${messageOf(error)}`;
  return new DialError('general-failure', detail, { cause: error });
}
