/** What becomes of a connection whose opening has proved to be authentic. */
import { isReserved, reservedTarget } from '../shared/codec/address.js';
import { type OpenedRequest, ResponseSealer } from '../shared/codec/stream.js';
import type { Environment } from '../shared/environment.js';
import { Carrier, carrierBytes } from '../shared/net/carrier.js';
import { IdleCarriers } from '../shared/net/idle-carriers.js';
import type { ReplayStore } from '../shared/net/replay.js';
import { SealedStream, type SealedOptions } from '../shared/net/sealed.js';
import type { TcpStream } from '../shared/net/tcp.js';
import { uotVersion } from '../shared/proxy/uot.js';
import type { Account } from '../shared/serve/accounts.js';
import type { Owned } from '../shared/serve/association.js';
import { absorb } from '../shared/serve/authenticate.js';
import { fixedTarget } from '../shared/serve/inbound.js';
import { type Inbound, type Machine, serveStream } from '../shared/serve/serve.js';
import type { Timeouts } from '../shared/serve/timeouts.js';
import { serveUot, type UotOptions } from '../shared/serve/uot.js';

/** Where it takes place. */
export interface Room {
  /** One for all conversations of an account: they are remembered for as long as they are open. */
  readonly machineOf: (account: Account) => Machine;
  readonly environment: Environment;
  readonly timeouts: Timeouts;
  readonly replay: ReplayStore;
  /** The clients of halflight locals, inside their conversations. */
  readonly inbound: Inbound;
  /** Datagrams in streams; undefined where none are served. */
  readonly uot: Omit<UotOptions, 'account'> | undefined;
  readonly absorbed: (why: string) => void;
  /** Carriers between two conversations. */
  readonly resting: Resting;
}

/**
 * The local is to be the first to find a carrier too old: where this half is, a conversation may be on its way, and not
 * everything can be said again.
 */
const lastsLonger = 1.05;

/** Serves what was opened, in somebody's name. */
export function converse(tcp: TcpStream, opened: OpenedRequest, room: Room & Owned): void {
  const { account, environment, timeouts, replay } = room;
  const raw = isReserved(opened.target);
  if (raw && opened.target.port !== reservedTarget.port) {
    const spoken = `${reservedTarget.port}, got ${opened.target.port}`;
    room.machineOf(account).observer({
      event: 'warning',
      detail: `carrier: expected raw wire version ${spoken}: update this remote`,
    });
    tcp.close();
    return;
  }
  const sealer = new ResponseSealer(opened.cipher, opened.salt, environment);
  // AEAD-2017 cannot tell our bytes from a client's: our own salts must not come back as an opening (T-06).
  if (opened.cipher.method.edition === 2017) void replay.checkAndAdd(sealer.salt).catch(() => undefined);
  const ends = { sealer, opener: opened.opener };
  const tampered: SealedOptions['tampered'] = (from, error) => {
    room.absorbed(error.message);
    absorb(from, timeouts.absorbMs);
  };
  if (raw) {
    const { resting } = room;
    const carrier = new Carrier(tcp, () => ends, {
      environment,
      tampered,
      ageMs: lastsLonger * timeouts.carrierAgeMs,
      mostBytes: lastsLonger * carrierBytes,
    });
    const machine = room.machineOf(account);
    const serve = (early?: Uint8Array): void => {
      const stream = carrier.converse((rest) => {
        resting.rest(carrier, rest, serve);
      }, early);
      void serveStream(stream, room.inbound, machine);
    };
    serve(opened.payload);
    return;
  }
  const early = opened.payload;
  const stream = new SealedStream(tcp, ends, { wire: 'shadowsocks', environment, early, tampered });
  const uot = uotVersion(opened.target);
  if (uot !== undefined) {
    // Nobody has that name: it is never dialled.
    if (room.uot === undefined) stream.abort();
    else serveUot(stream, uot, { ...room.uot, account });
    return;
  }
  void serveStream(stream, fixedTarget(opened.target), room.machineOf(account));
}

/** The carriers of a remote between two conversations. Their locals alone begin another one. */
export class Resting {
  readonly #idle: IdleCarriers;
  readonly #begin = new WeakMap<Carrier, () => void>();
  #stopped = false;

  constructor({ carrierRestMs }: Pick<Timeouts, 'carrierRestMs'>) {
    this.#idle = new IdleCarriers({
      idleMs: carrierRestMs,
      heard: (carrier, pieces) => {
        carrier.putBack(pieces);
        this.#begin.get(carrier)?.();
      },
    });
  }

  /** Lets a carrier wait for its next conversation, with what came of that already. */
  rest(carrier: Carrier, rest: readonly Uint8Array[], begin: () => void): void {
    carrier.putBack(rest);
    if (this.#stopped || carrier.spent) {
      carrier.tcp.close();
      return;
    }
    this.#begin.set(carrier, begin);
    this.#idle.add(carrier);
  }

  /** Closes the one that has waited for the longest. */
  makeRoom(): void {
    this.#idle.closeOldest();
  }

  /** Closes all, and whatever would still come. */
  stop(): void {
    this.#stopped = true;
    this.#idle.close('stopped');
  }
}
