/**
 * Packets of the 2017 edition (SIP004), the same in both directions: a key of their own each, from a salt of their
 * own, and so always the same nonce.
 *
 * ```
 *   SALT     │ ATYP ADDR PORT │ PAYLOAD  │ TAG
 *   16 or 32 │                │ the rest │  16
 *            └─ sealed, nonce 0 ─────────┘
 * ```
 *
 * Nothing in it says when it was made, which way it goes, or what it answers. So the salts of the last packets are
 * remembered, those of our own too: a repetition is dropped, and our own voice does not come back as an answer.
 */
import { concat } from '../bytes.js';
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import { encodeTarget } from './address.js';
import type { Target } from './address.js';
import { tagLength } from './methods.js';
import { readAnswer, readDatagram } from './packets-edition.js';
import type { PacketEdition, PacketSealer } from './packets-edition.js';
import { createSession, freshSalt, openMessage, sealMessage } from './session.js';
import type { Cipher } from './session.js';

/** Salts remembered by a remote for its key, and by a local for one association, of which it may have hundreds. */
const remembered = { server: 65_536, client: 4096 } as const;

export const sip004Packets: PacketEdition = {
  client(cipher, env) {
    const packets = new SaltedPackets(cipher, env, new SaltRing(remembered.client));
    return {
      seal: (target, payload) => packets.seal(target, payload),
      open: (packet) => packets.open(packet, readAnswer),
    };
  },

  server(cipher, env) {
    const packets = new SaltedPackets(cipher, env, new SaltRing(remembered.server));
    return {
      open(packet) {
        const { peer: target, payload } = packets.open(packet, readDatagram);
        return {
          timestamp: undefined,
          target,
          payload,
          session: undefined,
          sealer: packets,
          user: undefined,
        };
      },
    };
  },
};

class SaltedPackets implements PacketSealer {
  readonly #cipher: Cipher;
  readonly #env: Environment;
  readonly #salts: SaltRing;

  constructor(cipher: Cipher, env: Environment, salts: SaltRing) {
    this.#cipher = cipher;
    this.#env = env;
    this.#salts = salts;
  }

  seal(peer: Target, payload: Uint8Array): Uint8Array {
    const salt = freshSalt(this.#cipher.method, this.#env);
    const packet = sealMessage(createSession(this.#cipher, salt), concat([encodeTarget(peer), payload]));
    this.#salts.add(salt);
    return concat([salt, packet]);
  }

  /** What `read` makes of the plaintext. The salt is remembered last, when nothing can be wrong any more. */
  open<Opened>(packet: Uint8Array, read: (plain: Uint8Array, offset: number) => Opened): Opened {
    const { saltLength } = this.#cipher.method;
    if (packet.length < saltLength + tagLength) {
      throw new AuthError(`packet: expected at least ${saltLength + tagLength} bytes, got ${packet.length}`);
    }
    const salt = packet.subarray(0, saltLength);
    if (this.#salts.has(salt)) {
      throw new AuthError('packet salt: expected a new one, got one seen before', { code: 'replay' });
    }
    const opened = read(openMessage(createSession(this.#cipher, salt), packet.subarray(saltLength)), 0);
    this.#salts.add(salt);
    return opened;
  }
}

/** The last `size` salts, exactly: a filter that errs would drop genuine packets. */
class SaltRing {
  readonly #size: number;
  readonly #names: string[] = [];
  readonly #known = new Set<string>();
  #next = 0;

  constructor(size: number) {
    this.#size = size;
  }

  has(salt: Uint8Array): boolean {
    return this.#known.has(latin1(salt));
  }

  /** Remembers a salt, and forgets the oldest for it. */
  add(salt: Uint8Array): void {
    const name = latin1(salt);
    this.#known.delete(this.#names[this.#next] ?? '');
    this.#names[this.#next] = name;
    this.#known.add(name);
    this.#next = (this.#next + 1) % this.#size;
  }
}

function latin1(salt: Uint8Array): string {
  return Buffer.from(salt.buffer, salt.byteOffset, salt.length).toString('latin1');
}
