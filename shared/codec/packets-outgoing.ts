import type { Environment } from '../environment.js';
import type { Aead } from './aead.js';
import type { Wrapping } from './packets-frame.js';
import { packetIdLimit } from './window.js';

/**
 * One side's own session: an ID from the dice, and a count of its packets from 0 (SIP022 §3.2.2). A packet ID used
 * twice gives the key away, so a session that has used all of them is followed by a new one.
 */
export class OutgoingPackets {
  readonly #wrapping: Wrapping;
  readonly #env: Environment;
  #id: bigint;
  #aead: Aead;
  #next: bigint;

  /** Counts on from `first`, normally 0. */
  constructor(wrapping: Wrapping, env: Environment, first = 0n) {
    this.#wrapping = wrapping;
    this.#env = env;
    this.#id = freshId(env);
    this.#aead = wrapping.aead(this.#id);
    this.#next = first;
  }

  /** The session ID of the last packet, and of the next one but for the rarest of cases. */
  get id(): bigint {
    return this.#id;
  }

  /** A packet of this session with the next number. */
  seal(body: Uint8Array): Uint8Array {
    if (this.#next >= packetIdLimit) {
      this.#id = freshId(this.#env);
      this.#aead = this.#wrapping.aead(this.#id);
      this.#next = 0n;
    }
    return this.#wrapping.seal({ session: this.#id, packet: this.#next++ }, this.#aead, body);
  }
}

function freshId(env: Environment): bigint {
  const random = env.randomBytes(8);
  return new DataView(random.buffer, random.byteOffset).getBigUint64(0);
}
