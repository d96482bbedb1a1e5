/** What filters are asked, and what they may answer. */
import { types } from 'node:util';
import { awaitAnswer, failure, forget, isLater, kindOf } from './answers.js';
import type { Filtered } from './hook.js';

export interface Question<Answer> {
  readonly ask: () => unknown;
  /** The answer, or what is wrong with it. */
  readonly read: (answer: unknown) => Answer | Wrong;
  readonly use: (answer: Answer) => void;
}

/** What is wrong with an answer. A class, as no hook can make one. */
export class Wrong {
  readonly wrong: string;

  constructor(wrong: string) {
    this.wrong = wrong;
  }
}

export interface Asking<Answer> {
  readonly came: (answer: Answer) => void;
  readonly failed: (detail: string) => void;
  /** Around either of the two, when it does not come at once. */
  readonly later: (settle: () => void) => void;
}

/** Asks. Undefined: the answer has come; else what ends the waiting for it, at most `ms`. */
export function question<Answer extends object | string>(
  { ask, read }: Pick<Question<Answer>, 'ask' | 'read'>,
  ms: number,
  { came, failed, later }: Asking<Answer>,
): (() => void) | undefined {
  const judge = (value: unknown): void => {
    let answer: Answer | Wrong;
    try {
      answer = read(value);
    } catch (thrown) {
      failed(failure(thrown));
      return;
    }
    if (answer instanceof Wrong) failed(answer.wrong);
    else came(answer);
  };
  let value: unknown;
  let waits = false;
  try {
    value = ask();
    waits = isLater(value);
  } catch (thrown) {
    failed(failure(thrown));
    return undefined;
  }
  if (!waits) {
    judge(value);
    return undefined;
  }
  return awaitAnswer(value as PromiseLike<unknown>, ms, {
    came: (answer) => {
      later(() => {
        judge(answer);
      });
    },
    failed: (detail) => {
      later(() => {
        failed(detail);
      });
    },
  });
}

/** What a filter may answer, with bytes of its own, or what is wrong with it. */
export function readFiltered(answer: unknown): Filtered | Wrong {
  if (answer === 'pass' || answer === 'hold') return answer;
  if (types.isUint8Array(answer)) return copied(answer);
  if (typeof answer === 'object' && answer !== null && 'end' in answer) {
    const { end } = answer;
    if (types.isUint8Array(end)) return { end: copied(end) };
  }
  forget(answer);
  return new Wrong(`expected pass, hold, a Uint8Array or { end }, got ${kindOf(answer)}`);
}

/** What `ended` may answer, bytes of its own, or what is wrong with it. */
export function readEnd(answer: unknown): Uint8Array | Wrong {
  if (types.isUint8Array(answer)) return copied(answer);
  forget(answer);
  return new Wrong(`expected a Uint8Array, got ${kindOf(answer)}`);
}

/**
 * What a hook made is copied at once: it may be the same memory each time, and anything about it may throw.
 * @throws TypeError when the hook has given it away; RangeError when there is no room for so much.
 */
function copied(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}
