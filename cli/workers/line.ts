/** What two processes of one half say to each other: questions and answers, over the channel that Node gives them. */
import { deserialize, serialize } from 'node:v8';
import { messageOf, StoppedError } from '../../shared/errors.js';
import { packError, type PackedError, unpackError } from './packed-error.js';

/** What one end answers: by the name of the question, a function of what goes with it. */
export type Answers<Own> = { readonly [Name in keyof Own]: (asked: never) => unknown };

type AskedOf<Theirs extends Answers<Theirs>, Name extends keyof Theirs> = Parameters<Theirs[Name]>[0];
type Answer<Theirs extends Answers<Theirs>, Name extends keyof Theirs> = Awaited<ReturnType<Theirs[Name]>>;

/** `number` joins an answer to its question. */
type Message =
  | { readonly kind: 'question'; readonly number: number; readonly name: string; readonly asked: unknown }
  | { readonly kind: 'answer'; readonly number: number; readonly value: unknown }
  | { readonly kind: 'failure'; readonly number: number; readonly error: PackedError }
  | { readonly kind: 'word'; readonly name: string; readonly asked: unknown };

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

/** One end of the channel. */
export class Line<Theirs extends Answers<Theirs>> {
  readonly #send: (text: string) => void;
  #own: ReadonlyMap<string, (asked: never) => unknown> = new Map();
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed = false;

  /** `send` takes a text to the other end, whose `hear` is called with it. */
  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** What this end answers from now on. */
  answers<Own extends Answers<Own>>(own: Own): void {
    this.#own = new Map(Object.entries<(asked: never) => unknown>(own));
  }

  /** What the other end answers. Rejects as it did there, and when that end is gone. */
  ask<Name extends keyof Theirs & string>(
    name: Name,
    asked: AskedOf<Theirs, Name>,
  ): Promise<Answer<Theirs, Name>> {
    if (this.#closed) return Promise.reject(gone());
    this.#last += 1;
    const number = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(number, { resolve, reject });
      this.#say({ kind: 'question', number, name, asked });
    });
  }

  /** Says something that needs no answer. */
  tell<Name extends keyof Theirs & string>(name: Name, asked: AskedOf<Theirs, Name>): void {
    if (!this.#closed) this.#say({ kind: 'word', name, asked });
  }

  /** Something came from the other end. */
  hear(text: unknown): void {
    if (typeof text !== 'string' || this.#closed) return;
    const message = deserialize(Buffer.from(text, 'base64')) as Message;
    if (message.kind === 'word') void this.#answer(message.name, message.asked);
    else if (message.kind === 'question') void this.#reply(message);
    else this.#settle(message);
  }

  /** The other end is gone: nothing that was asked is answered any more. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(gone());
    this.#waiting.clear();
  }

  async #reply({ number, name, asked }: Extract<Message, { kind: 'question' }>): Promise<void> {
    try {
      const value = await this.#answer(name, asked);
      if (!this.#closed) this.#say({ kind: 'answer', number, value });
    } catch (error) {
      if (!this.#closed) this.#say({ kind: 'failure', number, error: packError(error) });
    }
  }

  #answer(name: string, asked: unknown): unknown {
    const answer = this.#own.get(name);
    if (answer === undefined) throw new Error(`worker: expected a question that is known, got ${name}`);
    return answer(asked as never);
  }

  #settle(message: Extract<Message, { kind: 'answer' | 'failure' }>): void {
    const waiting = this.#waiting.get(message.number);
    this.#waiting.delete(message.number);
    if (message.kind === 'answer') waiting?.resolve(message.value as never);
    else waiting?.reject(unpackError(message.error));
  }

  /**
   * As text: the channel then speaks JSON, in which Node hands over a connection for a fifth less CPU time than in the
   * format that knows of bytes (docs/adr/0010-all-cores.md).
   */
  #say(message: Message): void {
    this.#send(serialize(message).toString('base64'));
  }
}

function gone(): StoppedError {
  return new StoppedError('worker: expected an answer, got the end of its process');
}

/** `asked`, or an Error after `ms` that names `what`. */
export function inTime<T>(asked: Promise<T>, ms: number, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const deadline = setTimeout(() => {
      // What came while this process stood still is read before.
      setImmediate(() => {
        reject(new Error(`${what}: expected an answer within ${ms / 1000} s, got none`));
      });
    }, ms);
    asked
      .then(resolve, (error: unknown) => {
        reject(error instanceof Error ? error : new Error(messageOf(error)));
      })
      .finally(() => {
        clearTimeout(deadline);
      });
  });
}
