import { codeOf, HookError, messageOf, RefusedError, StoppedError } from '../errors.js';
import { refusalOf } from '../net/dial-errors.js';
import type { PushStream } from '../net/stream.js';
import type { ConnectionFacts, SocketEnds } from '../observe/connection.js';
import { DatagramChain } from './datagram-chain.js';
import { FilteredStream } from './filtered-stream.js';
import type { GuardedHook } from './guarded-hook.js';
import type { Direction, FlowCounts, HookEvent } from './hook.js';
import type { DatagramsIn, DatagramsOut, HookedConnection } from './hooks.js';
import type { HookLimits } from './limits.js';
import { HookFilters, type Stage, type Stages } from './stage.js';
import { WrappedStreams } from './streams.js';
import { type Party, Traffic } from './traffic.js';
import { WatchedStream } from './watched-stream.js';

/** What a connection has of the hooks of its half. */
export interface Around {
  readonly all: readonly GuardedHook[];
  readonly limits: HookLimits;
  /** Tells an event, which is made only when somebody observes it. */
  tell(name: HookEvent['event'], event: () => HookEvent): void;
  forget(connection: HookedVisit): void;
}

/** What this process does itself: it refuses, gives up, or is stopped. */
const ownWords: ReadonlySet<string> = new Set([
  'stopped',
  'silence',
  'hook',
  'denied',
  'timed-out',
  'not-allowed',
]);
const targetsWords: ReadonlySet<string> = new Set([
  'connection-refused',
  'host-unreachable',
  'network-unreachable',
]);

/** One connection, as its hooks see it. */
export class HookedVisit implements HookedConnection {
  readonly #around: Around;
  readonly #ask: () => ConnectionFacts;
  readonly #cut: (reason: Error) => void;
  readonly #startedAt = performance.now();
  #dialling = this.#startedAt;
  /** As they were last: a socket that is gone has no addresses any more. */
  #facts: ConnectionFacts;
  readonly #streams = new WrappedStreams();
  /** Of datagrams. */
  readonly #chains: DatagramChain[] = [];
  readonly #datagrams = { up: 0, down: 0 };
  readonly #heard = new Set<Direction>();
  #dialed = false;
  #refused: string | undefined;
  #closed = false;
  /** By what this half has ended it. */
  #broken: Error | undefined;
  #told = false;

  constructor(around: Around, ask: () => ConnectionFacts, cut: (reason: Error) => void) {
    this.#around = around;
    this.#ask = ask;
    this.#cut = cut;
    this.#facts = frozen(ask());
  }

  accepted(): void {
    this.#tell('accepted', {});
  }

  get id(): number {
    return this.#facts.id;
  }

  /** Bytes that came from either side. */
  get bytes(): { readonly up: number; readonly down: number } {
    const { up, down } = this.#streams.bytes;
    return { up: up + this.#datagrams.up, down: down + this.#datagrams.down };
  }

  requested(): void {
    this.#look();
    this.#tell('requested', {});
    this.#dialling = performance.now();
  }

  async admit(signal: AbortSignal): Promise<void> {
    // Its client may not have heard of it yet.
    if (this.#broken !== undefined) throw this.#broken;
    for (const hook of this.#around.all) {
      if (!hook.admits) continue;
      const verdict = await hook.admit(this.#facts, signal);
      if (verdict === 'deny') {
        throw new RefusedError(`hook ${hook.name}: expected it to allow the connection, got deny`);
      }
    }
    this.#dialling = performance.now();
  }

  dialed(): void {
    this.#dialed = true;
    this.#look();
    this.#tell('dialed', { ms: Math.round(performance.now() - this.#dialling) });
  }

  failed(error: unknown): void {
    const code = codeOf(error) === 'denied' ? 'denied' : refusalOf(error);
    this.#refused = code;
    this.#look();
    this.#tell('error', { code, message: messageOf(error) });
  }

  through(client: PushStream | undefined, far: PushStream): PushStream {
    const traffic = new Traffic({ far, client }, (direction) => {
      this.#began(direction);
    });
    // A far end that refuses says so itself: that is no conversation with the target.
    const stages = this.#outcome() === undefined ? this.#stages() : [];
    const chains = { up: chainOf(stages, 'up'), down: chainOf(stages, 'down') };
    const broken = this.#broken;
    const stream =
      stages.length === 0 && broken === undefined
        ? new WatchedStream(far, traffic)
        : new FilteredStream(far, chains, { traffic, limits: this.#around.limits });
    this.#streams.add(stream);
    if (broken !== undefined) stream.break(broken);
    return stream;
  }

  datagrams({ send, dropped, end }: DatagramsOut): DatagramsIn {
    const stages = this.#stages();
    const into = (direction: Direction): DatagramsIn['up'] => {
      const out = { send: send[direction], dropped, end };
      const chain = new DatagramChain(chainOf(stages, direction), out, this.#around.limits);
      this.#chains.push(chain);
      return (payload, at) => {
        this.#began(direction);
        this.#datagrams[direction] += payload.length;
        chain.put(payload, at);
      };
    };
    return { up: into('up'), down: into('down') };
  }

  closed(end: unknown, counts?: { readonly up: number; readonly down: number }): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const chain of this.#chains) chain.kill();
    const ms = Math.round(performance.now() - this.#startedAt);
    this.#streams.whenSettled(() => {
      this.#say(end ?? this.#broken, ms, counts);
    });
  }

  /** It is cut, if it is still there: a hook failed. Nothing goes on that has not left it yet. */
  cut(message: string): void {
    this.#broken ??= new HookError(message);
    if (!this.#closed) this.#cut(this.#broken);
    this.#streams.break(this.#broken);
  }

  /** The half has stopped. */
  giveUp(): void {
    this.#broken ??= new StoppedError('stop: expected no connection, got one');
    this.closed(this.#broken);
    // Its ends may have gone, and a filter still think about the last bytes.
    this.#streams.break(this.#broken);
  }

  #say(end: unknown, ms: number, counts?: { readonly up: number; readonly down: number }): void {
    if (this.#told) return;
    this.#told = true;
    this.#around.forget(this);
    const why = end === undefined ? (this.#outcome() ?? 'end') : (codeOf(end) ?? 'internal');
    this.#tell('closed', {
      up: this.#counts('up', counts),
      down: this.#counts('down', counts),
      by: this.#by(why),
      why,
      ms,
    });
  }

  /** Of one that never came to its target. */
  #outcome(): string | undefined {
    return this.#dialed ? undefined : this.#refused;
  }

  #by(why: string): Party {
    if (ownWords.has(why)) return 'halflight';
    if (targetsWords.has(why)) return 'target';
    if (!this.#dialed && why !== 'end' && why === this.#refused) return 'halflight';
    return this.#streams.by ?? 'client';
  }

  #counts(direction: Direction, datagrams?: { readonly up: number; readonly down: number }): FlowCounts {
    if (datagrams !== undefined) {
      const sent = datagrams[direction];
      // Where no filter can be nobody has counted what came.
      return { received: this.#chains.length > 0 ? this.#datagrams[direction] : sent, sent, unsent: 0 };
    }
    return this.#streams.countsOf(direction);
  }

  #began(direction: Direction): void {
    if (this.#heard.has(direction)) return;
    this.#heard.add(direction);
    this.#tell('first-byte', { direction, ms: Math.round(performance.now() - this.#startedAt) });
  }

  /** The filters of all hooks that want to see its bytes. */
  #stages(): readonly ConnectionStages[] {
    const all: ConnectionStages[] = [];
    for (const hook of this.#around.all) {
      if (!hook.filters) continue;
      const wanted = hook.filtersOf(this.#facts);
      if (wanted === undefined) continue;
      const filters = new HookFilters(hook, this.#facts, () => {
        for (const each of [this.#streams, ...this.#chains]) each.lapse();
      });
      const { up, down } = wanted;
      if ((up ?? down) === undefined) continue;
      all.push({ up: up && filters.stagesOf('up', up), down: down && filters.stagesOf('down', down) });
    }
    return all;
  }

  #look(): void {
    this.#facts = frozen(this.#ask());
  }

  #tell<Name extends HookEvent['event']>(
    name: Name,
    fields: Omit<EventOf<Name>, 'event' | 'at' | 'connection'>,
  ): void {
    const event = { event: name, at: Date.now(), connection: this.#facts, ...fields };
    this.#around.tell(name, () => event as unknown as HookEvent);
  }
}

type EventOf<Name extends HookEvent['event']> = Extract<HookEvent, { readonly event: Name }>;

type ConnectionStages = Readonly<Record<Direction, Stages | undefined>>;

/** First every `received`, then every `sent`. */
function chainOf(stages: readonly ConnectionStages[], direction: Direction): readonly Stage[] {
  const places = [
    ...stages.map((each) => each[direction]?.received),
    ...stages.map((each) => each[direction]?.sent),
  ];
  return places.filter((stage) => stage !== undefined);
}

/** Hooks share it, and none may change it for the others. */
function frozen(facts: ConnectionFacts): ConnectionFacts {
  const { client, far, target } = facts;
  return Object.freeze({
    ...facts,
    client: frozenEnds(client),
    ...(far && { far: frozenEnds(far) }),
    ...(target && { target: Object.freeze({ ...target }) }),
  });
}

function frozenEnds({ local, remote }: SocketEnds): SocketEnds {
  return Object.freeze({ local: Object.freeze({ ...local }), remote: Object.freeze({ ...remote }) });
}
