import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { parseHop } from '../../shared/config/proxy-uri.js';
import { blackHole } from '../support/black-hole.js';
import { embeddedRemote } from '../support/embedded.js';
import { hookFile } from '../support/hook-file.js';
import { temporaryDirectory } from '../support/directory.js';
import { running } from '../support/forward.js';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { settle, turnsUntil } from '../support/turns.js';
import { udpEcho, udpPeer } from '../support/udp.js';
import { openConnections } from '../../shared/serve/open.js';
import { openDatagramSockets } from '../../shared/net/descriptors.js';

/** The sockets of this process, by kind. */
function held(): readonly string[] {
  const kinds = process.getActiveResourcesInfo();
  return kinds.filter((kind) => /^(?:TCP|UDP|PipeServer)/i.test(kind)).toSorted();
}

describe('forwards that have stopped', () => {
  it('leave nothing behind', async () => {
    const [echo, datagrams] = [await startEcho(), await udpEcho()];
    const path = `${temporaryDirectory()}/from.sock`;
    const peer = await udpPeer();
    const [before, sockets] = [held(), openDatagramSockets()];
    const forward = await running([
      { to: echo },
      { from: { path }, to: echo },
      { to: datagrams, transport: 'udp' },
    ]);
    const client = await connect(forward.at[0]?.port ?? 0);
    await client.send('hello');
    await client.read(5);
    await peer.say('hello', forward.at[2] ?? datagrams);
    await peer.next();
    expect([openDatagramSockets(), [...openConnections()].length]).toEqual([sockets + 1, 2]);
    await forward.stop(0);
    await client.ended();
    await turnsUntil(() => held().join() === before.join());
    expect([openDatagramSockets(), [...openConnections()]]).toEqual([sockets, []]);
  });

  it('have given up a dial that was under way, for which no grace is meant', async () => {
    const port = await blackHole();
    const forward = await running([{ to: { host: '127.0.0.1', port } }], {
      timeouts: { dialMs: 600_000 },
    });
    const client = await connect(forward.at[0]?.port ?? 0);
    while ([...openConnections()].length === 0) await settle();
    await forward.stop(600_000);
    expect(await client.ended()).toBe('reset');
  });

  it('keep no connection to a server for later', async () => {
    const [echo, remote] = [await startEcho(), await embeddedRemote()];
    const { port } = remote.address();
    const joined: net.Socket[] = [];
    const between = net.createServer((near) => {
      const far = net.connect(port, '127.0.0.1');
      joined.push(near);
      near
        .on('error', () => undefined)
        .pipe(far.on('error', () => undefined))
        .pipe(near);
    });
    between.listen(0, '127.0.0.1');
    await once(between, 'listening');
    onTestFinished(() => {
      between.close();
    });
    const uri = new URL(remote.uri());
    uri.port = String((between.address() as net.AddressInfo).port);
    const forward = await running([{ to: echo, via: [parseHop(uri.href)] }]);
    const client = await connect(forward.at[0]?.port ?? 0);
    await client.send('hello');
    await client.read(5);
    client.end();
    await client.ended();
    const kept = joined.map((near) => once(near, 'close'));
    await forward.stop(0);
    expect(kept.length).toBeGreaterThan(0);
    await Promise.all(kept);
  });
});

describe('forwards that could not start', () => {
  it('leave no thread of a hook', async () => {
    const terminate = vi.spyOn(Worker.prototype, 'terminate');
    onTestFinished(() => {
      terminate.mockRestore();
    });
    const echo = await startEcho();
    const path = hookFile('export const hook = {};');
    const hooks = [{ kind: 'file', path }] as const;
    await expect(running([{ from: echo, to: echo }], { hooks })).rejects.toThrow('EADDRINUSE');
    expect(terminate).toHaveBeenCalledOnce();
  });
});
