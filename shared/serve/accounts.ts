/**
 * What everybody who uses a port carries. Counting costs nothing: sockets know their bytes, so those that are open are
 * asked when somebody looks, and what the others carried is added up once, when they end.
 */
import type { UsageStore, UserTraffic } from './usage-store.js';

/** What something carried. */
export interface Carried {
  /** Bytes from clients to targets. */
  readonly up: number;
  readonly down: number;
  readonly datagramsUp: number;
  readonly datagramsDown: number;
}

/** Something open in somebody's name. */
export interface Carrier {
  readonly kind: 'stream' | 'association';
  /** What it has carried so far. */
  carried(): Carried;
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] };

type Sums = Omit<UserTraffic, 'streams' | 'associations'>;

const nothing: Sums = {
  up: 0,
  down: 0,
  datagramsUp: 0,
  datagramsDown: 0,
  openedStreams: 0,
  openedAssociations: 0,
};

/** What is open, and was, in the name of one user, or of everybody where nobody has a name. */
export class Account {
  readonly user: string | undefined;
  readonly #open = new Set<Carrier>();
  /** What those carried that have ended, and how many were ever opened. Changed in place, several times a conversation. */
  readonly #past: Mutable<Sums> = { ...nothing };
  /** What is not to be told again. */
  #told = nothing;

  constructor(user: string | undefined) {
    this.user = user;
  }

  open(carrier: Carrier): void {
    this.#open.add(carrier);
    if (carrier.kind === 'stream') this.#past.openedStreams += 1;
    else this.#past.openedAssociations += 1;
  }

  /** May be repeated. */
  close(carrier: Carrier): void {
    if (!this.#open.delete(carrier)) return;
    const { up, down, datagramsUp, datagramsDown } = carrier.carried();
    this.#past.up += up;
    this.#past.down += down;
    this.#past.datagramsUp += datagramsUp;
    this.#past.datagramsDown += datagramsDown;
  }

  get idle(): boolean {
    return this.#open.size === 0;
  }

  /** Since it was opened. */
  sums(): Sums {
    let sums: Sums = { ...this.#past };
    for (const carrier of this.#open) sums = added(sums, { ...nothing, ...carrier.carried() });
    return sums;
  }

  /** Since it was last cleared. */
  traffic(): UserTraffic {
    let streams = 0;
    for (const { kind } of this.#open) if (kind === 'stream') streams += 1;
    return { ...added(this.sums(), this.#told, -1), streams, associations: this.#open.size - streams };
  }

  clear(): void {
    this.#told = this.sums();
  }
}

/** The accounts of one port. */
export class Accounts implements UsageStore {
  readonly #nobody = new Account(undefined);
  readonly #users = new Map<string, Account>();
  /** Of users who are there no more, until what they had open is closed. */
  readonly #leaving = new Set<Account>();
  #gone = 0;

  /** The account of a user, or of those who have no name. */
  accountOf(user: string | undefined): Account {
    if (user === undefined) return this.#nobody;
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    const account = new Account(user);
    this.#users.set(user, account);
    return account;
  }

  /** Forgets what a user has done: whoever comes next under that name begins at 0. */
  forget(user: string): void {
    const account = this.#users.get(user);
    if (account === undefined) return;
    this.#users.delete(user);
    this.#leaving.add(account);
    this.#settle();
  }

  /** All bytes that the port has carried, up and down, by whomever. */
  get bytes(): number {
    this.#settle();
    const present = [this.#nobody, ...this.#users.values(), ...this.#leaving];
    return present.reduce((sum, account) => sum + bytesOf(account), this.#gone);
  }

  of(name: string): Promise<UserTraffic> {
    return Promise.resolve((this.#users.get(name) ?? new Account(name)).traffic());
  }

  all(options: { readonly clear?: boolean } = {}): Promise<ReadonlyMap<string, UserTraffic>> {
    const all = new Map(Array.from(this.#users, ([name, account]) => [name, account.traffic()]));
    if (options.clear === true) for (const account of this.#users.values()) account.clear();
    return Promise.resolve(all);
  }

  #settle(): void {
    for (const account of this.#leaving) {
      if (!account.idle) continue;
      this.#leaving.delete(account);
      this.#gone += bytesOf(account);
    }
  }
}

function bytesOf(account: Account): number {
  const { up, down } = account.sums();
  return up + down;
}

function added(one: Sums, other: Sums, times: 1 | -1 = 1): Sums {
  return {
    up: one.up + times * other.up,
    down: one.down + times * other.down,
    datagramsUp: one.datagramsUp + times * other.datagramsUp,
    datagramsDown: one.datagramsDown + times * other.datagramsDown,
    openedStreams: one.openedStreams + times * other.openedStreams,
    openedAssociations: one.openedAssociations + times * other.openedAssociations,
  };
}
