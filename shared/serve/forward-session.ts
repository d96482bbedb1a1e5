/** The datagrams of one client of a forward. */
import type { Target } from '../codec/address.js';
import { canonicalIp, parseIp } from '../codec/ip.js';
import { codeOf } from '../errors.js';
import type { DatagramsIn, HookedConnection } from '../hooks/hooks.js';
import type { Datagrams, Endpoint, Sent } from '../net/datagrams.js';
import type { ConnectionFacts, ConnectionRow } from '../observe/connection.js';
import { isUnspecified } from '../proxy/socks-address.js';
import type { Talk, Talker } from './forward-ways.js';
import { enter, leave, type OpenConnection } from './open.js';
import type { Machine } from './serve.js';
import { nextConversation } from './visit.js';
import { whyRefused } from './why-refused.js';

/** What may wait until the way is open: the rest is lost, as with UDP it may be. */
const mostWaiting = 64;
const mostWaitingBytes = 256 * 1024;

/** What the sessions of one forward share. */
export interface SessionAround {
  readonly machine: Omit<Machine, 'outbound'>;
  readonly target: Target;
  readonly talk: Talker;
  /** The socket that clients send to, and that answers leave by. */
  readonly near: Pick<Datagrams, 'address' | 'send'>;
  /** Something was carried. */
  readonly active: (session: DatagramSession) => void;
  readonly over: (session: DatagramSession) => void;
}

/** All datagrams of one address and port, to the target and back, until somebody closes it or its way ends. */
export class DatagramSession implements OpenConnection {
  readonly client: Endpoint;
  readonly #around: SessionAround;
  readonly id: number = nextConversation();
  readonly #openedAt = Date.now();
  readonly #startedAt = performance.now();
  readonly #hooked: HookedConnection | undefined;
  /** What the hooks make of them, once it is open. */
  #hooks: DatagramsIn | undefined;
  #talk: Talk | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** The only host that is heard; of a name that is looked up elsewhere the first that answers. */
  #answering: string | undefined;
  #giveUp: ((reason: unknown) => void) | undefined;
  #over = false;
  #up = 0;
  #down = 0;
  #datagramsUp = 0;
  #datagramsDown = 0;
  #dropped = 0;

  constructor(client: Endpoint, around: SessionAround) {
    this.client = client;
    this.#around = around;
    const { observer, role, hooks } = around.machine;
    observer({ event: 'opened', id: this.id, role, transport: 'udp' });
    enter(this);
    this.#hooked = hooks?.accept(
      () => this.#facts(),
      (reason) => {
        this.cut(reason);
      },
    );
    this.#hooked?.accepted();
    if (!this.#over) void this.#begin();
  }

  get over(): boolean {
    return this.#over;
  }

  describe(): ConnectionRow {
    return {
      ...this.#facts(),
      state: this.#talk === undefined ? 'dialing' : 'open',
      up: this.#up,
      down: this.#down,
    };
  }

  #facts(): ConnectionFacts {
    const { machine, near, target } = this.#around;
    const { address, port } = this.client;
    return {
      id: this.id,
      role: machine.role,
      transport: 'udp',
      openedAt: this.#openedAt,
      client: { local: near.address, remote: { host: address, port } },
      target,
    };
  }

  cut(reason: Error): void {
    this.close(reason);
  }

  /** Takes a datagram of the client, which is kept. */
  receive(datagram: Uint8Array): void {
    this.#around.active(this);
    if (this.#talk !== undefined) this.#pass(datagram);
    else if (this.#waiting.length < mostWaiting && this.#waitingBytes < mostWaitingBytes) {
      this.#waiting.push(datagram);
      this.#waitingBytes += datagram.length;
    } else this.#drop();
  }

  /** Ends it, with what broke it, if anything did. May be repeated. */
  close(broken?: unknown): void {
    if (this.#over) return;
    this.#over = true;
    leave(this);
    this.#giveUp?.(broken);
    this.#talk?.far.close();
    this.#dropped += this.#waiting.length;
    this.#waiting = [];
    const [up, down, { observer }] = [this.#up, this.#down, this.#around.machine];
    this.#hooked?.closed(broken, { up, down });
    observer({
      event: 'closed',
      id: this.id,
      target: this.#around.target,
      up,
      down,
      datagrams: { up: this.#datagramsUp, down: this.#datagramsDown, dropped: this.#dropped },
      ms: Math.round(performance.now() - this.#startedAt),
      ...(broken !== undefined && { error: codeOf(broken) ?? 'internal' }),
    });
    this.#around.over(this);
  }

  /** Opens its way. What comes meanwhile waits. */
  async #begin(): Promise<void> {
    const { machine, target, talk } = this.#around;
    try {
      await machine.attempts.run(async (controller) => {
        const { signal } = controller;
        this.#giveUp = (reason) => {
          controller.abort(reason);
        };
        this.#hooked?.requested();
        await this.#hooked?.admit(signal);
        this.#open(await talk(target, { signal, through: this.#through }));
      });
    } catch (failure) {
      this.#refused(failure);
    }
  }

  #open(talk: Talk): void {
    if (this.#over) {
      talk.far.close();
      return;
    }
    const { machine, near } = this.#around;
    this.#giveUp = undefined;
    this.#talk = talk;
    const host = canonicalIp(talk.to.host);
    // What is sent to no particular host goes to this one, which answers with another address.
    this.#answering = parseIp(host) === undefined || isUnspecified({ ...talk.to, host }) ? undefined : host;
    talk.far.attach({ answered: this.#answered, dropped: this.#drop, ended: this.#ended });
    machine.observer({ event: 'associated', id: this.id, bound: near.address });
    this.#hooked?.dialed();
    this.#hooks = this.#hooked?.datagrams({
      send: { up: this.#sendUp, down: this.#sendDown },
      dropped: this.#drop,
      end: () => {
        this.close();
      },
    });
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const datagram of waiting) this.#pass(datagram);
  }

  #refused(failure: unknown): void {
    if (this.#over) return;
    const { machine, target } = this.#around;
    machine.observer({
      event: 'refused',
      id: this.id,
      target,
      ...whyRefused(failure),
    });
    this.#hooked?.failed(failure);
    this.close(failure);
  }

  readonly #through = (server: string): void => {
    this.#around.machine.observer({ event: 'through', id: this.id, server });
  };

  #pass(datagram: Uint8Array): void {
    if (this.#over) return;
    if (this.#hooks === undefined) this.#sendUp(datagram);
    else this.#hooks.up(datagram, this.#around.target);
  }

  readonly #sendUp = (payload: Uint8Array): void => {
    const talk = this.#talk;
    if (this.#over || talk === undefined) return;
    try {
      talk.far.send(talk.to, payload, this.#sent);
    } catch {
      // A host that nothing can name on that way.
      this.#drop();
      return;
    }
    this.#up += payload.length;
    this.#datagramsUp += 1;
  };

  readonly #answered = (source: Target, payload: Uint8Array): void => {
    if (this.#over) return;
    if (!this.#isTarget(source)) {
      this.#drop();
      return;
    }
    this.#around.active(this);
    if (this.#hooks === undefined) this.#sendDown(payload);
    else this.#hooks.down(payload, source);
  };

  #isTarget({ host, port }: Target): boolean {
    if (port !== this.#around.target.port) return false;
    const answering = canonicalIp(host);
    this.#answering ??= answering;
    return this.#answering === answering;
  }

  readonly #sendDown = (payload: Uint8Array): void => {
    if (this.#over) return;
    this.#down += payload.length;
    this.#datagramsDown += 1;
    // It is lent, and may wait.
    this.#around.near.send(Uint8Array.from(payload), this.client, this.#sent);
  };

  readonly #sent: Sent = (error) => {
    if (error !== null) this.#drop();
  };

  readonly #drop = (): void => {
    this.#dropped += 1;
  };

  readonly #ended = (broken: Error | undefined): void => {
    this.close(broken);
  };
}
