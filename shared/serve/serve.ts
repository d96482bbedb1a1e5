import type { Target } from '../codec/address.js';
import type { Refusal } from '../errors.js';
import { HandshakeDriver } from '../net/drive.js';
import { dismiss } from '../net/relay.js';
import type { PushStream } from '../net/stream.js';
import type { Hooks } from '../hooks/hooks.js';
import type { Observer, Role } from '../observe/events.js';
import type { Connected, DialerOptions, Outbound, Passed } from '../outbound/outbound.js';
import type { Command, Protocol } from '../proxy/request.js';
import type { Account } from './accounts.js';
import type { Attempts } from './attempts.js';
import { carryOut } from './commands.js';
import { Visit } from './visit.js';

/** What a client wants, not yet answered. It is answered once, in the words of the protocol that asked. */
export type ProxyRequest = AskedRequest | PassedRequest;

/** A request that is carried out and answered here. */
export interface AskedRequest {
  readonly command: Command;
  /** What it was said in; absent where the client need not say anything. */
  readonly protocol?: Protocol;
  readonly target: Target;
  readonly granted: (bound: Target) => Uint8Array;
  /** Undefined where the protocol has no word for it: the client is reset. */
  readonly refused: (reason: Refusal) => Uint8Array | undefined;
}

/** A request that is passed on word for word. It is answered here only when nobody else can be asked. */
export interface PassedRequest {
  readonly command: 'pass';
  /** What the words ask for, and what they are said in. */
  readonly asks: Command;
  readonly protocol: Protocol;
  readonly target: Target;
  readonly passOn: (options: DialerOptions) => Promise<Passed>;
  readonly refused: (reason: Refusal) => Uint8Array | undefined;
}

/** What an inbound may do for a client whose conversation is more than one request (plain HTTP). */
export interface Caller {
  /** Dials for one exchange, and tells the observer. Rejects as a `Dialer` does, or with the reason of `signal`. */
  dial(target: Target, signal: AbortSignal): Promise<Connected>;
  /** Tells the observer, and by name, which of several servers the conversation goes through. */
  through(server: string): void;
  /** Tells the observer of a client without the right credentials. */
  denied(protocol: Protocol): void;
}

/**
 * Learns from a client what it wants. Undefined: the inbound has answered everything itself, and the conversation is
 * over. Rejects when nothing can be learned; what could be said has been said. `signal` is aborted when the client
 * breaks or the service stops.
 */
export type Inbound = (
  driver: HandshakeDriver,
  caller: Caller,
  signal: AbortSignal,
) => Promise<ProxyRequest | undefined>;

/** The wiring of one half: who asks, and which way out. */
export interface Machine {
  readonly role: Role;
  readonly outbound: Outbound;
  readonly observer: Observer;
  readonly idleMs: number;
  /** In whose name, at a remote. */
  readonly account?: Account;
  /** Where a conversation counts until its relay has begun. */
  readonly attempts: Attempts;
  /** What watches, admits and filters; where there are none nothing is done for them. */
  readonly hooks?: Hooks;
}

/**
 * The life of one connection, for every protocol and on both halves. Settles when its relay has begun, or never will.
 */
export function serveStream(client: PushStream, inbound: Inbound, machine: Machine): Promise<void> {
  return machine.attempts.run(async (controller) => {
    const visit = new Visit(client, machine);
    try {
      const driver = new HandshakeDriver(client);
      driver.abortOnFailure(controller);
      const request = await inbound(driver, visit, controller.signal);
      if (request === undefined) {
        visit.close(undefined);
        return;
      }
      await carryOut(request, { visit, driver, signal: controller.signal });
    } catch (failure) {
      dismiss(client);
      visit.close(failure);
    }
  });
}
