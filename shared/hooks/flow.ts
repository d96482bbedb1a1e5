/** One direction of a connection on its way through filters, in order, with nothing lost and little in flight. */
import { types } from 'node:util';
import { pieceCost } from './held.js';
import type { Filtered } from './hook.js';
import type { HookLimits } from './limits.js';
import { ours, type Piece, pieceOf } from './piece.js';
import { type Question, question, readEnd, readFiltered } from './question.js';
import type { Stage } from './stage.js';

/** What goes on in one call, bytes: what is larger is cut. */
const burst = 256 * 1024;

/** Where a flow leads, and what paces it. */
export interface Outlet {
  /** Takes what has come through; what is lent is so until it returns. False: enough for now. */
  out(pieces: readonly Piece[]): boolean;
  /** All has come through that ever will. With an error its source broke. */
  over(error: Error | undefined): void;
  /** A filter has ended the direction: what its source still brings is discarded. */
  cut(): void;
  /** After `put` has answered false: more may come. */
  ready(): void;
}

/** What waits for its turn, at one place of the chain. `flush` takes along what those held who are out. */
type Item = { readonly at: number } & (
  | { readonly kind: 'bytes'; readonly piece: Piece }
  | { readonly kind: 'end' }
  | { readonly kind: 'flush' }
  | { readonly kind: 'broken'; readonly error: Error }
);

/** A question about an item. */
interface ItemQuestion<Answer, Asked extends Item> extends Pick<Question<Answer>, 'ask' | 'read'> {
  readonly use: (answer: Answer, item: Asked) => void;
}

interface Asked {
  readonly stage: Stage;
  readonly item: Item;
  readonly giveUp: () => void;
}

export class Flow {
  readonly #stages: readonly Stage[];
  readonly #outlet: Outlet;
  readonly #limits: Pick<HookLimits, 'answerMs' | 'heldBytes'>;
  /** What comes first is first. */
  #work: Item[] = [];
  #asked: Asked | undefined;
  #outgoing: Piece[] = [];
  #outgoingBytes = 0;
  #room = true;
  #running = false;
  #starved = false;
  /** Nothing more that comes from the source is of matter. */
  #deaf = false;
  #over = false;

  constructor(stages: readonly Stage[], outlet: Outlet, limits: Pick<HookLimits, 'answerMs' | 'heldBytes'>) {
    this.#stages = stages;
    this.#outlet = outlet;
    this.#limits = limits;
  }

  get isOver(): boolean {
    return this.#over;
  }

  /** Bytes that have come and not gone on; what filters hold back is not among them. */
  get waiting(): number {
    const waiting = [...this.#work, ...(this.#asked === undefined ? [] : [this.#asked.item])];
    return waiting.reduce((sum, item) => sum + (item.kind === 'bytes' ? item.piece.bytes.length : 0), 0);
  }

  /** Takes what comes from the source. False: enough for now. */
  put(pieces: readonly Uint8Array[], owned: boolean): boolean {
    if (this.#deaf) return true;
    for (const bytes of pieces) {
      if (bytes.length > 0) this.#work.push({ at: 0, kind: 'bytes', piece: { bytes, owned } });
    }
    this.#run();
    if (!this.isOpen) this.#starved = true;
    this.#tell();
    return !this.#starved;
  }

  /** The source has ended. */
  end(): void {
    this.#last({ at: 0, kind: 'end' });
  }

  /** The source broke: what came before goes on first. */
  fail(error: Error): void {
    this.#last({ at: 0, kind: 'broken', error });
  }

  /** There is room for more. */
  resume(): void {
    this.#room = true;
    this.#run();
    this.#tell();
  }

  /** Filters have been taken out: nobody waits for them any more, and what they held back goes on. */
  lapse(): void {
    if (this.#over) return;
    const asked = this.#asked;
    if (asked?.stage.filters.out === true) {
      asked.giveUp();
      this.#asked = undefined;
      this.#work.unshift(asked.item);
    }
    const [last] = this.#work.slice(-1);
    if (last === undefined || last.kind === 'bytes') this.#work.push({ at: 0, kind: 'flush' });
    this.#run();
    this.#tell();
  }

  /** Nothing goes on any more. */
  kill(): void {
    this.#over = true;
    this.#deaf = true;
    this.#starved = false;
    this.#asked?.giveUp();
    this.#asked = undefined;
    this.#work = [];
    this.#outgoing = [];
  }

  /** Whether more may come now. */
  get isOpen(): boolean {
    return this.#deaf || (this.#room && this.#asked === undefined && this.#work.length === 0);
  }

  #last(item: Item): void {
    if (this.#deaf) return;
    this.#deaf = true;
    this.#work.push(item);
    this.#run();
  }

  #tell(): void {
    if (!this.#starved || !this.isOpen) return;
    this.#starved = false;
    this.#outlet.ready();
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      while (!this.#over) {
        const item = this.#room && this.#asked === undefined ? this.#work.shift() : undefined;
        if (item !== undefined) this.#step(item);
        // What is out may have made no room, or have led to more.
        if ((item === undefined || this.#outgoingBytes >= burst) && !this.#emit() && item === undefined)
          break;
      }
    } finally {
      this.#running = false;
    }
    if (this.#work.length > 0) this.#work = this.#work.map((item) => kept(item));
  }

  /** Whether there was anything. */
  #emit(): boolean {
    const pieces = this.#outgoing;
    if (pieces.length === 0) return false;
    this.#outgoing = [];
    this.#outgoingBytes = 0;
    this.#room = this.#outlet.out(pieces);
    return true;
  }

  #step(item: Item): void {
    const stage = this.#stages[item.at];
    if (stage === undefined) this.#leave(item);
    else if (item.kind === 'bytes' && stage.looks) this.#ask(stage, item);
    else if (item.kind === 'end' && stage.endsHere) this.#askEnd(stage, item);
    else {
      const released = stage.filters.out ? stage.release() : [];
      this.#goOn(item.at + 1, released.map(ours), { ...item, at: item.at + 1 });
    }
  }

  /** It has passed all stages. */
  #leave(item: Item): void {
    if (item.kind === 'bytes') {
      const { bytes, owned } = item.piece;
      const first = bytes.length > burst ? bytes.subarray(0, burst) : bytes;
      this.#outgoing.push({ bytes: first, owned });
      this.#outgoingBytes += first.length;
      if (bytes.length > burst) {
        this.#work.unshift({ ...item, piece: { bytes: bytes.subarray(burst), owned } });
      }
    } else if (item.kind !== 'flush') {
      this.#emit();
      this.#over = true;
      this.#outlet.over(item.kind === 'broken' ? item.error : undefined);
    }
  }

  /** Puts pieces at a place, then an item behind them. */
  #goOn(at: number, pieces: readonly Piece[], ...behind: readonly Item[]): void {
    this.#work.unshift(...pieces.map((piece): Item => ({ at, kind: 'bytes', piece })), ...behind);
  }

  #ask(stage: Stage, item: Item & { readonly kind: 'bytes' }): void {
    // Its own: it may keep it, and change it.
    const bytes = new Uint8Array(item.piece.bytes);
    this.#question<Filtered, typeof item>(stage, item, {
      ask: () => stage.ask(bytes),
      read: readFiltered,
      use: (answer, asked) => {
        this.#answered(stage, asked, answer);
      },
    });
  }

  #askEnd(stage: Stage, item: Item & { readonly kind: 'end' }): void {
    this.#question<Uint8Array, typeof item>(stage, item, {
      ask: () => stage.askEnd(),
      read: readEnd,
      use: (last) => {
        stage.release();
        this.#goOn(item.at + 1, pieceOf(last), { ...item, at: item.at + 1 });
      },
    });
  }

  /** Asks, now or later, and gives the stage up that fails: its item then goes on as it is. */
  #question<Answer extends object | string, Asked extends Item>(
    stage: Stage,
    item: Asked,
    { ask, read, use }: ItemQuestion<Answer, Asked>,
  ): void {
    // What was lent is another's again when an answer comes later.
    let own = item;
    const failed = (detail: string): void => {
      this.#work.unshift(kept(own));
      stage.filters.fail(item.kind === 'end' ? stage.endPlace : stage.place, detail);
    };
    const asking = question({ ask, read }, this.#limits.answerMs, {
      came: (answer) => {
        use(answer, own);
      },
      failed,
      later: (settle) => {
        this.#asked = undefined;
        settle();
        this.#run();
        this.#tell();
      },
    });
    if (asking === undefined) return;
    own = kept(item);
    this.#asked = { stage, item: own, giveUp: asking };
  }

  #answered(stage: Stage, item: Item & { readonly kind: 'bytes' }, answer: Filtered): void {
    if (this.#over) return;
    const at = item.at + 1;
    if (answer === 'hold') {
      const { piece } = kept(item);
      stage.hold(piece.bytes);
      const { heldBytes: most } = this.#limits;
      if (stage.heldWeight <= most) return;
      const got = `${stage.heldWeight} with ${pieceCost} for each piece`;
      stage.filters.fail(stage.place, `expected at most ${most} bytes held back, got ${got}`);
      return;
    }
    stage.release();
    if (answer === 'pass') this.#goOn(at, [item.piece]);
    else if (types.isUint8Array(answer)) this.#goOn(at, pieceOf(answer));
    else {
      this.#deaf = true;
      this.#work = [];
      this.#goOn(at, pieceOf(answer.end), { at, kind: 'end' });
      this.#outlet.cut();
    }
  }
}

/** The item with bytes of its own, that outlive the call. */
function kept<Of extends Item>(item: Of): Of {
  if (item.kind !== 'bytes' || item.piece.owned) return item;
  return { ...item, piece: ours(new Uint8Array(item.piece.bytes)) };
}
