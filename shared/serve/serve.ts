import type { Target } from '../codec/address.js';
import type { Refusal } from '../errors.js';
import { codeOf, messageOf, StoppedError } from '../errors.js';
import { refusalOf } from '../net/dial-errors.js';
import { HandshakeDriver } from '../net/drive.js';
import { dismiss, relay } from '../net/relay.js';
import type { PushStream } from '../net/stream.js';
import { TcpStream } from '../net/tcp.js';
import type { Observer, Role } from '../observe/events.js';
import type { Dialer } from '../outbound/dialer.js';
import { FarRefusal } from '../outbound/dialer.js';
import type { Attempts } from './attempts.js';

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
  /** Where a conversation counts until its relay has begun. */
  readonly attempts: Attempts;
}

let conversations = 0;

/** The life of one connection, for every protocol and on both halves. Settles when its relay has begun, or never will. */
export function serveStream(client: PushStream, inbound: Inbound, machine: Machine): Promise<void> {
  return machine.attempts.run(async (controller) => {
    const visit = new Visit(client, machine);
    try {
      const driver = new HandshakeDriver(client);
      const request = await inbound(driver);
      driver.abortOnFailure(controller);
      const stream = await visit.connect(driver, request, controller.signal);
      if (stream === undefined) visit.close(controller.signal.reason);
      else visit.relay(driver.handOver(), stream);
    } catch (failure) {
      dismiss(client);
      visit.close(failure);
    }
  });
}

/**
 * What is remembered of one connection. It outlives the handshake, and ten thousand idle ones are nothing special,
 * so it holds a few words and nothing of what was said.
 */
class Visit {
  readonly #id = (conversations += 1);
  readonly #startedAt = performance.now();
  readonly #machine: Machine;
  readonly #client: PushStream;
  #target: Target | undefined;
  #far: PushStream | undefined;

  constructor(client: PushStream, machine: Machine) {
    this.#client = client;
    this.#machine = machine;
    machine.observer({ event: 'opened', id: this.#id, role: machine.role });
  }

  /**
   * Reaches the target and says so to the client; undefined when it was refused, and the client has heard that.
   * Throws the error of a client that has left: it asks for nothing any more.
   */
  async connect(
    driver: HandshakeDriver,
    request: ProxyRequest,
    signal: AbortSignal,
  ): Promise<PushStream | undefined> {
    const { dial, observer } = this.#machine;
    const { target } = request;
    this.#target = target;
    try {
      const { stream, bound, reply } = await dial(target, { spoken: request.spoken, signal });
      observer({ event: 'granted', id: this.#id, target, bound });
      driver.say(reply ?? request.granted(bound));
      return stream;
    } catch (failure) {
      if (signal.aborted && !(signal.reason instanceof StoppedError)) throw signal.reason as Error;
      const reason = failure instanceof FarRefusal ? failure.code : refusalOf(failure);
      observer({ event: 'refused', id: this.#id, target, reason, detail: messageOf(failure) });
      const reply = failure instanceof FarRefusal ? failure.reply : request.refused(reason);
      if (reply === undefined) this.#client.abort();
      else {
        driver.say(reply);
        dismiss(this.#client);
      }
      return undefined;
    }
  }

  relay(client: PushStream, far: PushStream): void {
    this.#far = far;
    // One plain socket sees every byte of the conversation, so its idle time is the conversation's.
    for (const stream of [client, far]) {
      if (stream instanceof TcpStream) stream.limitIdle(this.#machine.idleMs);
    }
    relay(client, far, (end) => {
      this.close(end);
    });
  }

  close(failure: unknown): void {
    const ms = Math.round(performance.now() - this.#startedAt);
    this.#machine.observer({
      event: 'closed',
      id: this.#id,
      ...counts(this.#client, this.#far),
      ms,
      ...(this.#target && { target: this.#target }),
      ...(failure !== undefined && { error: codeOf(failure) ?? 'internal' }),
    });
  }
}

/** Sockets count their bytes already; the plain one of the two has the conversation's own. */
function counts(client: PushStream, target: PushStream | undefined): { up: number; down: number } {
  if (client instanceof TcpStream) return { up: client.received, down: client.sent };
  if (target instanceof TcpStream) return { up: target.sent, down: target.received };
  return { up: 0, down: 0 };
}
