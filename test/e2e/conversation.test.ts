import { describe, expect, it } from 'vitest';
import { methods } from '../../shared/codec/methods.js';
import { connect, type Digest, type Peer } from '../support/peer.js';
import { startEcho, startTarget } from '../support/targets.js';
import {
  connectThrough,
  expectServed,
  readReply,
  socksWords,
  startTunnel,
  type Tunnel,
} from '../support/tunnel.js';

const MiB = 1024 * 1024;

/** Pours both ways at the same time; what was sent and what arrived have to be the same. */
async function exchange(one: Peer, other: Peer, size: number): Promise<void> {
  const sent = async (from: Peer): Promise<Digest> => {
    const digest = await from.pour(size);
    from.end();
    return digest;
  };
  const [up, upThere, down, downThere] = await Promise.all([
    sent(one),
    other.digest(),
    sent(other),
    one.digest(),
  ]);
  expect(upThere).toEqual(up);
  expect(downThere).toEqual(down);
  expect([one.ending, other.ending]).toEqual(['fin', 'fin']);
  expect(up.length).toBe(size);
}

type Changes = Parameters<typeof startTunnel>[0];

/** The conversation of the test is the first of its carrier, or comes after others. */
const beginnings: readonly (readonly [name: string, begin: (changes?: Changes) => Promise<Tunnel>])[] = [
  ['a new carrier', startTunnel],
  [
    'a carrier that has had conversations',
    async (changes) => {
      const tunnel = await startTunnel(changes);
      const echo = await startEcho();
      for (let each = 0; each < 2; each++) await expectServed(tunnel, echo);
      return tunnel;
    },
  ],
];

describe.each(beginnings)('a conversation through both halves on %s', (_name, begin) => {
  it('carries 32 MiB each way at the same time, unchanged, and ends cleanly', async () => {
    const tunnel = await begin();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    await exchange(client, await target.next(), 32 * MiB);
  });

  for (const wire of ['raw', 'shadowsocks'] as const) {
    it.each(Object.values(methods))(`speaks $name over the ${wire} wire`, async ({ name }) => {
      const tunnel = await begin({ remote: { method: name }, local: { wire } });
      const target = await startTarget();
      const client = await connectThrough(tunnel, target);
      await exchange(client, await target.next(), 300_001);
    });
  }

  it.each([
    ['native', 'noble', '2022-blake3-aes-256-gcm'],
    ['noble', 'native', '2022-blake3-chacha20-poly1305'],
    ['native', 'noble', 'aes-128-gcm'],
    ['noble', 'native', 'xchacha20-ietf-poly1305'],
  ] as const)('is the same for a remote on %s and a local on %s ciphers, %s', async (far, near, method) => {
    const tunnel = await begin({
      remote: { method, cipherBackend: far },
      local: { cipherBackend: near },
    });
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    await exchange(client, await target.next(), 200_003);
  });

  it('goes on towards the client after the client has ended its direction', async () => {
    const tunnel = await begin();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    void client.send('a request');
    client.end();
    expect((await there.rest()).toString()).toBe('a request');
    expect(there.ending).toBe('fin');

    const [sent, heard] = await Promise.all([
      there.pour(2 * MiB).finally(() => {
        there.end();
      }),
      client.digest(),
    ]);
    expect(heard).toEqual(sent);
    expect(client.ending).toBe('fin');
  });

  it('goes on towards the target after the target has ended its direction', async () => {
    const tunnel = await begin();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    void there.send('a banner');
    there.end();
    expect((await client.rest()).toString()).toBe('a banner');
    expect(client.ending).toBe('fin');

    const [sent, heard] = await Promise.all([
      client.pour(2 * MiB).finally(() => {
        client.end();
      }),
      there.digest(),
    ]);
    expect(heard).toEqual(sent);
    expect(there.ending).toBe('fin');
  });

  it.each(['raw', 'shadowsocks'] as const)(
    'brings the words of a target that speaks first, over the %s wire',
    async (wire) => {
      const tunnel = await begin({ local: { wire } });
      const target = await startTarget();
      const client = await connectThrough(tunnel, target);
      const there = await target.next();
      void there.send('220 ready');
      expect((await client.read(9)).toString()).toBe('220 ready');
    },
  );

  it('ends without a byte when neither side says one', async () => {
    const tunnel = await begin();
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const there = await target.next();
    client.end();
    expect((await there.rest()).length).toBe(0);
    there.end();
    expect((await client.rest()).length).toBe(0);
    expect([client.ending, there.ending]).toEqual(['fin', 'fin']);
  });

  it('takes greeting, request, data and end in one segment', async () => {
    const tunnel = await begin();
    const target = await startTarget();
    const client = await connect(tunnel.local.port);
    const { greeting, request } = socksWords(target);
    void client.send(Buffer.concat([greeting, request, Buffer.from('early words')]));
    client.end();
    expect((await client.read(2)).toString('hex')).toBe('0500');
    expect((await readReply(client)).code).toBe(0);
    const there = await target.next();
    expect((await there.rest()).toString()).toBe('early words');
    expect(there.ending).toBe('fin');
    void there.send('late words');
    there.end();
    expect((await client.rest()).toString()).toBe('late words');
  });

  it('reaches an IPv6 target', async () => {
    const tunnel = await begin();
    const echo = await startEcho('::1');
    const client = await connectThrough(tunnel, { host: '::1', port: echo.port });
    void client.send('six');
    expect((await client.read(3)).toString()).toBe('six');
  });

  it('reaches a target named by a domain, looked up at the remote', async () => {
    const tunnel = await begin();
    const echo = await startEcho();
    const client = await connectThrough(tunnel, { host: 'localhost', port: echo.port });
    void client.send('name');
    expect((await client.read(4)).toString()).toBe('name');
    expect(tunnel.remote.seen('granted').at(-1)?.target).toEqual({ host: 'localhost', port: echo.port });
  });

  it('carries 200 conversations at once without mixing them up', async () => {
    const tunnel = await begin();
    const echo = await startEcho();
    const all = Array.from({ length: 200 }, async () => {
      const client = await connectThrough(tunnel, echo);
      const sending = client.pour(200_000).finally(() => {
        client.end();
      });
      expect(await client.digest()).toEqual(await sending);
      expect(client.ending).toBe('fin');
    });
    await Promise.all(all);
    expect(echo.accepted).toBe(200);
  });
});
