import { describe, expect, test } from 'vitest';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import type { User } from '../../shared/codec/session.js';
import { RequestSealer } from '../../shared/codec/stream.js';
import { streamUsers } from '../../shared/codec/users.js';
import { methods2017, pattern, sealed } from '../support/codec.js';
import { rosterOf } from '../support/identity.js';
import { clockAt, environmentOf, payload, target } from '../support/packets.js';

/** Two hundred users, and how often a key of theirs has been tried. */
function crowd(method: (typeof methods2017)[number]): {
  readonly users: readonly User[];
  readonly trials: (work: () => unknown) => number;
} {
  let tried = 0;
  const users = Array.from({ length: 200 }, (_, at) => {
    const cipher = { method, key: pattern(method.keyLength, at), backend: 'native' as const };
    return {
      name: `user-${at}`,
      get cipher() {
        tried += 1;
        return cipher;
      },
    };
  });
  const trials = (work: () => unknown): number => {
    tried = 0;
    work();
    return tried;
  };
  return { users, trials };
}

const environment = environmentOf(clockAt());

describe.each(methods2017)('two hundred users of $name', (method) => {
  const { users, trials } = crowd(method);
  const remote = { method, key: pattern(method.keyLength, 999), backend: 'native' as const };
  const last = { method, key: pattern(method.keyLength, 199), backend: 'native' as const };

  test('cost one trial for a stream from an address that is known', () => {
    const known = streamUsers(remote, rosterOf(users), environment);
    const opening = (seed: number): Uint8Array =>
      sealed((out) => {
        new RequestSealer(last, target, environmentOf(clockAt(), seed)).seal(payload, out);
      }).subarray(0, known.openingLength);
    expect(trials(() => known.find(opening(1), 'here'))).toBe(200);
    for (let seed = 2; seed < 12; seed += 1) {
      expect(trials(() => known.find(opening(seed), 'here'))).toBe(1);
    }
  });

  test('cost as many trials for a datagram from an address that is known as one user does', () => {
    const client = packetClient(last, environmentOf(clockAt(), 3));
    const many = packetServer(remote, environmentOf(clockAt(), 2), rosterOf(users));
    const alone = packetServer(remote, environmentOf(clockAt(), 2), rosterOf(users.slice(-1)));
    many.open(client.seal(target, payload), 'here');
    for (let packet = 0; packet < 10; packet += 1) {
      const next = client.seal(target, payload);
      const forOne = trials(() => alone.open(next, 'here'));
      expect(trials(() => many.open(next, 'here'))).toBe(forOne);
    }
  });
});
