import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { askCut, askTable } from '../../shared/serve/control/ask.js';
import { temporaryDirectory } from '../support/directory.js';
import { echoClient, echoes } from '../support/echo-client.js';
import { startEcho } from '../support/targets.js';
import { crewStarter } from '../support/workers.js';

const start = crewStarter();
const waits = { interval: 10, timeout: 10_000 } as const;

describe('the control socket of a half of several processes', () => {
  it('tells what each of them has open, and cuts one connection of one of them off', async () => {
    const runtime = temporaryDirectory();
    const remote = await start(['remote', '--allow-private', '-l', '127.0.0.1:0'], {
      XDG_RUNTIME_DIR: runtime,
    });
    const local = await start(['local', remote.uri, '-l', '127.0.0.1:0'], { XDG_RUNTIME_DIR: runtime });
    const target = await startEcho();
    const clients = [];
    for (let count = 0; count < 6; count += 1) clients.push(await echoClient(local.port, target));

    const socketOf = (role: string, pid = 0): string =>
      path.join(runtime, 'halflight', `${role}-${pid}.sock`);
    const far = socketOf('remote', remote.running.child.pid);
    const near = socketOf('local', local.running.child.pid);
    const there = await askTable(far);
    expect(there.process).toMatchObject({ role: 'remote', workers: 2, listen: [remote.listen] });
    expect(there.process.silent).toBeUndefined();
    // Connections are handed out in turn.
    expect(new Set(there.connections.map(({ worker }) => worker))).toEqual(new Set([1, 2]));
    expect(there.connections).toHaveLength(6);

    const { connections } = await askTable(near);
    const [victim, ...others] = clients;
    const { port } = victim?.socket.address() as { readonly port: number };
    const row = connections.find(({ client }) => client.remote.port === port);
    expect(row).toMatchObject({
      role: 'local',
      state: 'open',
      target: { host: '127.0.0.1', port: target.port },
    });
    const named = { id: row?.id ?? 0, worker: row?.worker ?? 0 };
    expect(await askCut(near, { ...named, worker: 99 })).toBe(false);
    expect(await askCut(near, named)).toBe(true);
    await victim?.ended();
    await Promise.all(others.map(echoes));
    await vi.waitUntil(async () => (await askTable(far)).connections.length === 5, waits);
    expect((await askTable(near)).connections).toHaveLength(5);
    expect(await askCut(near, named)).toBe(false);
  });

  it('goes without those that do not answer, and says so', { timeout: 30_000 }, async () => {
    const runtime = temporaryDirectory();
    const crew = await start(['remote', '-l', '127.0.0.1:0'], { XDG_RUNTIME_DIR: runtime });
    const [stopped = 0] = crew.workers();
    process.kill(stopped, 'SIGSTOP');
    const place = path.join(runtime, 'halflight', `remote-${crew.running.child.pid}.sock`);
    expect((await askTable(place)).process).toMatchObject({ workers: 2, silent: 1 });
    process.kill(stopped, 'SIGCONT');
  });
});
