import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { systemEnvironment } from '../../index.js';
import { directDialer } from '../../shared/outbound/direct.js';
import { type TunnelHop, tunnelHop, type TunnelHopOptions } from '../../shared/outbound/tunnel-hop.js';
import { defaultTimeouts } from '../../shared/serve/timeouts.js';
import { expectNothingLeft, remains } from '../support/client.js';
import { knows } from '../support/fake-net.js';
import { RecordingSink } from '../support/push-stream.js';
import { firstBytes, never } from '../support/scripted-proxy.js';
import { startTap } from '../support/tap.js';
import { startTarget } from '../support/targets.js';
import { remoteHalf, type RunningRemote, uriOf } from '../support/tunnel.js';
import { settle } from '../support/turns.js';

type Changes = Omit<Partial<TunnelHopOptions>, 'timeouts'> & {
  readonly timeouts?: Partial<TunnelHopOptions['timeouts']>;
};

/** The remote, as a proxy, perhaps at another port. */
function hopTo(
  remote: RunningRemote,
  { port = remote.port, wire = 'raw' }: { readonly port?: number; readonly wire?: 'raw' | 'shadowsocks' },
  { timeouts, ...changes }: Changes = {},
): TunnelHop {
  const protocol = wire === 'raw' ? 'halflight' : 'Shadowsocks';
  const { method, secret, host } = { ...remote.settings, ...uriOf(remote) };
  const end = { wire, host, port, method, secret };
  const hop = tunnelHop(
    { name: 'halflight://remote.example', protocol, end },
    {
      environment: systemEnvironment,
      resolver: knows('127.0.0.1'),
      timeouts: { ...defaultTimeouts, warmForMs: 0, ...timeouts },
      ...changes,
    },
  );
  onTestFinished(() => {
    hop.close();
  });
  return hop;
}

/** Longer than limits of 1 ms that were set before. */
const longer = (): Promise<void> => pause(20);

describe('a tunnel on the way', () => {
  it('waits for a remote for as long as its caller does', async () => {
    const [remote, target] = await Promise.all([remoteHalf(), startTarget()]);
    const tap = await startTap(remote.port, {
      down: async (from, to) => {
        for await (const piece of from) {
          await longer();
          to.write(piece);
        }
      },
    });
    const hop = hopTo(remote, { port: tap.port }, { timeouts: { replyMs: 1 } });
    const dialled = await hop.dial(target, { signal: never });
    void (await target.next()).send('at last');
    expect(await firstBytes(dialled, 7)).toBe('at last');
  });

  it('waits for those in front of it for as long as its caller does', async () => {
    const [remote, target] = await Promise.all([remoteHalf(), startTarget()]);
    const straight = directDialer({ resolver: knows('127.0.0.1'), timeoutMs: Infinity });
    const hop = hopTo(
      remote,
      {},
      {
        timeouts: { dialMs: 1 },
        over: async (at, { signal }) => {
          await longer();
          signal.throwIfAborted();
          return straight(at, { signal });
        },
      },
    );
    const dialled = await hop.dial(target, { signal: never });
    void (await target.next()).send('at last');
    expect(await firstBytes(dialled, 7)).toBe('at last');
  });

  it('whose binding breaks before anybody asks for its connection fails nobody but who asks', async () => {
    const remote = await remoteHalf({ allowBind: true });
    const tap = await startTap(remote.port);
    const unheard = vi.fn();
    process.on('unhandledRejection', unheard);
    onTestFinished(() => {
      process.off('unhandledRejection', unheard);
    });
    const hop = hopTo(remote, { port: tap.port });
    const binding = await hop.bind({ host: '127.0.0.1', port: 0 }, { signal: never });
    tap.connections[0]?.cut('reset');
    await vi.waitUntil(() => remote.seen('closed').length === 1);
    await settle();
    expect(unheard).not.toHaveBeenCalled();
    await expect(binding.accepted).rejects.toMatchObject({ phase: 'handshake', fault: 'ended' });
  });

  it('closes the connections that wait when it is closed', async () => {
    const [remote, target] = await Promise.all([remoteHalf(), startTarget()]);
    const before = remains();
    const hop = hopTo(remote, {});
    const { stream } = await hop.dial(target, { signal: never });
    const sink = new RecordingSink();
    stream.attach(sink);
    stream.end();
    const there = await target.next();
    there.end();
    await sink.over();
    await there.ended();
    there.socket.destroy();
    hop.close();
    await expectNothingLeft(before);
  });

  it('over the standard wire cuts a stream that stalls when its server is gone', async () => {
    const server = net.createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    const accepted = once(server, 'connection') as Promise<[net.Socket]>;
    await once(server, 'listening');
    const { port } = server.address() as net.AddressInfo;
    const hop = hopTo(await remoteHalf(), { wire: 'shadowsocks', port }, { timeouts: { stallMs: 20 } });
    const { stream } = await hop.dial({ host: 'x.example', port: 1 }, { signal: never });
    const [there] = await accepted;
    onTestFinished(() => {
      there.destroy();
    });
    server.close();
    const sink = new RecordingSink();
    stream.attach(sink);
    while (stream.write([Buffer.alloc(1_000_000)]));
    expect(await sink.over()).toBe('failed');
    expect(sink.error).toMatchObject({ code: 'timed-out' });
  });
});
