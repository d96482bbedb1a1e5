import type { Target } from '../codec/address.js';
import { codeOf, ProtocolError } from '../errors.js';
import type { HookedConnection } from '../hooks/hooks.js';
import { limitIdle, relay } from '../net/relay.js';
import type { PushStream } from '../net/stream.js';
import { TcpStream } from '../net/tcp.js';
import type { ConnectionFacts, ConnectionRow } from '../observe/connection.js';
import type {
  Connected,
  DatagramCounts,
  DialerOptions,
  EarlyDialer,
  Heard,
  Reached,
} from '../outbound/outbound.js';
import type { Command, Protocol } from '../proxy/request.js';
import type { Account, Carried, Carrier } from './accounts.js';
import { Exchanges } from './exchanges.js';
import { enter, leave, type OpenConnection } from './open.js';
import type { Caller, Machine } from './serve.js';
import { endsOf, nowhere } from './socket-ends.js';
import { whyRefused } from './why-refused.js';

/** What a client wants. */
export interface Wanted {
  readonly command: Command;
  /** What it said so in; undefined where it need not say anything. */
  readonly protocol: Protocol | undefined;
  readonly target: Target;
}

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
export class Visit implements Caller, Carrier, OpenConnection {
  readonly id: number = nextConversation();
  readonly machine: Machine;
  readonly client: PushStream;
  readonly #startedAt = performance.now();
  readonly #hooked: HookedConnection | undefined;
  #command: Command | undefined;
  #protocol: Protocol | undefined;
  #target: Target | undefined;
  #through: string | undefined;
  #far: PushStream | undefined;
  /** What its exchanges have carried, where they are more than one. */
  #exchanges: Exchanges | undefined;

  constructor(client: PushStream, machine: Machine) {
    this.client = client;
    this.machine = machine;
    const { observer, role, account } = machine;
    account?.open(this);
    enter(this);
    observer({ event: 'opened', id: this.id, role, ...named(account) });
    this.#hooked = machine.hooks?.accept(
      () => this.#facts(),
      (reason) => {
        this.cut(reason);
      },
    );
    this.#hooked?.accepted();
  }

  /** At a remote, the only half with accounts, all of them are: datagrams have none of these. */
  get kind(): 'stream' {
    return 'stream';
  }

  carried(): Carried {
    return { ...this.#counts(), datagramsUp: 0, datagramsDown: 0 };
  }

  describe(): ConnectionRow {
    const state = this.#far !== undefined ? 'open' : this.#target === undefined ? 'asking' : 'dialing';
    const through = this.#through === undefined ? {} : { through: this.#through };
    return { ...this.#facts(), ...through, state, ...this.#counts() };
  }

  /** The client's side breaks, and whatever it was joined to hears of that. */
  cut(reason: Error): void {
    if (this.client instanceof TcpStream) this.client.interrupt(reason);
    else this.client.system?.destroy(reason);
  }

  /** What it wants is known. Undefined: it may go on at once; else when that settles, as an admission of hooks does. */
  requested({ command, protocol, target }: Wanted, signal: AbortSignal): Promise<void> | undefined {
    this.#command = command;
    this.#protocol = protocol;
    this.#target = target;
    this.#hooked?.requested();
    return this.#hooked?.admit(signal);
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
        const admission = this.requested({ command: 'connect', protocol: 'HTTP', target }, controller.signal);
        if (admission !== undefined) await admission;
        const connected = await this.reach(target, controller.signal);
        const { stream } = connected;
        if (stream instanceof TcpStream) (this.#exchanges ??= new Exchanges()).add(stream);
        return this.#hooked === undefined
          ? connected
          : { ...connected, stream: this.#hooked.through(undefined, stream) };
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
    this.reached(connected.stream);
    this.granted(target, connected);
    return connected;
  }

  /** What leads to the target is there. */
  reached(far: PushStream): void {
    this.#far = far;
  }

  /** Dials for a client that is answered meanwhile, and tells of what came of it. Rejects as a `Dialer` does. */
  async begin(dial: EarlyDialer, target: Target, signal: AbortSignal): Promise<Connected> {
    const heard: Heard = (failure, reached) => {
      if (failure === undefined) this.granted(target, reached);
      else this.refused(target, failure);
    };
    const connected = await dial(target, { ...this.dialling(signal), heard });
    this.reached(connected.stream);
    return connected;
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
    this.#through = server;
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
    this.#hooked?.dialed();
  }

  refused(target: Target, failure: unknown): void {
    this.#target = target;
    const { observer } = this.machine;
    observer({
      event: 'refused',
      id: this.id,
      target,
      ...whyRefused(failure),
    });
    this.#hooked?.failed(failure);
  }

  denied(protocol: Protocol): void {
    this.machine.observer({ event: 'denied', id: this.id, protocol });
    this.#hooked?.failed(
      new ProtocolError(`${protocol}: expected the right credentials, got others`, 'denied'),
    );
  }

  relay(client: PushStream, far: PushStream): void {
    this.#far = far;
    if (far instanceof TcpStream) this.#exchanges?.add(far);
    limitIdle([client, far], this.machine.idleMs);
    relay(client, this.#hooked?.through(client, far) ?? far, (end) => {
      this.close(end);
    });
  }

  /** `datagrams`: it was an association, and those are its bytes. */
  close(failure: unknown, datagrams?: DatagramCounts): void {
    const ms = Math.round(performance.now() - this.#startedAt);
    const { observer, account } = this.machine;
    account?.close(this);
    leave(this);
    observer({
      event: 'closed',
      id: this.id,
      ...named(account),
      ...(datagrams === undefined ? this.#counts() : countsOf(datagrams)),
      ms,
      ...(this.#target && { target: this.#target }),
      ...(failure !== undefined && { error: codeOf(failure) ?? 'internal' }),
    });
    this.#hooked?.closed(failure, datagrams);
  }

  #facts(): ConnectionFacts {
    const { role, account } = this.machine;
    const [command, protocol, target] = [this.#command, this.#protocol, this.#target];
    return {
      id: this.id,
      role,
      transport: command === 'associate' ? 'udp' : 'tcp',
      openedAt: Math.round(performance.timeOrigin + this.#startedAt),
      client: endsOf(this.client.system) ?? nowhere,
      ...named(account),
      ...(protocol && { protocol }),
      ...(command && { command }),
      ...(target && { target }),
      ...(this.#far && { far: endsOf(this.#far.system) ?? nowhere }),
    };
  }

  /** Sockets count their bytes already; the plain one of the two has the conversation's own. */
  #counts(): { readonly up: number; readonly down: number } {
    if (this.client instanceof TcpStream) return { up: this.client.received, down: this.client.sent };
    if (this.#exchanges !== undefined) return this.#exchanges.counts();
    if (this.#far instanceof TcpStream) return { up: this.#far.sent, down: this.#far.received };
    return { up: 0, down: 0 };
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
