/**
 * Packets of the 2022 edition (SIP022 §3.2, §4.1): who remembers what.
 *
 * Each side draws a session ID and counts its packets; the other keeps a sliding window over that count. The order is
 * always the same: the window is looked at, the packet opened, its type and time and contents checked, and only then
 * is anything remembered. A recorded or spoofed packet can so neither open a session nor move a window.
 */
import type { Environment } from '../environment.js';
import { AuthError } from '../errors.js';
import type { Target } from './address.js';
import type { Aead } from './aead.js';
import { KnownTargets } from './known-targets.js';
import { decodeAnswer, decodeRequest, encodeAnswer, encodeRequest } from './packets-body.js';
import type {
  OpenedAnswer,
  OpenedPacket,
  PacketClient,
  PacketEdition,
  PacketServer,
  PacketSession,
} from './packets-edition.js';
import { packetFrame, usersFrame } from './packets-frame.js';
import type { PacketFrame, PacketIds, Unwrapping, Wrapping } from './packets-frame.js';
import { OutgoingPackets } from './packets-outgoing.js';
import { SlidingWindow, packetIdLimit } from './window.js';

export const sip022Packets: PacketEdition = {
  client: (cipher, env) => new Client(packetFrame(cipher, env), env),
  server: (cipher, env, users) =>
    new Server(users === undefined ? packetFrame(cipher, env) : usersFrame(cipher, users), env),
};

/** A session of the other side: its cipher, and which of its packets have been here. */
interface IncomingPackets {
  readonly aead: Aead;
  readonly window: SlidingWindow;
}

/**
 * The cipher for a packet of a known session, or of one that may become known.
 *
 * @throws AuthError for a packet ID that is not new.
 */
function admit(wrapping: Wrapping, ids: PacketIds, known: IncomingPackets | undefined): Aead {
  const isNew = known?.window.isNew(ids.packet) ?? ids.packet < packetIdLimit;
  if (!isNew) {
    throw new AuthError('packet ID: expected a new one, got one seen before or out of range', {
      code: 'replay',
    });
  }
  return known?.aead ?? wrapping.aead(ids.session);
}

class Server implements PacketServer {
  readonly #unwrapping: Unwrapping;
  readonly #env: Environment;
  readonly #sessions = new Map<bigint, Session>();
  readonly #targets = new KnownTargets();

  constructor(unwrapping: Unwrapping, env: Environment) {
    this.#unwrapping = unwrapping;
    this.#env = env;
  }

  open(packet: Uint8Array): OpenedPacket {
    const { ids, aead, wrapping, body } = this.#unwrapping.open(packet, (outer, by) =>
      this.#admit(outer, by),
    );
    const { timestamp, peer: target, payload } = decodeRequest(body, this.#env, this.#targets);
    const session = this.#sessions.get(ids.session) ?? this.#begin(ids.session, aead, wrapping);
    session.window.add(ids.packet);
    return { timestamp, target, payload, session, sealer: session, user: wrapping.user };
  }

  /** A session belongs to whoever began it: what others send in its name would be answered to them. */
  #admit(ids: PacketIds, wrapping: Wrapping): Aead {
    const known = this.#sessions.get(ids.session);
    if (known !== undefined && known.user !== wrapping.user) {
      throw new AuthError('session: expected packets of the user who began it, got one of another');
    }
    return admit(wrapping, ids, known);
  }

  #begin(id: bigint, aead: Aead, wrapping: Wrapping): Session {
    const session = new Session(
      { id, aead, user: wrapping.user },
      {
        outgoing: () => new OutgoingPackets(wrapping, this.#env),
        env: this.#env,
        targets: this.#targets,
        forget: () => {
          if (this.#sessions.get(id) === session) this.#sessions.delete(id);
        },
      },
    );
    this.#sessions.set(id, session);
    return session;
  }
}

/** What a session of a client wants from the remote it belongs to. */
interface SessionPlace {
  readonly outgoing: () => OutgoingPackets;
  readonly env: Environment;
  readonly targets: KnownTargets;
  readonly forget: () => void;
}

/** Whose session it is, and what its packets are opened with. */
interface SessionOf {
  readonly id: bigint;
  readonly aead: Aead;
  readonly user: string | undefined;
}

class Session implements PacketSession, IncomingPackets {
  readonly aead: Aead;
  readonly user: string | undefined;
  readonly window: SlidingWindow = new SlidingWindow();
  readonly end: () => void;
  readonly #id: bigint;
  readonly #place: SessionPlace;
  /** From the first answer on: many a target never gives one. */
  #outgoing: OutgoingPackets | undefined;

  constructor({ id, aead, user }: SessionOf, place: SessionPlace) {
    this.#id = id;
    this.aead = aead;
    this.user = user;
    this.#place = place;
    this.end = place.forget;
  }

  seal(source: Target, payload: Uint8Array): Uint8Array {
    const { outgoing, env, targets } = this.#place;
    this.#outgoing ??= outgoing();
    const answer = { peer: source, payload, address: targets.encode(source) };
    return this.#outgoing.seal(encodeAnswer(this.#id, answer, env));
  }
}

/** A session of the remote, and when its last genuine packet came, in milliseconds. */
interface RemoteSession extends IncomingPackets {
  readonly id: bigint;
  seen: number;
}

/**
 * How long an old session of the remote stays known after its last packet. SIP022 §3.2.4 says a minute; a packet
 * stamped 30 s ahead, in whole seconds, can be played again until just under 61 s after it came.
 */
const keepOld = 61_000;

/**
 * Knows two sessions of its remote, the present one and the one before: a remote that is started anew begins another,
 * and its last packets may still be on their way.
 */
class Client implements PacketClient {
  readonly #frame: PacketFrame;
  readonly #env: Environment;
  readonly #outgoing: OutgoingPackets;
  readonly #targets = new KnownTargets();
  #current: RemoteSession | undefined;
  #old: RemoteSession | undefined;

  constructor(frame: PacketFrame, env: Environment) {
    this.#frame = frame;
    this.#env = env;
    this.#outgoing = new OutgoingPackets(frame, env);
  }

  seal(target: Target, payload: Uint8Array): Uint8Array {
    const address = this.#targets.encode(target);
    return this.#outgoing.seal(encodeRequest({ peer: target, payload, address }, this.#env));
  }

  open(packet: Uint8Array): OpenedAnswer {
    const { ids, aead, body } = this.#frame.open(packet, (outer) => this.#admit(outer));
    const answer = decodeAnswer(body, this.#env, {
      clientSession: this.#outgoing.id,
      known: this.#targets,
    });
    const session = this.#known(ids.session) ?? this.#succeed(ids.session, aead);
    session.window.add(ids.packet);
    session.seen = this.#env.now();
    return answer;
  }

  #known(id: bigint): RemoteSession | undefined {
    return this.#current?.id === id ? this.#current : this.#old?.id === id ? this.#old : undefined;
  }

  #admit(ids: PacketIds): Aead {
    const known = this.#known(ids.session);
    if (known === undefined && this.#old !== undefined) {
      // A clock that was set back must not shut new sessions out for as long as it was set back.
      const age = Math.abs(this.#env.now() - this.#old.seen);
      if (age < keepOld)
        throw new AuthError('session of the remote: expected one of the last two, got a third');
    }
    return admit(this.#frame, ids, known);
  }

  #succeed(id: bigint, aead: Aead): RemoteSession {
    this.#old = this.#current;
    this.#current = { id, aead, window: new SlidingWindow(), seen: this.#env.now() };
    return this.#current;
  }
}
