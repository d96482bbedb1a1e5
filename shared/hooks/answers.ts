/** What hooks answer, as it comes: it may be anything. */
import { messageOf } from '../errors.js';

const longest = 200;

/** Whether it is a promise, or what `await` takes for one. */
export function isLater(answer: unknown): answer is PromiseLike<unknown> {
  return (
    typeof answer === 'object' && answer !== null && 'then' in answer && typeof answer.then === 'function'
  );
}

/** What was answered, as messages say it: its kind, and a short word itself. */
export function kindOf(answer: unknown): string {
  try {
    return kind(answer);
  } catch {
    return 'an object that throws when it is looked at';
  }
}

function kind(answer: unknown): string {
  if (answer === null) return 'null';
  if (typeof answer === 'string') return answer.length <= 20 ? `'${answer}'` : 'a long string';
  if (Array.isArray(answer)) return 'an array';
  if (isLater(answer)) return 'a promise';
  const type = typeof answer;
  return type === 'undefined' ? 'nothing' : type === 'object' ? 'an object' : `a ${type}`;
}

/** What was thrown, in one line that is not too long; what was thrown may not even have words. */
export function wordsOf(thrown: unknown): string {
  try {
    const [line = ''] = messageOf(thrown).split('\n');
    return line.length > longest ? `${line.slice(0, longest)}…` : line;
  } catch {
    return 'something without words';
  }
}

/** Nobody waits for that promise any more: if it rejects nobody needs to know. */
export function forget(answer: unknown): void {
  try {
    if (isLater(answer)) answer.then(undefined, () => undefined);
  } catch {
    // It only looked like one.
  }
}

/**
 * Settles once, as `answer` does or with what `late` makes when it has not within `ms`. Returns what ends the waiting: then
 * it never does.
 */
export function awaitAnswer(
  answer: PromiseLike<unknown>,
  ms: number,
  settled: { readonly came: (value: unknown) => void; readonly failed: (detail: string) => void },
): () => void {
  let over = false;
  const once = (action: () => void): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    action();
  };
  const timer = setTimeout(() => {
    once(() => {
      settled.failed(`expected an answer within ${ms / 1000} s, got none`);
    });
  }, ms);
  const failed = (thrown: unknown): void => {
    once(() => {
      settled.failed(failure(thrown));
    });
  };
  // Async: what `then` of a stranger throws is a rejection then.
  const waiting = async (): Promise<unknown> => answer;
  waiting().then((value) => {
    once(() => {
      settled.came(value);
    });
  }, failed);
  return () => {
    once(() => undefined);
  };
}

/** What is reported of something that was thrown. */
export function failure(thrown: unknown): string {
  return `expected no error, got: ${wordsOf(thrown)}`;
}
