import { expect, test } from 'vitest';
import type { UserSecret } from '../../shared/codec/users.js';
import { ConfigError } from '../../shared/errors.js';
import type { UserStore } from '../../shared/serve/user-store.js';

/** What every store of users has to do. `open` makes one of these users; `secret` makes keys that fit it. */
export function userStoreContract(
  open: (users: readonly UserSecret[]) => UserStore | Promise<UserStore>,
  secret: (seed: number) => string,
): void {
  const ann = { name: 'ann', secret: secret(1) };
  const ben = { name: 'ben', secret: secret(2) };
  const eve = { name: 'eve', secret: secret(3) };

  test('it lists its users in the order in which they came', async () => {
    const store = await open([ben, ann]);
    expect(await store.list()).toEqual([ben, ann]);
    await store.add(eve);
    expect(await store.list()).toEqual([ben, ann, eve]);
  });

  test('it may have none, and get the first', async () => {
    const store = await open([]);
    expect(await store.list()).toEqual([]);
    await store.add(ann);
    expect(await store.list()).toEqual([ann]);
  });

  test.each([
    ['a name that is taken', { name: 'ann', secret: secret(4) }],
    ['a key that is taken', { name: 'eve', secret: secret(1) }],
    ['a name that is none', { name: 'a b', secret: secret(4) }],
    ['no name', { name: '', secret: secret(4) }],
    ['a name that could not be asked for again, as URLs drop it', { name: '..', secret: secret(4) }],
    ['a name that would be another line', { name: 'eve\nmal', secret: secret(4) }],
  ])('it refuses %s, and tells no key', async (_, user) => {
    const store = await open([ann, ben]);
    const refusal = await store.add(user).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ConfigError);
    expect((refusal as Error).message).not.toContain(user.secret);
    expect(await store.list()).toEqual([ann, ben]);
  });

  test('it gives a user another key', async () => {
    const store = await open([ann, ben]);
    expect(await store.replace('ann', eve.secret)).toBe(true);
    // In its place: what is written down does not change its order either.
    expect(await store.list()).toEqual([{ name: 'ann', secret: eve.secret }, ben]);
    // The old one is free again.
    await store.add({ name: 'eve', secret: ann.secret });
  });

  test('it gives nobody the key of another, and nothing to whom it does not know', async () => {
    const store = await open([ann, ben]);
    await expect(store.replace('ann', ben.secret)).rejects.toThrow(ConfigError);
    expect(await store.replace('eve', eve.secret)).toBe(false);
    expect(await store.list()).toEqual([ann, ben]);
  });

  test('whom it removes is gone, and may come again', async () => {
    const store = await open([ann, ben]);
    expect(await store.remove('ann')).toBe(true);
    expect(await store.remove('ann')).toBe(false);
    expect(await store.list()).toEqual([ben]);
    await store.add(ann);
    expect(await store.list()).toEqual([ben, ann]);
  });

  test('of two that come at once with one name, one is let in', async () => {
    const store = await open([]);
    const both = [secret(5), secret(6)].map((each) => store.add({ name: 'ann', secret: each }));
    const outcomes = (await Promise.allSettled(both)).map(({ status }) => status);
    expect(outcomes.sort()).toEqual(['fulfilled', 'rejected']);
    expect(await store.list()).toHaveLength(1);
  });
}
