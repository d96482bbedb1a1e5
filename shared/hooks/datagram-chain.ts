/** The datagrams of one direction of a session on their way through filters, one by one and in order. */
import { types } from 'node:util';
import type { Target } from '../codec/address.js';
import type { DatagramsOut } from './hooks.js';
import type { HookLimits } from './limits.js';
import { question, readFiltered } from './question.js';
import type { Filtered } from './hook.js';
import type { Stage } from './stage.js';

/** What may wait for a filter: UDP does not, and what comes on top of that is lost. */
const mostWaiting = 64;

interface Datagram {
  readonly payload: Uint8Array;
  readonly at: Target | undefined;
}

interface Asked {
  readonly place: number;
  readonly datagram: Datagram;
  readonly giveUp: () => void;
}

export class DatagramChain {
  readonly #stages: readonly Stage[];
  readonly #send: DatagramsOut['send']['up'];
  readonly #dropped: () => void;
  readonly #end: () => void;
  readonly #answerMs: number;
  readonly #waiting: Datagram[] = [];
  #asked: Asked | undefined;
  #over = false;

  constructor(
    stages: readonly Stage[],
    out: Omit<DatagramsOut, 'send'> & { readonly send: DatagramsOut['send']['up'] },
    { answerMs }: Pick<HookLimits, 'answerMs'>,
  ) {
    this.#stages = stages;
    this.#send = out.send;
    this.#dropped = out.dropped;
    this.#end = out.end;
    this.#answerMs = answerMs;
  }

  /** Takes a datagram that is lent. */
  put(payload: Uint8Array, at: Target | undefined): void {
    if (this.#over) return;
    if (this.#asked === undefined) this.#step({ payload, at }, 0);
    else if (this.#waiting.length < mostWaiting) this.#waiting.push(kept({ payload, at }));
    else this.#dropped();
  }

  /** Filters have been taken out: nobody waits for them any more. */
  lapse(): void {
    const asked = this.#asked;
    if (asked === undefined || this.#stages[asked.place]?.filters.out !== true) return;
    asked.giveUp();
    this.#asked = undefined;
    this.#step(asked.datagram, asked.place);
    this.#goOn();
  }

  /** Nothing goes on any more. */
  kill(): void {
    this.#over = true;
    if (this.#asked !== undefined) this.#dropped();
    this.#asked?.giveUp();
    this.#asked = undefined;
    while (this.#waiting.pop() !== undefined) this.#dropped();
  }

  #goOn(): void {
    while (this.#asked === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#step(next, 0);
    }
  }

  #step(datagram: Datagram, place: number): void {
    if (this.#over) return;
    const stage = this.#stages[place];
    if (stage === undefined) this.#send(datagram.payload, datagram.at);
    else if (stage.looks) this.#ask(stage, datagram, place);
    else this.#step(datagram, place + 1);
  }

  #ask(stage: Stage, datagram: Datagram, place: number): void {
    let asked = datagram;
    const own = new Uint8Array(datagram.payload);
    const giveUp = question<Filtered>({ ask: () => stage.ask(own), read: readFiltered }, this.#answerMs, {
      came: (answer) => {
        this.#answered(asked, place + 1, answer);
      },
      failed: (detail) => {
        stage.filters.fail(stage.place, detail);
        this.#step(asked, place + 1);
      },
      later: (settle) => {
        this.#asked = undefined;
        settle();
        this.#goOn();
      },
    });
    if (giveUp === undefined) return;
    asked = kept(datagram);
    this.#asked = { place, datagram: asked, giveUp };
  }

  #answered(datagram: Datagram, place: number, answer: Filtered): void {
    if (answer === 'hold') this.#dropped();
    else if (answer === 'pass') this.#step(datagram, place);
    else if (types.isUint8Array(answer)) this.#step({ ...datagram, payload: answer }, place);
    else {
      if (answer.end.length > 0) this.#step({ ...datagram, payload: answer.end }, place);
      this.kill();
      this.#end();
    }
  }
}

function kept({ payload, at }: Datagram): Datagram {
  return { payload: new Uint8Array(payload), at };
}
