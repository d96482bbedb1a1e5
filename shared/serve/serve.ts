import type { Target } from '../codec/address.js';
import type { Refusal } from '../errors.js';
import { DialError, RefusedError } from '../errors.js';
import { HandshakeDriver } from '../net/drive.js';
import { dismiss, relay } from '../net/relay.js';
import type { PushStream } from '../net/stream.js';
import { TcpStream } from '../net/tcp.js';
import type { Observer, Role } from '../observe/events.js';
import type { Connected, Dialer } from '../outbound/dialer.js';
import { FarRefusal } from '../outbound/dialer.js';

/** What a client wants, not yet answered. It is answered once, in the words of the protocol that asked. */
export interface ProxyRequest {
  readonly target: Target;
  /** The request as the client spoke it, with what it sent ahead of the answer. Taken once. */
  readonly spoken: () => Uint8Array;
  readonly granted: (bound: Target) => Uint8Array;
  /** Undefined where the protocol has no word for it: the client is reset. */
  readonly refused: (reason: Refusal) => Uint8Array | undefined;
}

/** Learns from a client what it wants. Rejects when that cannot be learned; what could be said has been said. */
export type Inbound = (driver: HandshakeDriver) => Promise<ProxyRequest>;

/** The wiring of one half: who asks, and which way out. */
export interface Machine {
  readonly role: Role;
  readonly dial: Dialer;
  readonly observer: Observer;
  readonly idleMs: number;
}

let conversations = 0;

/** The life of one connection, for every protocol and on both halves. Settles when its relay has ended. */
export async function serveStream(client: PushStream, inbound: Inbound, machine: Machine): Promise<void> {
  const { observer, role } = machine;
  const id = (conversations += 1);
  const startedAt = performance.now();
  let target: Target | undefined;
  let connected: Connected | undefined;
  let error: string | undefined;
  observer({ event: 'opened', id, role });
  const driver = new HandshakeDriver(client);
  try {
    const request = await inbound(driver);
    target = request.target;
    try {
      connected = await machine.dial(target, request);
    } catch (failure) {
      const reason = refusalOf(failure);
      observer({ event: 'refused', id, target, reason, detail: messageOf(failure) });
      const reply = failure instanceof FarRefusal ? failure.reply : request.refused(reason);
      if (reply === undefined) client.abort();
      else {
        driver.say(reply);
        dismiss(client);
      }
      return;
    }
    observer({ event: 'granted', id, target, bound: connected.bound });
    driver.say(connected.reply ?? request.granted(connected.bound));
    error = await relayed(driver.handOver(), connected.stream, machine.idleMs);
  } catch (failure) {
    error = codeOf(failure);
    dismiss(client);
  } finally {
    const { up, down } = counts(client, connected?.stream);
    const ms = Math.round(performance.now() - startedAt);
    observer({ event: 'closed', id, up, down, ms, ...(target && { target }), ...(error && { error }) });
  }
}

/** The code word of what broke the relay, or undefined after a clean end. */
function relayed(client: PushStream, target: PushStream, idleMs: number): Promise<string | undefined> {
  // One plain socket sees every byte of the conversation, so its idle time is the conversation's.
  for (const stream of [client, target]) if (stream instanceof TcpStream) stream.limitIdle(idleMs);
  return new Promise((resolve) => {
    relay(client, target, (end) => {
      resolve(end === undefined ? undefined : codeOf(end));
    });
  });
}

function refusalOf(failure: unknown): Refusal {
  const telling =
    failure instanceof DialError || failure instanceof RefusedError || failure instanceof FarRefusal;
  return telling ? failure.code : 'general-failure';
}

function codeOf(failure: unknown): string {
  return failure instanceof Error && 'code' in failure ? String(failure.code) : 'internal';
}

function messageOf(failure: unknown): string {
  return failure instanceof Error ? failure.message : String(failure);
}

/** Sockets count their bytes already; the plain one of the two has the conversation's own. */
function counts(client: PushStream, target: PushStream | undefined): { up: number; down: number } {
  if (client instanceof TcpStream) return { up: client.received, down: client.sent };
  if (target instanceof TcpStream) return { up: target.sent, down: target.received };
  return { up: 0, down: 0 };
}
