/** What the thread of a hook answers: the hook asked, and what it says in a form that goes to another thread. */
import { messageOf } from '../errors.js';
import { isLater, kindOf } from './answers.js';
import type { ByteFilter, ConnectionFilters, Direction, Hook, HookEvent } from './hook.js';
import { checkFilters } from './filter-shape.js';
import type {
  Asked,
  Batch,
  Failed,
  FilterPart,
  FilterPlan,
  Observed,
  Piece,
  Questions,
} from './thread-messages.js';

type Judged = 'admit' | 'received' | 'sent' | 'ended';
type Answers<Name extends keyof Questions> = { readonly [One in Name]: (asked: Asked<One>) => unknown };

export interface AnsweringOptions {
  /** What is told of something that was thrown. */
  readonly messageFor: (thrown: unknown) => string;
  /** An observer that was late is done; with a message, in vain. */
  readonly observed: (number: number, message?: string) => void;
  /** Called for each event: it may take long until all of them are observed. */
  readonly beat: () => void;
  /** Settles when all that the hook has printed is on its way. */
  readonly flushed: () => Promise<void>;
}

/** The answers of one hook. */
export class HookAnswers {
  readonly #hook: Hook;
  readonly #options: AnsweringOptions;
  /** Of connections that are open, by their ids. */
  readonly #filters = new Map<number, ConnectionFilters>();

  constructor(hook: Hook, options: AnsweringOptions) {
    this.#hook = hook;
    this.#options = options;
  }

  /** Rejects with what the hook throws. */
  async answer(name: keyof Questions, asked: never): Promise<Sendable> {
    const { [name]: judged } = this.#judged as Partial<Record<string, (asked: never) => unknown>>;
    if (judged !== undefined) return sendable(await judged(asked));
    const own = this.#own[name as Exclude<keyof Questions, Judged>] as (asked: never) => unknown;
    return { value: await own(asked), handedOver: [] };
  }

  /** What the hook itself answers, which the half judges. */
  readonly #judged = {
    admit: (connection) => this.#hook.admit?.(connection),
    received: (piece) => this.#look('received', piece),
    sent: (piece) => this.#look('sent', piece),
    ended: (piece) => {
      const filter = this.#filterOf(piece);
      return filter?.ended === undefined ? new Uint8Array() : filter.ended();
    },
  } as const satisfies Answers<Judged>;

  readonly #own = {
    observe: (batch) => this.#observe(batch),
    filter: (connection) => {
      const filters: unknown = this.#hook.filter?.(connection);
      checkAnswered(filters);
      if (filters !== undefined) this.#filters.set(connection.id, filters);
      return planOf(filters);
    },
    finish: () => this.#options.flushed(),
  } as const satisfies Answers<Exclude<keyof Questions, Judged>>;

  /** The connection is over. */
  forget(id: number): void {
    this.#filters.delete(id);
  }

  /** Only where there is no such part do bytes pass unasked: a part that answers nothing has not let them. */
  #look(part: 'received' | 'sent', piece: Piece): unknown {
    const filter = this.#filterOf(piece);
    return filter?.[part] === undefined ? 'pass' : filter[part](buffered(piece));
  }

  #filterOf({ id, direction }: Piece): ByteFilter | undefined {
    return this.#filters.get(id)?.[direction];
  }

  #observe({ first, events }: Batch): Observed {
    const failed: Failed[] = [];
    const late: number[] = [];
    for (const [place, event] of events.entries()) {
      const number = first + place;
      const outcome = this.#tell(event, number);
      if (outcome === 'late') late.push(number);
      else if (outcome !== 'done') failed.push(outcome);
      this.#options.beat();
    }
    return { failed, late };
  }

  #tell(event: HookEvent, number: number): Failed | 'done' | 'late' {
    const { messageFor, observed } = this.#options;
    try {
      const on = this.#hook.on as { readonly [Name in HookEvent['event']]?: (event: HookEvent) => unknown };
      const outcome = on[event.event]?.(event);
      if (!isLater(outcome)) return 'done';
      outcome.then(
        () => {
          observed(number);
        },
        (error: unknown) => {
          observed(number, messageFor(error));
        },
      );
      return 'late';
    } catch (error) {
      return { number, message: messageFor(error) };
    }
  }
}

/** It is the first piece that fails for them, so the message says that they are meant. */
function checkAnswered(filters: unknown): asserts filters is ConnectionFilters | undefined {
  try {
    checkFilters(filters);
  } catch (error) {
    throw new Error(`filter: ${messageOf(error)}`, { cause: error });
  }
}

const directions: readonly Direction[] = ['up', 'down'];
const filterParts: readonly FilterPart[] = ['received', 'sent', 'ended'];

function planOf(filters: ConnectionFilters | undefined): FilterPlan {
  const plan: { [Name in Direction]?: readonly FilterPart[] } = {};
  for (const direction of directions) {
    const filter = filters?.[direction];
    if (filter !== undefined) plan[direction] = filterParts.filter((part) => filter[part] !== undefined);
  }
  return plan;
}

/** What came from the half belongs to the hook; as a Buffer it reads as text, too. */
function buffered({ bytes }: Piece): Uint8Array {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A value as it goes to another thread, and the buffer that goes with it. */
export interface Sendable {
  readonly value: unknown;
  readonly handedOver: readonly ArrayBuffer[];
}

/**
 * What a hook has answered, to be judged by the half. Bytes are copied, for the hook may keep what it gave; of what is no
 * answer only the kind is kept. A TypeError for what no other thread can be given.
 */
export function sendable(value: unknown): Sendable {
  if (value instanceof Uint8Array) {
    const bytes = new Uint8Array(value);
    return { value: bytes, handedOver: [bytes.buffer] };
  }
  if (typeof value === 'object' && value !== null) {
    if (Array.isArray(value)) return { value: [], handedOver: [] };
    if (!('end' in value)) return { value: {}, handedOver: [] };
    const { value: end, handedOver } = sendable(value.end);
    return { value: { end }, handedOver };
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TypeError(`expected an answer, got ${kindOf(value)}`);
  }
  return { value, handedOver: [] };
}
