import { describe, expect, it } from 'vitest';
import { type MethodName, methods } from '../../shared/codec/methods.js';
import { Users } from '../../shared/codec/users.js';
import { ConfigError } from '../../shared/errors.js';
import { liveUsers, noUsers, type UserRecords } from '../../shared/serve/live-users.js';
import { userStoreContract } from '../contracts/user-store.js';
import { cipherFor, pattern } from '../support/codec.js';

const key = (seed: number): string => Buffer.from(pattern(32, seed)).toString('base64');
const ann = { name: 'ann', secret: key(1) };
const ben = { name: 'ben', secret: key(2) };

function users(name: MethodName = '2022-blake3-aes-256-gcm'): Users {
  return new Users(cipherFor(methods[name]), [ann]);
}

describe.each<MethodName>(['2022-blake3-aes-256-gcm', 'aes-256-gcm'])('users of a port, %s', (name) => {
  const cipher = cipherFor(methods[name]);
  userStoreContract((secrets) => liveUsers(new Users(cipher, secrets), { removed: () => undefined }), key);
});

/** Records that keep what they are told, or fail. */
function records(fault?: Error): UserRecords & { readonly written: unknown[]; mend(): void } {
  const written: unknown[] = [];
  let present = fault;
  return {
    written,
    mend() {
      present = undefined;
    },
    check: ({ secret }) =>
      secret === key(9) ? Promise.reject(new ConfigError('not that one')) : Promise.resolve(),
    write: (changes) => {
      if (present !== undefined) return Promise.reject(present);
      written.push(...changes);
      return Promise.resolve();
    },
  };
}

const diskFull = new Error('disk full');

describe('users that are written down', () => {
  it('are so at each change, one after the other', async () => {
    const file = records();
    const store = liveUsers(users(), { records: file, removed: () => undefined });
    await Promise.all([
      store.add(ben),
      store.replace('ann', key(3)),
      store.remove('ben'),
      store.remove('ben'),
      store.replace('ben', key(4)),
    ]);
    expect(file.written).toEqual([
      ['ben', ben.secret],
      ['ann', key(3)],
      ['ben', undefined],
    ]);
    expect(await store.list()).toEqual([{ name: 'ann', secret: key(3) }]);
  });

  it('are not let in when that fails, and are shut out all the same', async () => {
    const live = users();
    const removed: string[] = [];
    const store = liveUsers(live, {
      records: records(diskFull),
      removed: (name) => {
        removed.push(name);
      },
    });
    await expect(store.add(ben)).rejects.toThrow('disk full');
    expect(await store.list()).toEqual([ann]);
    await expect(store.replace('ann', key(3))).rejects.toThrow('disk full');
    expect(await store.list()).toEqual([{ name: 'ann', secret: key(3) }]);
    await expect(store.remove('ann')).rejects.toThrow('disk full');
    expect([await store.list(), removed]).toEqual([[], ['ann']]);
  });

  it('are with the next change that can be, when the disk was full: nobody who was shut out is back', async () => {
    const file = records(diskFull);
    const live = new Users(cipherFor(methods['2022-blake3-aes-256-gcm']), [ann, ben]);
    const store = liveUsers(live, { records: file, removed: () => undefined });
    await expect(store.replace('ann', key(3))).rejects.toThrow('disk full');
    await expect(store.remove('ben')).rejects.toThrow('disk full');
    await expect(store.add({ name: 'eve', secret: key(4) })).rejects.toThrow('disk full');
    file.mend();
    await store.add({ name: 'kim', secret: key(5) });
    const owed = [
      ['ann', key(3)],
      ['ben', undefined],
    ];
    expect(file.written).toEqual([...owed, ['kim', key(5)]]);
    expect(await store.remove('ben')).toBe(false);
  });

  it('are when the same is asked for again', async () => {
    const file = records(diskFull);
    const live = new Users(cipherFor(methods['2022-blake3-aes-256-gcm']), [ann, ben]);
    const store = liveUsers(live, { records: file, removed: () => undefined });
    await expect(store.remove('ben')).rejects.toThrow('disk full');
    await expect(store.remove('ben')).rejects.toThrow('disk full');
    file.mend();
    expect(await store.remove('ben')).toBe(true);
    expect(await store.remove('ben')).toBe(false);
    expect(await store.replace('ann', ann.secret)).toBe(true);
    expect(file.written).toEqual([
      ['ben', undefined],
      ['ann', ann.secret],
    ]);
  });

  it('are not the fault of who asks when the file is unfit', async () => {
    const unfit = new ConfigError('users file u: expected mode 0600, got mode 0644');
    const store = liveUsers(users(), { records: records(unfit), removed: () => undefined });
    for (const change of [store.add(ben), store.replace('ann', key(3)), store.remove('ann')]) {
      const error: unknown = await change.catch((thrown: unknown) => thrown);
      expect(error).not.toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(
        /^user (ann|ben): expected .* to be written down, got .*mode 0644$/,
      );
    }
  });

  it('do not change at all to what cannot be written down', async () => {
    const store = liveUsers(users(), { records: records(), removed: () => undefined });
    await expect(store.add({ name: 'ben', secret: key(9) })).rejects.toThrow('not that one');
    await expect(store.replace('ann', key(9))).rejects.toThrow('not that one');
    expect(await store.list()).toEqual([ann]);
  });
});

describe('a set of users', () => {
  it('tells who comes and who goes, and of those who are there at once', async () => {
    const live = users('aes-256-gcm');
    const told: string[] = [];
    live.watch({
      added: ({ name }) => told.push(`+${name}`),
      removed: ({ name }) => told.push(`-${name}`),
    });
    const store = liveUsers(live, { removed: () => undefined });
    await store.add(ben);
    await store.replace('ann', 'another');
    await store.replace('ann', 'another');
    await store.remove('ben');
    expect(told).toEqual(['+ann', '+ben', '-ann', '+ann', '-ben']);
  });

  it('knows a cipher only as long as it is that of its user', () => {
    const live = users();
    const ciphers: Parameters<Users['has']>[1][] = [];
    live.watch({ added: ({ cipher }) => ciphers.push(cipher), removed: () => undefined });
    live.replace('ann', key(3));
    expect(ciphers.map((cipher) => live.has('ann', cipher))).toEqual([false, true]);
    live.remove('ann');
    expect(ciphers.map((cipher) => live.has('ann', cipher))).toEqual([false, false]);
  });

  it('takes no more of a 2017 method than keys can be tried for', () => {
    const live = users('aes-256-gcm');
    for (let at = 2; at <= 256; at++) live.add({ name: `user-${at}`, secret: `password-${at}` });
    expect(() => {
      live.add({ name: 'one-more', secret: 'password' });
    }).toThrow('at most 256 with aes-256-gcm, got 257');
    expect(live.replace('user-2', 'another')).toBe(true);
  });
});

it('a port with a key for everybody has no users, and takes none', async () => {
  const store = noUsers();
  await expect(store.add(ann)).rejects.toThrow(ConfigError);
  expect([await store.list(), await store.replace('ann', key(1)), await store.remove('ann')]).toEqual([
    [],
    false,
    false,
  ]);
});
