/** The filters of one hook on their place in the chain of a connection. */
import type { ConnectionFacts } from '../observe/connection.js';
import type { ByteFilter, Direction } from './hook.js';
import type { GuardedHook } from './guarded-hook.js';
import { Held } from './held.js';

/** What one hook wants of one connection. Once it has failed it is out, in both directions. */
export class HookFilters {
  readonly #hook: GuardedHook;
  readonly #connection: ConnectionFacts;
  /** Told when the filters are taken out, after the report. */
  readonly #lapsed: (filters: HookFilters) => void;
  #out = false;

  constructor(hook: GuardedHook, connection: ConnectionFacts, lapsed: (filters: HookFilters) => void) {
    this.#hook = hook;
    this.#connection = connection;
    this.#lapsed = lapsed;
  }

  get out(): boolean {
    return this.#out;
  }

  fail(place: string, detail: string): void {
    if (this.#out) return;
    this.#out = true;
    this.#hook.fail(place, detail, this.#connection);
    this.#lapsed(this);
  }

  /** The stages of one direction: what sees bytes as received, and what sees them as sent. */
  stagesOf(direction: Direction, filter: ByteFilter): Stages {
    const ending = new Ending(filter);
    const stage = (part: 'received' | 'sent'): Stage => new Stage(this, { direction, part, filter, ending });
    const sent = filter.sent === undefined ? undefined : stage('sent');
    const first = filter.received !== undefined || (sent === undefined && filter.ended !== undefined);
    const received = first ? stage('received') : undefined;
    ending.stages = [received, sent].filter((each) => each !== undefined);
    return { received, sent };
  }
}

export interface Stages {
  readonly received: Stage | undefined;
  readonly sent: Stage | undefined;
}

/** `ended` of a filter, which is called once though its filter may stand in two places. */
class Ending {
  stages: readonly Stage[] = [];
  readonly #filter: ByteFilter;
  #called = false;

  constructor(filter: ByteFilter) {
    this.#filter = filter;
  }

  /** Whether this is the place: where bytes are held back, else the first. */
  isAt(stage: Stage): boolean {
    if (this.#called || this.#filter.ended === undefined) return false;
    const holding = this.stages.find((each) => each.holds) ?? this.stages[0];
    return holding === stage;
  }

  call(): unknown {
    this.#called = true;
    return this.#filter.ended?.();
  }
}

interface StageParts {
  readonly direction: Direction;
  readonly part: 'received' | 'sent';
  readonly filter: ByteFilter;
  readonly ending: Ending;
}

/** One place in the chain of one direction. */
export class Stage {
  readonly filters: HookFilters;
  /** As messages say it. */
  readonly place: string;
  /** The same, of its `ended`. */
  readonly endPlace: string;
  readonly #parts: StageParts;
  readonly #held = new Held();

  constructor(filters: HookFilters, parts: StageParts) {
    this.filters = filters;
    this.place = `${parts.direction}.${parts.part}`;
    this.endPlace = `${parts.direction}.ended`;
    this.#parts = parts;
  }

  get looks(): boolean {
    return !this.filters.out && this.#parts.filter[this.#parts.part] !== undefined;
  }

  get holds(): boolean {
    return this.#held.any;
  }

  /** What it holds back, bytes, with what pieces of them cost. */
  get heldWeight(): number {
    return this.#held.weight;
  }

  /** Asks what becomes of bytes. Throws and answers whatever the hook does. */
  ask(bytes: Uint8Array): unknown {
    const { filter, part } = this.#parts;
    return filter[part]?.(bytes);
  }

  get endsHere(): boolean {
    return !this.filters.out && this.#parts.ending.isAt(this);
  }

  /** Asks what was held back. Throws and answers whatever the hook does. */
  askEnd(): unknown {
    return this.#parts.ending.call();
  }

  /** Remembers what the filter holds back, for the case that it fails. The bytes are kept. */
  hold(bytes: Uint8Array): void {
    this.#held.add(bytes);
  }

  /** What it has held back since it last let something go on; nothing is, from now on. */
  release(): readonly Uint8Array[] {
    return this.#held.take();
  }
}
