import type { Target } from '../codec/address.js';
import { codeOf, messageOf } from '../errors.js';
import { refusalOf } from '../net/dial-errors.js';
import { limitIdle, relay } from '../net/relay.js';
import type { PushStream } from '../net/stream.js';
import { TcpStream } from '../net/tcp.js';
import type {
  Connected,
  DatagramCounts,
  DialerOptions,
  EarlyDialer,
  Heard,
  Reached,
} from '../outbound/outbound.js';
import type { Protocol } from '../proxy/request.js';
import type { Account, Carried, Carrier } from './accounts.js';
import type { Caller, Machine } from './serve.js';

let conversations = 0;

/** The number of the next conversation of this process. */
export function nextConversation(): number {
  conversations += 1;
  return conversations;
}

/**
 * What is remembered of one connection. It outlives the handshake, and ten thousand idle ones are nothing special,
 * so it holds a few words and nothing of what was said.
 */
export class Visit implements Caller, Carrier {
  readonly id: number = nextConversation();
  readonly machine: Machine;
  readonly client: PushStream;
  readonly #startedAt = performance.now();
  #target: Target | undefined;
  #far: PushStream | undefined;
  /** What its exchanges have carried, where they are more than one. */
  #exchanges: Exchanges | undefined;

  constructor(client: PushStream, machine: Machine) {
    this.client = client;
    this.machine = machine;
    const { observer, role, account } = machine;
    account?.open(this);
    observer({ event: 'opened', id: this.id, role, ...named(account) });
  }

  /** At a remote, the only half with accounts, all of them are: datagrams have none of these. */
  get kind(): 'stream' {
    return 'stream';
  }

  carried(): Carried {
    return { ...this.#counts(), datagramsUp: 0, datagramsDown: 0 };
  }

  /** Each exchange of a conversation is an attempt of its own: when the service stops, no more of them are begun. */
  dial(target: Target, signal: AbortSignal): Promise<Connected> {
    return this.machine.attempts.run(async (controller) => {
      const leave = (): void => {
        controller.abort(signal.reason);
      };
      if (signal.aborted) leave();
      signal.addEventListener('abort', leave);
      try {
        const connected = await this.reach(target, controller.signal);
        if (connected.stream instanceof TcpStream)
          (this.#exchanges ??= new Exchanges()).add(connected.stream);
        return connected;
      } catch (failure) {
        if (!signal.aborted) this.refused(target, failure);
        throw failure;
      } finally {
        signal.removeEventListener('abort', leave);
      }
    });
  }

  /** Dials, and tells of the success. */
  async reach(target: Target, signal: AbortSignal): Promise<Connected> {
    const connected = await this.machine.outbound.dial(target, this.dialling(signal));
    this.granted(target, connected);
    return connected;
  }

  /** Dials for a client that is answered meanwhile, and tells of what came of it. Rejects as a `Dialer` does. */
  begin(dial: EarlyDialer, target: Target, signal: AbortSignal): Promise<Connected> {
    const heard: Heard = (failure, reached) => {
      if (failure === undefined) this.granted(target, reached);
      else this.refused(target, failure);
    };
    return dial(target, { ...this.dialling(signal), heard });
  }

  /** What a way out may know of this conversation. */
  dialling(signal: AbortSignal): DialerOptions {
    return {
      signal,
      through: (server) => {
        this.through(server);
      },
    };
  }

  through(server: string): void {
    this.machine.observer({ event: 'through', id: this.id, server });
  }

  granted(target: Target, { bound, carrier }: Reached): void {
    this.#target = target;
    this.machine.observer({
      event: 'granted',
      id: this.id,
      target,
      bound,
      ...(carrier !== undefined && { carrier }),
    });
  }

  refused(target: Target, failure: unknown): void {
    this.#target = target;
    const { observer } = this.machine;
    observer({
      event: 'refused',
      id: this.id,
      target,
      reason: refusalOf(failure),
      detail: messageOf(failure),
    });
  }

  denied(protocol: Protocol): void {
    this.machine.observer({ event: 'denied', id: this.id, protocol });
  }

  relay(client: PushStream, far: PushStream): void {
    this.#far = far;
    limitIdle([client, far], this.machine.idleMs);
    relay(client, far, (end) => {
      this.close(end);
    });
  }

  /** `datagrams`: it was an association, and those are its bytes. */
  close(failure: unknown, datagrams?: DatagramCounts): void {
    const ms = Math.round(performance.now() - this.#startedAt);
    const { observer, account } = this.machine;
    account?.close(this);
    observer({
      event: 'closed',
      id: this.id,
      ...named(account),
      ...(datagrams === undefined ? this.#counts() : countsOf(datagrams)),
      ms,
      ...(this.#target && { target: this.#target }),
      ...(failure !== undefined && { error: codeOf(failure) ?? 'internal' }),
    });
  }

  /** Sockets count their bytes already; the plain one of the two has the conversation's own. */
  #counts(): { readonly up: number; readonly down: number } {
    if (this.client instanceof TcpStream) return { up: this.client.received, down: this.client.sent };
    if (this.#far instanceof TcpStream) return { up: this.#far.sent, down: this.#far.received };
    return this.#exchanges?.counts() ?? { up: 0, down: 0 };
  }
}

/** Whose it is, as events say it. */
export function named(account: Account | undefined): { readonly user?: string } {
  return account?.user === undefined ? {} : { user: account.user };
}

/** What was carried, as the event of the end says it. */
function countsOf({ up, down, datagramsUp, datagramsDown, dropped }: DatagramCounts): {
  readonly up: number;
  readonly down: number;
  readonly datagrams: { readonly up: number; readonly down: number; readonly dropped: number };
} {
  return { up, down, datagrams: { up: datagramsUp, down: datagramsDown, dropped } };
}

/** The connections to targets that one client has used, one after the other. Sockets count their bytes already. */
class Exchanges {
  readonly #open = new Set<TcpStream>();
  #up = 0;
  #down = 0;

  add(target: TcpStream): void {
    this.#open.add(target);
    target.onClosed(() => {
      this.#open.delete(target);
      this.#up += target.sent;
      this.#down += target.received;
    });
  }

  counts(): { readonly up: number; readonly down: number } {
    let [up, down] = [this.#up, this.#down];
    for (const target of this.#open) {
      up += target.sent;
      down += target.received;
    }
    return { up, down };
  }
}
