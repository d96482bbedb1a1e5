import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { listen, type Listener } from '../../shared/net/listen.js';
import type { TcpStream } from '../../shared/net/tcp.js';
import { connect } from '../support/peer.js';
import { RecordingSink } from '../support/push-stream.js';
import { settle, turnsUntil } from '../support/turns.js';

interface Listening {
  readonly listener: Listener;
  readonly accepted: TcpStream[];
}

async function listening(host: string, port = 0): Promise<Listening> {
  const accepted: TcpStream[] = [];
  const listener = await listen(
    { host, port },
    { accept: (stream) => accepted.push(stream), crowded: () => undefined },
  );
  onTestFinished(() => {
    listener.close();
    for (const stream of accepted) stream.abort();
  });
  return { listener, accepted };
}

describe('a listener', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
    ['0.0.0.0', '0.0.0.0'],
  ])('on %s says the port it really took', async (host, written) => {
    const { listener } = await listening(host);
    expect(listener.address).toEqual({ host, port: expect.any(Number) as number });
    expect(listener.address.port).toBeGreaterThan(0);
    expect(listener.text).toBe(`${written}:${listener.address.port}`);
  });

  it('on every address takes IPv6 and IPv4', async () => {
    const { listener, accepted } = await listening('');
    expect(listener.address.host).toBe('::');
    const { port } = listener.address;
    await connect(port, '127.0.0.1');
    await turnsUntil(() => accepted.length === 1);
    await connect(port, '::1');
    await turnsUntil(() => accepted.length === 2);
    expect(accepted.map(({ peer }) => peer)).toEqual(['::ffff:127.0.0.1', '::1']);
  });

  it('on every address of a host without IPv6 takes IPv4', async () => {
    for (const code of ['EAFNOSUPPORT', 'EADDRNOTAVAIL']) {
      const without = vi.spyOn(net.Server.prototype, 'listen').mockImplementationOnce(function (
        this: net.Server,
      ) {
        process.nextTick(() => this.emit('error', Object.assign(new Error(code), { code })));
        return this;
      });
      const { listener, accepted } = await listening('');
      without.mockRestore();
      expect(listener.address.host).toBe('0.0.0.0');
      await connect(listener.address.port);
      await turnsUntil(() => accepted.length === 1);
    }
  });

  it.each(['127.0.0.1', ''])(
    'rejects with the system’s error when the port is taken (host %j)',
    async (host) => {
      const { listener } = await listening(host);
      await expect(listening(host, listener.address.port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    },
  );

  it('rejects with the system’s error for an address that is not ours', async () => {
    await expect(listening('192.0.2.1')).rejects.toMatchObject({ code: 'EADDRNOTAVAIL' });
  });

  it('hands over streams that nothing has been read from, each direction ending by itself', async () => {
    const { listener, accepted } = await listening('127.0.0.1');
    const peer = await connect(listener.address.port);
    await peer.send('first words');
    peer.end();
    await turnsUntil(() => accepted.length === 1);
    await settle();
    const [stream] = accepted;
    expect(stream?.received).toBe(0);
    const sink = new RecordingSink();
    stream?.attach(sink);
    expect([await sink.over(), sink.text]).toEqual(['ended', 'first words']);
    stream?.write([Buffer.from('an answer')]);
    stream?.end();
    expect((await peer.rest()).toString()).toBe('an answer');
  });

  it('that is closed refuses the next, and keeps those that are open', async () => {
    const { listener, accepted } = await listening('127.0.0.1');
    const { port } = listener.address;
    const peer = await connect(port);
    await turnsUntil(() => accepted.length === 1);
    listener.close();
    await expect(connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const sink = new RecordingSink();
    accepted[0]?.attach(sink);
    await peer.send('still here');
    await sink.heard(10);
  });

  it('survives an accept that fails', async () => {
    const created = vi.spyOn(net, 'createServer');
    const { listener, accepted } = await listening('127.0.0.1');
    const server = created.mock.results[0]?.value as net.Server;
    created.mockRestore();
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
    await connect(listener.address.port);
    await turnsUntil(() => accepted.length === 1);
  });
});
