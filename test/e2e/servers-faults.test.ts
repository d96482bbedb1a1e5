import { describe, expect, it } from 'vitest';
import { generateSecret, systemEnvironment } from '../../index.js';
import { blackHole } from '../support/black-hole.js';
import { type Among, choice, echoed, nameServer, until } from '../support/servers.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { ask, localAmong, remoteHalf, type RunningRemote } from '../support/tunnel.js';

const wires = ['raw', 'shadowsocks'] as const;
const timeouts = { dialMs: 500, attemptMs: 150, replyMs: 300 };

/** What can be wrong with the first of two servers, as the URI of it says nothing of. */
const faults = {
  'is not there': async () => ({ port: await deadPort() }),
  'is a black hole': async () => ({ port: await blackHole() }),
  'accepts and is silent': async () => ({ port: (await startTarget({ serve: () => undefined })).port }),
  'accepts and hangs up': async () => ({
    port: (
      await startTarget({
        serve: (peer) => {
          peer.reset();
        },
      })
    ).port,
  }),
  'is something else': async () => ({
    port: (
      await startTarget({
        serve: (peer) => {
          void peer.send('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'.repeat(20));
        },
      })
    ).port,
  }),
  'has another key': ({ settings }: RunningRemote) =>
    Promise.resolve({ secret: generateSecret(settings.method, systemEnvironment) }),
} as const;

describe.each(wires)('of two servers on the %s wire', (wire) => {
  describe.each(Object.entries(faults))('one that %s', (_how, fault) => {
    it('keeps nobody from the other', async () => {
      const [good, bad, echo, probeTarget] = await Promise.all([
        remoteHalf(),
        remoteHalf(),
        startEcho(),
        nameServer(),
      ]);
      const servers = [choice(bad, 0, { wire, ...(await fault(bad)) }), choice(good, 1, { wire })];
      const local = await localAmong(servers, { timeouts, probeTarget });
      // On the standard wire only a target's answer tells a good server from a bad one.
      if (wire === 'shadowsocks') await until(() => local.seen('servers-changed').length > 0);
      const startedAt = performance.now();
      await echoed({ local }, echo, 'first');
      console.log(`${wire}, ${_how}: ${(performance.now() - startedAt).toFixed(0)} ms`);
      await echoed({ local }, echo, 'second');
      expect(local.seen('through').map(({ server }) => server)).toEqual(['osaka', 'osaka']);
      expect(local.seen('remote-lost').map(({ server }) => server)).toEqual(['tokyo']);
      expect(local.seen('servers-changed').map(({ from, to }) => [from, to])).toEqual([
        [['tokyo'], ['osaka']],
      ]);
      const checks = await local.service.checkServers();
      expect(checks).toMatchObject([
        { server: 'tokyo', check: { ok: false } },
        { server: 'osaka', check: { ok: true, verified: true } },
      ]);
      expect(await local.service.check()).toMatchObject({ ok: true });
    });
  });
});

describe.each(wires)('servers on the %s wire that are all down', (wire) => {
  it('are tried all the same, and the first that is back takes over', async () => {
    const [one, other, echo, probeTarget] = await Promise.all([
      remoteHalf(),
      remoteHalf(),
      startEcho(),
      nameServer(),
    ]);
    const servers = [choice(one, 0, { wire }), choice(other, 1, { wire })];
    const local = await localAmong(servers, { probeTarget });
    const tunnel: Pick<Among, 'local'> = { local };
    await echoed(tunnel, echo, 'works');
    for (const { service } of [one, other]) await service.stop(0);
    const { reply } = await ask(local.port, echo);
    expect(reply.code).toBe(1);
    expect(local.seen('remote-lost').map(({ server }) => server)).toEqual(['tokyo', 'osaka']);
    expect((await ask(local.port, echo)).reply.code).toBe(1);

    const { secret } = other.settings;
    await remoteHalf({ secret, listen: { host: '127.0.0.1', port: other.port } });
    await echoed(tunnel, echo, 'works again');
    expect(local.seen('through').at(-1)?.server).toBe('osaka');
    if (wire === 'shadowsocks') await until(() => local.seen('remote-back').length > 0);
    expect(local.seen('servers-changed').map(({ from, to }) => [from, to])).toEqual([
      [['tokyo'], ['osaka']],
      [['osaka'], []],
      [[], ['osaka']],
    ]);
  });
});

describe.each(wires)('a better server on the %s wire that comes back', (wire) => {
  it('takes new conversations when it has answered twice, and those that run stay where they are', async () => {
    const [one, other, echo, probeTarget] = await Promise.all([
      remoteHalf(),
      remoteHalf(),
      startEcho(),
      nameServer(),
    ]);
    const servers = [choice(one, 0, { wire }), choice(other, 1, { wire })];
    const local = await localAmong(servers, { probeTarget });
    await local.service.checkServers();
    await one.service.stop(0);
    const { client } = await ask(local.port, echo);
    void client.send('stays ');
    const before = local.seen('probed').filter(({ server }) => server === 'tokyo').length;

    const { secret } = one.settings;
    await remoteHalf({ secret, listen: { host: '127.0.0.1', port: one.port } });
    await until(() => local.seen('remote-back').length > 0);
    const after = local.seen('probed').filter(({ server }) => server === 'tokyo').length;
    expect(after - before).toBe(2);
    await echoed({ local }, echo, 'goes back');
    void client.send('here');
    expect((await client.read(10)).toString()).toBe('stays here');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['osaka', 'tokyo']);
    expect(local.seen('servers-changed').at(-1)).toMatchObject({
      from: ['osaka'],
      to: ['tokyo'],
      why: expect.stringMatching(/^tokyo answers again, \d+ ms$/) as string,
    });
  });
});

it('a server that stops while it dials leaves the conversation to the next one', async () => {
  const remotes = await Promise.all([remoteHalf(), remoteHalf()]);
  const local = await localAmong(remotes.map((remote, place) => choice(remote, place)));
  const [first, next] = remotes;
  const target = { host: '127.0.0.1', port: await blackHole() };
  const asked = ask(local.port, target).catch(() => undefined);
  // Each of them was checked once when the local began.
  const begun = (remote: RunningRemote): boolean => remote.seen('opened').length > 1;
  await until(() => begun(first));
  await first.service.stop(0);
  await until(() => begun(next));
  expect(local.seen('refused')).toEqual([]);
  await local.service.stop(0);
  await asked;
});
