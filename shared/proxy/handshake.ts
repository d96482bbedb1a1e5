/**
 * A handshake is a conversation before the relay begins, written as a generator that says what it needs next:
 * "give me n bytes", "send these". It does no I/O, so the same lines serve a socket, a carrier and a test, and read
 * in the order of the RFC they come from.
 *
 * Whoever drives it feeds `next()` with what a step asked for and keeps every byte that was not asked for: those
 * already belong to the relay. Callbacks and a state machine were the alternative; they hide the order of things.
 */

/** One thing a handshake needs before it can go on. */
export type Step =
  | {
      /** Exactly this many bytes, at least 1; they come back owned by the handshake. */
      readonly read: number;
    }
  | {
      /** This many bytes, at least 1, without taking them: the next step sees them again. */
      readonly peek: number;
    }
  | {
      /** Bytes up to this one, and it as well; owned. The first `atMost` bytes when it is not among them. */
      readonly until: number;
      readonly atMost: number;
    }
  | {
      /** Bytes for the peer, given away. What comes back is ignored: an empty array will do. */
      readonly write: Uint8Array;
    };

/** Returns what the two sides agreed on. Throws `ProtocolError` after its last answer, if there was one to give. */
export type Handshake<T> = Generator<Step, T, Uint8Array>;

/** The next `length` bytes of the peer, owned. */
export function* read(length: number): Handshake<Uint8Array> {
  return yield { read: length };
}

/** The next `length` bytes of the peer, which stay where they are. */
export function* peek(length: number): Handshake<Uint8Array> {
  return yield { peek: length };
}

/** The bytes of the peer up to and including `byte`, owned; `atMost` bytes without it when it comes no earlier. */
export function* readUntil(byte: number, atMost: number): Handshake<Uint8Array> {
  return yield { until: byte, atMost };
}

/** Sends `bytes` to the peer and gives them away. */
export function* write(bytes: Uint8Array): Handshake<void> {
  yield { write: bytes };
}

/** Sends `words`, gives them away and returns what `answer` comes to. */
export function* ask<T>(words: Uint8Array, answer: Handshake<T>): Handshake<T> {
  yield* write(words);
  return yield* answer;
}
