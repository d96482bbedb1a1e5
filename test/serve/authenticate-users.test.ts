import { expect, it, vi } from 'vitest';
import { methods } from '../../shared/codec/methods.js';
import { streamUsers, Users } from '../../shared/codec/users.js';
import { cipherFor, pattern } from '../support/codec.js';
import { atTheGate, firstFlight, SlowStore, stillEnvironment } from '../support/gate.js';

it('a user who is removed while the salt of an opening is looked up is not let in by it', async () => {
  const remote = cipherFor(methods['2022-blake3-aes-256-gcm']);
  const key = pattern(32, 77);
  const users = new Users(remote, [{ name: 'ann', secret: Buffer.from(key).toString('base64') }]);
  const told = streamUsers(remote, users, stillEnvironment);
  const store = new SlowStore();
  const gate = await atTheGate(store, {
    users: { ...told, has: (name, cipher) => users.has(name, cipher) },
  });
  void gate.peer.send(firstFlight({ ...remote, key, identityKeys: [remote.key] }));
  await vi.waitUntil(() => store.waiting === 1);
  store.answer(false);
  await vi.waitUntil(() => store.asked.length === 2);
  users.remove('ann');
  store.answer(true);
  await vi.waitFor(() => {
    expect(gate.absorbed).toEqual(['key: expected that of a user, got one that was until just now']);
  });
  expect(gate.opened).toEqual([]);
});
