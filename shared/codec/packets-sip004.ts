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
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import type { Target } from './address.js';
import { KnownTargets } from './known-targets.js';
import { tagLength } from './methods.js';
import type { Method } from './methods.js';
import { readAnswer, readDatagram } from './packets-edition.js';
import type { OpenedPacket, PacketEdition, PacketSealer, PacketServer } from './packets-edition.js';
import { joined } from './room.js';
import { createSession, freshSalt, openMessage } from './session.js';
import type { Cipher, Roster, User } from './session.js';
import { TriedUsers } from './tried-users.js';

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

  server(cipher, env, users) {
    if (users !== undefined) return new SharedServer(cipher, users, env);
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

/** How what stands in a packet is read: `readAnswer` or `readDatagram`. */
type Reading<Opened> = (plain: Uint8Array, offset: number, known: KnownTargets) => Opened;

class SaltedPackets implements PacketSealer {
  /** Those that its packets name, both ways. */
  readonly targets: KnownTargets = new KnownTargets();
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
    const { aead, nonce } = createSession(this.#cipher, salt);
    const { body, tag } = aead.seal(nonce.take(), joined(this.targets.encode(peer), payload));
    this.#salts.add(salt);
    return joined(salt, body, tag);
  }

  /** What `read` makes of the plaintext. The salt is remembered last, when nothing can be wrong any more. */
  open<Opened>(packet: Uint8Array, read: Reading<Opened>): Opened {
    const salt = this.#salts.newOf(packet, this.#cipher.method);
    const opened = read(openSalted(this.#cipher, packet), 0, this.targets);
    this.#salts.add(salt);
    return opened;
  }
}

/** A user, and what seals the answers to it. */
type SealingUser = User & { readonly sealer: SaltedPackets };

/** The remote's side, where each user has a key of its own. They share its memory of salts. */
class SharedServer implements PacketServer {
  readonly #method: Method;
  readonly #salts: SaltRing = new SaltRing(remembered.server);
  readonly #tried: TriedUsers<SealingUser>;

  constructor({ method }: Cipher, users: Roster, env: Environment) {
    this.#method = method;
    this.#tried = new TriedUsers([], env);
    const sealing = new Map<User, SealingUser>();
    users.watch({
      added: (user) => {
        const one = { ...user, sealer: new SaltedPackets(user.cipher, env, this.#salts) };
        sealing.set(user, one);
        this.#tried.add(one);
      },
      removed: (user) => {
        const one = sealing.get(user);
        sealing.delete(user);
        if (one !== undefined) this.#tried.remove(one);
      },
    });
  }

  open(packet: Uint8Array, source = ''): OpenedPacket {
    // Before keys are tried: a packet that the network repeats costs no search.
    const salt = this.#salts.newOf(packet, this.#method);
    const { user, plain } = this.#tried.find(source, (each) => ({
      user: each,
      plain: openSalted(each.cipher, packet),
    }));
    const { peer: target, payload } = readDatagram(plain, 0, user.sealer.targets);
    this.#salts.add(salt);
    const { name, sealer } = user;
    return { timestamp: undefined, target, payload, session: undefined, sealer, user: name };
  }
}

/**
 * The plaintext of a packet that begins with its salt.
 *
 * @throws AuthError when it is not sealed with this key.
 */
function openSalted(cipher: Cipher, packet: Uint8Array): Uint8Array {
  const { saltLength } = cipher.method;
  return openMessage(createSession(cipher, packet.subarray(0, saltLength)), packet.subarray(saltLength));
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

  /**
   * The salt of a packet under that method, lent.
   *
   * @throws AuthError when the packet is too short for one, or the salt has been seen (code `replay`).
   */
  newOf(packet: Uint8Array, { saltLength }: Method): Uint8Array {
    if (packet.length < saltLength + tagLength) {
      throw new AuthError(`packet: expected at least ${saltLength + tagLength} bytes, got ${packet.length}`);
    }
    const salt = packet.subarray(0, saltLength);
    if (this.has(salt)) {
      throw new AuthError('packet salt: expected a new one, got one seen before', { code: 'replay' });
    }
    return salt;
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
