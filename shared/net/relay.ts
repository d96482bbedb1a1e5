import { deaf, type PushStream, type Sink } from './stream.js';
import { TcpStream } from './tcp.js';

/** How long a side that has nothing more to hear may go on talking, ms. */
const lingerMs = 30_000;

/** What comes from a target in one piece of at most so many bytes may be all of an answer. */
const shortAnswer = 16 * 1024;

/** What became of a relayed conversation: undefined when both directions ended cleanly. */
export type RelayEnd = Error | undefined;

/**
 * Carries bytes both ways between a client and a target until both directions have ended, then calls `done` once.
 *
 * Each direction ends by itself. When the target's side breaks, the client first gets every byte that came, then an
 * end that is not clean, even behind a clean one: what it still sends reaches nobody. When the client's side breaks,
 * nobody is left to care and the target's side is reset.
 */
export function relay(client: PushStream, target: PushStream, done: (end: RelayEnd) => void): void {
  const conversation = new Conversation(client, target, done);
  // The target first: the client's early bytes then find somebody who listens to the answer.
  target.attach(new Side(target, client, conversation));
  client.attach(new Side(client, target, conversation));
}

class Conversation {
  readonly #client: PushStream;
  readonly #target: PushStream;
  readonly #done: (end: RelayEnd) => void;
  #clientEnded = false;
  #targetEnded = false;
  #over = false;

  constructor(client: PushStream, target: PushStream, done: (end: RelayEnd) => void) {
    this.#client = client;
    this.#target = target;
    this.#done = done;
  }

  answers(from: PushStream): boolean {
    return from === this.#target;
  }

  ended(from: PushStream): void {
    if (this.#over) return;
    if (from === this.#client) {
      this.#clientEnded = true;
      this.#target.end();
    } else {
      this.#targetEnded = true;
      this.#client.end();
    }
    if (this.#clientEnded && this.#targetEnded) this.#finish(undefined);
  }

  failed(from: PushStream, error: Error): void {
    if (this.#over) return;
    if (from === this.#client) this.#target.abort();
    else this.#client.truncate();
    this.#finish(error);
  }

  #finish(end: RelayEnd): void {
    this.#over = true;
    this.#done(end);
  }
}

class Side implements Sink {
  readonly #from: PushStream;
  readonly #to: PushStream;
  readonly #conversation: Conversation;
  readonly #copies: boolean;
  /** Sealed answers, whose end is one more write: a socket ends by a call of its own. */
  readonly #gathers: boolean;

  constructor(from: PushStream, to: PushStream, conversation: Conversation) {
    this.#from = from;
    this.#to = to;
    this.#conversation = conversation;
    this.#copies = from.lends && to.keeps;
    this.#gathers = from.lends && !to.keeps && conversation.answers(from);
  }

  receive(pieces: readonly Uint8Array[]): void {
    if (this.#gathers && pieces.length === 1 && (pieces[0]?.length ?? 0) <= shortAnswer) this.#to.gather?.();
    const room =
      this.#from.lends && !this.#copies
        ? this.#to.write(pieces)
        : this.#to.spend(this.#copies ? pieces.map((piece) => Buffer.from(piece)) : pieces);
    if (!room) this.#from.pause();
  }

  ended(): void {
    this.#conversation.ended(this.#from);
  }

  failed(error: Error): void {
    this.#conversation.failed(this.#from, error);
  }

  writable(): void {
    // What was waiting for `from` has left it: the other side may be read again.
    this.#to.resume();
  }
}

/** Ends a relayed conversation in which no byte moves for `ms`. One plain socket of the two sees every byte of it. */
export function limitIdle(streams: readonly PushStream[], ms: number): void {
  for (const stream of streams) stream.limitIdle?.(ms);
}

/** Says goodbye to a stream that was refused: ends our direction, lets the peer read it, discards what still comes. */
export function dismiss(stream: PushStream): void {
  const timer = linger(stream);
  const over = (): void => {
    clearTimeout(timer);
  };
  stream.attach({ ...deaf, ended: over, failed: over });
}

/**
 * Lets go of a stream as the kernel does of a socket that is closed: our end, and a reset for whoever still says
 * something. The process does not wait for that.
 */
export function letGo(stream: PushStream): void {
  if (stream instanceof TcpStream) {
    stream.drop();
    return;
  }
  const timer = linger(stream).unref();
  const over = (): void => {
    clearTimeout(timer);
  };
  const receive = (): void => {
    over();
    stream.abort();
  };
  stream.attach({ ...deaf, receive, ended: over, failed: over });
  stream.system?.unref();
}

/** Ends our direction, and resets the stream when the timer is left alone. */
function linger(stream: PushStream): NodeJS.Timeout {
  stream.end();
  return setTimeout(() => {
    stream.abort();
  }, lingerMs);
}
