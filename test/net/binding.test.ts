import { execFileSync } from 'node:child_process';
import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { DialError } from '../../shared/errors.js';
import { addressTowards, openBinding } from '../../shared/net/binding.js';
import type { Binding } from '../../shared/outbound/outbound.js';
import { connect, Peer } from '../support/peer.js';
import { RecordingSink } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

interface Opening {
  readonly near?: string;
  readonly from?: readonly string[];
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A binding on loopback, closed after the test. */
async function open(opening: Opening = {}): Promise<Binding> {
  const {
    near = '127.0.0.1',
    from = [near],
    timeoutMs = 60_000,
    signal = new AbortController().signal,
  } = opening;
  const binding = await openBinding(near, { from, timeoutMs, signal });
  onTestFinished(() => {
    binding.close();
  });
  return binding;
}

/** Somebody who comes from this very address of ours, and may be sent away before he knows that he is there. */
function comeFrom(localAddress: string, { port, host }: Binding['bound']): Peer {
  return new Peer(net.connect({ host, port, localAddress, allowHalfOpen: true }));
}

/** What a connection to the port meets, once it is gone. */
async function refused({ bound }: Binding): Promise<unknown> {
  return connect(bound.port, bound.host).then(
    () => 'connected',
    (error: unknown) => (error as NodeJS.ErrnoException).code,
  );
}

describe.each(['127.0.0.1', '::1'])('a binding on %s', (near) => {
  it('says where it waits, and then who came', async () => {
    const binding = await open({ near });
    expect(binding.bound).toEqual({ host: near, port: expect.any(Number) as number });
    expect(binding.bound.port).toBeGreaterThan(0);
    const peer = await connect(binding.bound.port, near);
    const { bound } = await binding.accepted;
    expect(bound).toEqual({ host: near, port: peer.socket.localPort });
  });

  it('carries bytes both ways, and each direction ends by itself', async () => {
    const binding = await open({ near });
    const peer = await connect(binding.bound.port, near);
    const { stream } = await binding.accepted;
    const sink = new RecordingSink();
    stream.attach(sink);
    void peer.send('from the peer');
    peer.end();
    expect(await sink.over()).toBe('ended');
    expect(sink.text).toBe('from the peer');
    stream.write([Buffer.from('to the peer')]);
    stream.end();
    expect([(await peer.rest()).toString(), peer.ending]).toEqual(['to the peer', 'fin']);
  });

  it('refuses whoever comes second', async () => {
    const binding = await open({ near });
    await connect(binding.bound.port, near);
    await binding.accepted;
    expect(await refused(binding)).toBe('ECONNREFUSED');
  });
});

describe('a binding', () => {
  it('loses nothing that its peer said before anybody listened, though the peer has ended since', async () => {
    const binding = await open();
    const said = Buffer.alloc(100_000, 'at once ');
    const peer = await connect(binding.bound.port);
    await peer.send(said);
    peer.end();
    const { stream } = await binding.accepted;
    await settle();
    const sink = new RecordingSink();
    stream.attach(sink);
    expect(await sink.over()).toBe('ended');
    expect(Buffer.from(sink.bytes).equals(said)).toBe(true);
  });

  it('knows the host it waits for by any spelling of its address', async () => {
    const binding = await open({ from: ['192.0.2.1', '::ffff:127.0.0.1'] });
    await connect(binding.bound.port);
    expect((await binding.accepted).bound.host).toBe('127.0.0.1');
  });

  it('ends when another host comes: that one is reset, and the right one comes too late', async () => {
    const binding = await open({ from: ['127.0.0.1'] });
    const stranger = comeFrom('127.0.0.2', binding.bound);
    expect(await stranger.ended()).toBe('reset');
    await expect(binding.accepted).rejects.toThrow(DialError);
    await expect(binding.accepted).rejects.toMatchObject({
      code: 'not-allowed',
      message: 'binding: expected the host that was named, got another one',
    });
    expect(await refused(binding)).toBe('ECONNREFUSED');
  });

  it('passes over a connection that was reset before it could be accepted', async () => {
    const binding = await open();
    // This process stands still meanwhile, so the connection has come and gone when it looks.
    const come = `const s = require('node:net').connect(${binding.bound.port}, '127.0.0.1', () => s.resetAndDestroy())`;
    execFileSync(process.execPath, ['-e', come]);
    await settle();
    const peer = await connect(binding.bound.port);
    expect((await binding.accepted).bound.port).toBe(peer.socket.localPort);
  });

  it('waits for its time and no longer', async () => {
    const binding = await open({ timeoutMs: 40 });
    await expect(binding.accepted).rejects.toMatchObject({
      code: 'timed-out',
      message: 'binding: expected a connection within 0.04 s, got none',
    });
    expect(await refused(binding)).toBe('ECONNREFUSED');
  });

  it('has no clock running once it is over', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const closed = await open();
    expect(vi.getTimerCount()).toBe(1);
    closed.close();
    expect(vi.getTimerCount()).toBe(0);
    const used = await open();
    await connect(used.bound.port);
    await used.accepted;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a binding that is given up', () => {
  it('is gone at once, and says nothing to whoever does not ask', async () => {
    const binding = await open();
    binding.close();
    expect(await refused(binding)).toBe('ECONNREFUSED');
    await expect(binding.accepted).rejects.toThrow('binding: expected a connection, got closed');
  });

  it('by its signal has the reason of that as its error', async () => {
    const controller = new AbortController();
    const binding = await open({ signal: controller.signal });
    const reason = new Error('the client has left');
    controller.abort(reason);
    expect(await refused(binding)).toBe('ECONNREFUSED');
    await expect(binding.accepted).rejects.toBe(reason);
  });

  it('before it listens never listens', async () => {
    const controller = new AbortController();
    const reason = new Error('the client has left');
    const opening = openBinding('127.0.0.1', { from: [], timeoutMs: 60_000, signal: controller.signal });
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    const early = openBinding('127.0.0.1', {
      from: [],
      timeoutMs: 60_000,
      signal: AbortSignal.abort(reason),
    });
    await expect(early).rejects.toBe(reason);
  });

  it('resets the connection that has come and waits to be accepted', async () => {
    const binding = await open();
    // The kernel has taken the connection; this process has not looked yet.
    const come = `const s = require('node:net').connect(${binding.bound.port}, '127.0.0.1', () => process.exit())`;
    execFileSync(process.execPath, ['-e', come]);
    binding.close();
    await expect(binding.accepted).rejects.toThrow('got closed');
    expect(await refused(binding)).toBe('ECONNREFUSED');
  });

  it('after the connection has come leaves that alone: it is somebody else’s by then', async () => {
    const controller = new AbortController();
    const binding = await open({ signal: controller.signal });
    const peer = await connect(binding.bound.port);
    const { stream } = await binding.accepted;
    binding.close();
    controller.abort(new Error('too late'));
    stream.write([Buffer.from('still here')]);
    expect((await peer.read(10)).toString()).toBe('still here');
  });
});

describe('the way to a host', () => {
  it.each(['127.0.0.1', '::1'])('begins at our own address: %s', async (ip) => {
    expect(await addressTowards(ip)).toBe(ip);
  });

  it('is a refusal when there is none', async () => {
    await expect(addressTowards('255.255.255.255')).rejects.toMatchObject({ code: 'not-allowed' });
  });

  it('cannot begin at an address that is not ours', async () => {
    await expect(open({ near: '192.0.2.77' })).rejects.toMatchObject({
      code: 'general-failure',
      message: 'dial: expected a connection, got EADDRNOTAVAIL',
    });
  });
});
