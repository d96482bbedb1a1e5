/** What a hook in a thread looks like from here: a hook like any other one, each part of which asks the thread. */
import type { ByteFilter, ConnectionFilters, Direction, Filtered, Hook, HookEvent, Verdict } from './hook.js';
import type { ConnectionFacts } from '../observe/connection.js';
import { HookEnded } from './thread-life.js';
import type { ThreadLine } from './thread-line.js';
import type { Answer, FilterPart, FilterPlan, HookParts, Piece } from './thread-messages.js';

type EventOf<Name extends HookEvent['event']> = Extract<HookEvent, { readonly event: Name }>;

/** The hook of one thread. */
export class ThreadHook {
  readonly hook: Hook;
  readonly #parts: HookParts;
  readonly #line: ThreadLine;
  readonly #cut: (id: number, reason: Error) => void;
  /** The connections that it knows of. */
  readonly #open = new Set<number>();
  #ended: HookEnded | undefined;

  /** `cut` breaks a connection that is open, by its id. */
  constructor(parts: HookParts, line: ThreadLine, cut: (id: number, reason: Error) => void) {
    this.#parts = parts;
    this.#line = line;
    this.#cut = cut;
    const { name, failClosed = false, admit, filter } = parts;
    const observe = (event: HookEvent): Promise<void> => this.#observe(event);
    this.hook = {
      ...(name !== undefined && { name }),
      failClosed,
      on: {
        ...Object.fromEntries(parts.on.map((name) => [name, observe])),
        // Nobody else says which filters are over, and which connections are open when it ends.
        ...(failClosed && { accepted: (event) => this.#accepted(event) }),
        ...((failClosed || filter) && { closed: (event) => this.#closed(event) }),
      },
      // Once it has ended, nobody is let in.
      ...((admit || failClosed) && { admit: (connection) => this.#admit(connection) }),
      ...(filter && { filter: (connection) => this.#filter(connection) }),
    };
  }

  /** The thread has ended. Connections go on without it, or are cut. */
  end(why: HookEnded): void {
    this.#ended = why;
    this.#line.close(why);
    for (const id of this.#open) this.#cut(id, why);
    this.#open.clear();
  }

  async #observe(event: HookEvent): Promise<void> {
    if (this.#ended !== undefined || !this.#parts.on.includes(event.event)) return;
    await this.#orEnded(this.#line.observe(event), undefined);
  }

  #accepted(event: EventOf<'accepted'>): Promise<void> {
    this.#open.add(event.connection.id);
    return this.#observe(event);
  }

  #closed(event: EventOf<'closed'>): Promise<void> {
    const observed = this.#observe(event);
    this.#open.delete(event.connection.id);
    this.#line.forget(event.connection.id);
    return observed;
  }

  async #admit(connection: ConnectionFacts): Promise<Verdict> {
    const without: Verdict = this.#parts.failClosed === true ? 'deny' : 'allow';
    if (this.#ended !== undefined) return without;
    return this.#parts.admit ? this.#orEnded(this.#line.ask('admit', connection), without) : 'allow';
  }

  /** When the thread ends meanwhile, that is known already. */
  async #orEnded<Outcome>(outcome: Promise<Outcome>, without: Outcome): Promise<Outcome> {
    try {
      return await outcome;
    } catch (error) {
      if (error instanceof HookEnded) return without;
      throw error;
    }
  }

  /** Whether there are filters is not known yet: until then each part is asked for. */
  #filter(connection: ConnectionFacts): ConnectionFilters | undefined {
    if (this.#ended !== undefined) {
      if (this.#parts.failClosed === true) throw this.#ended;
      return undefined;
    }
    const asked = new AskedFilters({
      line: this.#line,
      connection,
      failClosed: this.#parts.failClosed === true,
    });
    return { up: asked.of('up'), down: asked.of('down') };
  }
}

interface Asking {
  readonly line: ThreadLine;
  readonly connection: ConnectionFacts;
  /** Nothing goes on that it has not seen. */
  readonly failClosed: boolean;
}

/** The filters of one connection. */
class AskedFilters {
  readonly #asking: Asking;
  readonly #id: number;
  #plan: FilterPlan | undefined;
  #failure: Error | undefined;
  /** Where the hook has bytes that did not go on. */
  readonly #holding = new Set<`${Direction}.${FilterPart}`>();

  constructor(asking: Asking) {
    this.#asking = asking;
    this.#id = asking.connection.id;
    asking.line.ask('filter', asking.connection).then(
      (plan) => {
        this.#plan = plan;
      },
      (error: unknown) => {
        if (!(error instanceof HookEnded)) this.#failure = error as Error;
      },
    );
  }

  of(direction: Direction): ByteFilter {
    return {
      received: (bytes) =>
        this.#asks(direction, 'received') ? this.#look('received', direction, bytes) : 'pass',
      sent: (bytes) => (this.#asks(direction, 'sent') ? this.#look('sent', direction, bytes) : 'pass'),
      ended: () =>
        this.#asks(direction, 'ended') || this.#holds(direction) ? this.#end(direction) : new Uint8Array(),
    };
  }

  /** Whether the hook has that part, as far as that is known. Throws what `filter` of the hook threw. */
  #asks(direction: Direction, part: FilterPart): boolean {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#plan === undefined || this.#plan[direction]?.includes(part) === true;
  }

  async #look(part: 'received' | 'sent', direction: Direction, bytes: Uint8Array): Promise<Filtered> {
    const own = alone(bytes);
    const answer = await this.#ask(part, { id: this.#id, direction, bytes: own }, 'pass');
    this.#holding[answer === 'hold' ? 'add' : 'delete'](`${direction}.${part}`);
    return answer;
  }

  #end(direction: Direction): Promise<Uint8Array> {
    const bytes = new Uint8Array();
    return this.#ask('ended', { id: this.#id, direction, bytes }, bytes);
  }

  /** When the thread ends meanwhile, and nobody misses anything because of that, bytes just go on. */
  async #ask<Part extends FilterPart>(
    part: Part,
    piece: Piece,
    without: Answer<Part>,
  ): Promise<Answer<Part>> {
    const { line, failClosed } = this.#asking;
    try {
      const answer = await line.ask(part, piece, [piece.bytes.buffer as ArrayBuffer]);
      if (this.#failure !== undefined) throw this.#failure;
      return answer;
    } catch (error) {
      if (error instanceof HookEnded && !failClosed && !this.#holds(piece.direction)) return without;
      throw error;
    }
  }

  #holds(direction: Direction): boolean {
    return this.#holding.has(`${direction}.received`) || this.#holding.has(`${direction}.sent`);
  }
}

/** The bytes in a buffer that nobody else has a part of, so that it can be handed over. */
function alone(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = bytes;
  const whole = buffer instanceof ArrayBuffer && bytes.byteLength === buffer.byteLength;
  return whole ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes);
}
