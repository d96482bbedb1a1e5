import { readFileSync } from 'node:fs';
import type { CipherBackend } from '../../shared/codec/aead.js';
import { type Method, methods } from '../../shared/codec/methods.js';
import type { Cipher, Roster, RosterWatcher, User } from '../../shared/codec/session.js';
import { hex, pattern } from './codec.js';

/** The methods whose clients can name themselves. */
export const identityMethods: readonly Method[] = [
  methods['2022-blake3-aes-128-gcm'],
  methods['2022-blake3-aes-256-gcm'],
];

/** A remote with three users, and what each of them holds. */
export interface Household {
  /** The remote's own cipher. */
  readonly remote: Cipher;
  readonly users: readonly User[];
  readonly roster: Roster;
  /** The cipher of a client who is that user. */
  readonly client: (name: string) => Cipher;
}

/** A remote with the users ann, ben and eve. */
export function household(method: Method, backend: CipherBackend = 'native'): Household {
  const cipherOf = (seed: number): Cipher => ({ method, key: pattern(method.keyLength, seed), backend });
  const remote = cipherOf(40);
  const users = ['ann', 'ben', 'eve'].map((name, index) => ({ name, cipher: cipherOf(50 + index) }));
  const client = (name: string): Cipher => {
    const own = users.find((user) => user.name === name)?.cipher ?? cipherOf(99);
    return method.edition === 2017 ? own : { ...own, identityKeys: [remote.key] };
  };
  return { remote, users, roster: rosterOf(users), client };
}

/** These users, who come and go as the test says. */
export function rosterOf(users: readonly User[]): Roster & RosterWatcher {
  const present = new Set(users);
  const watchers: RosterWatcher[] = [];
  return {
    watch: (watcher) => {
      watchers.push(watcher);
      present.forEach(watcher.added);
    },
    added: (user) => {
      present.add(user);
      for (const { added } of watchers) added(user);
    },
    removed: (user) => {
      present.delete(user);
      for (const { removed } of watchers) removed(user);
    },
  };
}

type Field =
  | 'psk'
  | 'ipsk0'
  | 'ipsk1'
  | 'psk_hash16'
  | 'request_salt'
  | 'eih1_identity_subkey'
  | 'tcp_request_1ipsk'
  | 'tcp_request_2ipsk'
  | 'tcp_response'
  | 'udp_c2s_1ipsk'
  | 'udp_c2s_2ipsk'
  | 'udp_s2c';

const vectors = JSON.parse(
  readFileSync(new URL('../vectors/shadowsocks-identity.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, Readonly<Record<Field, string>>>>;

/** The vectors of SIP023 for that method. */
export function identityVector({ name }: Method): Readonly<Record<Field, Uint8Array>> {
  const vector = vectors[name];
  if (vector === undefined) throw new Error(`vectors: expected some for ${name}, got none`);
  return Object.fromEntries(Object.entries(vector).map(([field, value]) => [field, hex(value)])) as Readonly<
    Record<Field, Uint8Array>
  >;
}
