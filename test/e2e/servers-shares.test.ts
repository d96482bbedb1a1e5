import { describe, expect, it } from 'vitest';
import { choice, echoed, nameServer } from '../support/servers.js';
import { startEcho } from '../support/targets.js';
import { connectThrough, localAmong, remoteHalf } from '../support/tunnel.js';

/** Names of this host: it answers to all of 127.0.0.0/8. */
const hosts = Array.from({ length: 40 }, (_, at) => `127.0.${at}.1`);

describe.each(['raw', 'shadowsocks'] as const)('servers of the same order, %s wire', (wire) => {
  it('share the targets, and each target keeps its server while that is up', async () => {
    const [one, other, echo, probeTarget] = await Promise.all([
      remoteHalf(),
      remoteHalf(),
      startEcho('0.0.0.0'),
      nameServer(),
    ]);
    const servers = [one, other].map((remote, place) => choice(remote, place, { wire, order: 5 }));
    const local = await localAmong(servers, { probeTarget });
    /** Which server each target is reached through. */
    const round = async (): Promise<readonly (string | undefined)[]> => {
      const before = local.seen('through').length;
      for (const host of hosts) await echoed({ local }, { host, port: echo.port }, host);
      return local
        .seen('through')
        .map(({ server }) => server)
        .slice(before);
    };
    const first = await round();
    expect(new Set(first)).toEqual(new Set(['tokyo', 'osaka']));
    expect(await round()).toEqual(first);
    await one.service.stop(0);
    const second = await round();
    expect(second).toEqual(hosts.map(() => 'osaka'));
    const { secret } = one.settings;
    await remoteHalf({ secret, listen: { host: '127.0.0.1', port: one.port } });
    await expect.poll(() => local.seen('remote-back').length, { timeout: 15_000 }).toBe(1);
    expect(await round()).toEqual(first);
    expect(local.seen('servers-changed').map(({ from, to }) => [from, to])).toEqual([
      [['tokyo', 'osaka'], ['osaka']],
      [['osaka'], ['tokyo', 'osaka']],
    ]);
  });

  it('lose only the conversations that ran through the one that was lost', async () => {
    const [one, other, echo, probeTarget] = await Promise.all([
      remoteHalf(),
      remoteHalf(),
      startEcho('0.0.0.0'),
      nameServer(),
    ]);
    const servers = [one, other].map((remote, place) => choice(remote, place, { wire, order: 0 }));
    const local = await localAmong(servers, { probeTarget });
    const clients = [];
    for (const host of hosts) {
      const client = await connectThrough({ local }, { host, port: echo.port });
      void client.send('a');
      await client.read(1);
      clients.push(client);
    }
    const through = local.seen('through').map(({ server }) => server);
    await one.service.stop(0);
    for (const [at, client] of clients.entries()) {
      if (through[at] === 'tokyo') await client.ended();
      else {
        void client.send('b');
        expect((await client.read(1)).toString()).toBe('b');
      }
    }
  });
});
