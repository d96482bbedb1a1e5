import { describe, expect, it } from 'vitest';
import { relayPlugin, runs } from '../support/plugin.js';
import { choice, echoed, nameServer, until } from '../support/servers.js';
import { startEcho } from '../support/targets.js';
import { connectThrough, type Half, localAmong, remoteHalf, type RunningRemote } from '../support/tunnel.js';

/** Two remotes before which a plugin stands. */
async function dressed(name: string): Promise<readonly [RunningRemote, RunningRemote]> {
  const plugin = { name, options: 'server' };
  return Promise.all([remoteHalf({ plugin }), remoteHalf({ plugin })]);
}

/** The process IDs of the plugins of a half, in the order in which they have said them. */
function pids(half: Half): readonly number[] {
  return half.seen('plugin-said').flatMap(({ line }) => {
    const pid = /^pid (\d+)$/.exec(line)?.[1];
    return pid === undefined ? [] : [Number(pid)];
  });
}

describe.each(['raw', 'shadowsocks'] as const)('servers behind plugins, %s wire', (wire) => {
  it('stand in for each other, though a plugin takes every connection', async () => {
    const name = relayPlugin();
    const [remotes, echo, probeTarget] = [await dressed(name), await startEcho(), await nameServer()];
    const servers = remotes.map((remote, place) => choice(remote, place, { wire, plugin: { name } }));
    const local = await localAmong(servers, { probeTarget, timeouts: { doubtMs: 100 } });
    await local.service.checkServers();
    await echoed({ local }, echo, 'before');
    await remotes[0].service.stop(0);
    // A standard server has no words in which to refuse: somebody meets the loss before it shows.
    if (wire === 'shadowsocks') {
      void (await connectThrough({ local }, echo)).send('perhaps lost');
      await until(() => local.seen('remote-lost').length > 0);
    }
    await echoed({ local }, echo, 'after');
    expect(local.seen('through').at(-1)?.server).toBe('osaka');
  });
});

describe('a server that leaves the list', () => {
  it('keeps its plugin until its last conversation is over', async () => {
    const name = relayPlugin();
    const [remotes, echo] = [await dressed(name), await startEcho()];
    const [tokyo, osaka] = remotes.map((remote, place) => choice(remote, place, { plugin: { name } }));
    if (tokyo === undefined || osaka === undefined) throw new Error('expected two');
    const local = await localAmong([tokyo]);
    const running = await connectThrough({ local }, echo);
    const [pid = 0] = pids(local);
    local.service.replaceServers([osaka]);
    await until(() => pids(local).length === 2);
    await echoed({ local }, echo, 'by the other');
    void running.send('still');
    expect((await running.read(5)).toString()).toBe('still');
    expect(runs(pid)).toBe(true);
    running.end();
    await running.ended();
    await until(() => !runs(pid));
    expect(runs(pids(local)[1] ?? 0)).toBe(true);
  });

  it('ends its plugin at once when nobody uses it, and one that does not start is left out', async () => {
    const name = relayPlugin();
    const [remotes, echo] = [await dressed(name), await startEcho()];
    const [tokyo, osaka] = remotes.map((remote, place) => choice(remote, place, { plugin: { name } }));
    if (tokyo === undefined || osaka === undefined) throw new Error('expected two');
    const local = await localAmong([tokyo]);
    await until(() => pids(local).length === 1);
    const [pid = 0] = pids(local);
    const broken = choice(remotes[1], 2, { plugin: { name, options: 'fail' }, secret: osaka.uri.secret });
    local.service.replaceServers([broken, osaka]);
    await until(() => !runs(pid));
    await echoed({ local }, echo, 'by the other');
    const [warning] = local.seen('warning');
    expect(warning?.detail).toMatch(/^server left out: plugin .*the option fail is not known/);
    local.service.replaceServers([broken]);
    await until(() => local.seen('warning').length === 2);
    await echoed({ local }, echo, 'still');
  });
});
