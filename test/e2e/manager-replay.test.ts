import { expect, it, vi } from 'vitest';
import { masterKey } from '../../shared/codec/keys.js';
import { findMethod } from '../../index.js';
import { customary, managed, portToOpen } from '../support/managed.js';
import { connect } from '../support/peer.js';
import { expectSilence, shadowsocksFlight } from '../support/prober.js';
import { startTarget } from '../support/targets.js';

it('a recording is not answered again when a panel closes a port and opens it anew, without a state directory either', async () => {
  const { ask, events } = await managed();
  const port = await portToOpen();
  const target = await startTarget();
  const add = (password: string): Promise<string> =>
    ask(`add: {"server_port":${port},"password":"${password}"}`);
  const method = findMethod(customary);
  const cipher = { method, key: masterKey(method, 'a password'), backend: 'native' } as const;
  const flight = shadowsocksFlight(cipher, target).bytes;
  const play = async () => {
    const peer = await connect(port);
    await peer.send(flight);
    return peer;
  };
  const absorbed = () => events.filter(({ event }) => event === 'absorbed').length;

  expect(await add('a password')).toBe('ok');
  await play();
  await target.next();
  for (const between of ['remove', 'another password'] as const) {
    const before = absorbed();
    expect(await (between === 'remove' ? ask(`remove: {"server_port":${port}}`) : add(between))).toBe('ok');
    expect(await add('a password')).toBe('ok');
    const peer = await play();
    await vi.waitUntil(() => absorbed() > before || target.accepted > 1);
    expect(target.accepted).toBe(1);
    await expectSilence(peer);
  }
});
