import { connect as netConnect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DialError, RefusedError } from '../../shared/errors.js';
import type { Guard } from '../../shared/net/guard.js';
import type { Resolver } from '../../shared/net/resolve.js';
import { directBinder, type DirectBinderOptions } from '../../shared/outbound/bind.js';
import { refusingBinder } from '../../shared/outbound/outbound.js';
import type { Binder, Binding } from '../../shared/outbound/outbound.js';
import { knows } from '../support/fake-net.js';
import { connect } from '../support/peer.js';

const here: Guard = { allowPrivate: true, own: () => [] };
const never = new AbortController().signal;

function binder(changes: Partial<DirectBinderOptions> = {}): Binder {
  return directBinder({
    resolver: knows(),
    guard: here,
    announce: undefined,
    timeoutMs: 60_000,
    dialMs: 10_000,
    most: 8,
    ...changes,
  });
}

async function bound(bind: Binder, host: string, signal = never): Promise<Binding> {
  const binding = await bind({ host, port: 0 }, { signal });
  onTestFinished(() => {
    binding.close();
  });
  return binding;
}

describe('a binding at the far end', () => {
  it.each(['127.0.0.1', '::1'])('for %s waits at the address that leads there', async (host) => {
    const binding = await bound(binder(), host);
    expect(binding.bound.host).toBe(host);
    const peer = await connect(binding.bound.port, host);
    expect((await binding.accepted).bound).toEqual({ host, port: peer.socket.localPort });
  });

  it('takes a host by its name, at whichever of its addresses', async () => {
    const binding = await bound(binder({ resolver: knows('255.255.255.255', '127.0.0.1') }), 'peer.example');
    await connect(binding.bound.port);
    expect((await binding.accepted).bound.host).toBe('127.0.0.1');
  });

  it('prefers IPv4, the one that every protocol can announce', async () => {
    const binding = await bound(binder({ resolver: knows('::1', '127.0.0.1') }), 'peer.example');
    expect(binding.bound.host).toBe('127.0.0.1');
  });

  it('takes the other family when there is no way in the first', async () => {
    const binding = await bound(binder({ resolver: knows('255.255.255.255', '::1') }), 'peer.example');
    expect(binding.bound.host).toBe('::1');
  });

  it('announces the address it was given, with its real port', async () => {
    const binding = await bound(binder({ announce: '203.0.113.9' }), '127.0.0.1');
    expect(binding.bound.host).toBe('203.0.113.9');
    await connect(binding.bound.port, '127.0.0.1');
    await binding.accepted;
  });

  it('waits at the address it announces when that is one of its own, whichever way leads to the host', async () => {
    const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all);
    const own =
      addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
    const binding = await bound(binder({ announce: own }), '127.0.0.1');
    expect(binding.bound.host).toBe(own);
    const peer = netConnect({ host: own, port: binding.bound.port, localAddress: '127.0.0.1' });
    onTestFinished(() => void peer.destroy());
    expect((await binding.accepted).bound.host).toBe('127.0.0.1');
  });

  it('announces its own where the given address is of the other family', async () => {
    expect((await bound(binder({ announce: '2001:db8::9' }), '127.0.0.1')).bound.host).toBe('127.0.0.1');
    expect((await bound(binder({ announce: '203.0.113.9' }), '::1')).bound.host).toBe('::1');
  });
});

describe('no binding is opened', () => {
  const guard: Guard = { allowPrivate: false, own: () => [] };

  it.each(['127.0.0.1', '::1', '::ffff:10.0.0.1', 'localhost', '0.0.0.0'])(
    'for %s by a remote that guards its network',
    async (host) => {
      await expect(binder({ guard })({ host, port: 80 }, { signal: never })).rejects.toThrow(RefusedError);
    },
  );

  it('for a name that stands for nothing but private addresses', async () => {
    const bind = binder({ guard, resolver: knows('10.0.0.1', 'fd00::1') });
    await expect(bind({ host: 'peer.example', port: 80 }, { signal: never })).rejects.toThrow(RefusedError);
  });

  it.each(['0.0.0.0', '::', '::ffff:0.0.0.0'])(
    'for anybody who comes (%s), whatever the guard says',
    async (host) => {
      await expect(binder()({ host, port: 0 }, { signal: never })).rejects.toThrow(
        'binding: expected the address of one host, got that of none',
      );
    },
  );

  it('for a name that nobody knows', async () => {
    const unknown = new DialError('name-not-resolved', 'name: expected an address, got ENOTFOUND');
    const resolver: Resolver = { resolve: () => Promise.reject(unknown), close: () => undefined };
    await expect(binder({ resolver })({ host: 'nobody.example', port: 0 }, { signal: never })).rejects.toBe(
      unknown,
    );
    await expect(binder()({ host: 'nobody.example', port: 0 }, { signal: never })).rejects.toMatchObject({
      code: 'name-not-resolved',
    });
  });

  it('for a name that is not found in time', async () => {
    const resolver: Resolver = { resolve: () => new Promise(() => undefined), close: () => undefined };
    await expect(
      binder({ resolver, dialMs: 20 })({ host: 'slow.example', port: 0 }, { signal: never }),
    ).rejects.toMatchObject({ code: 'timed-out' });
  });

  it('for a client that has left while the name was looked up', async () => {
    const resolver: Resolver = { resolve: () => new Promise(() => undefined), close: () => undefined };
    const controller = new AbortController();
    const opening = binder({ resolver })({ host: 'slow.example', port: 0 }, { signal: controller.signal });
    const reason = new Error('the client has left');
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
  });

  it('by a remote that was not told to', async () => {
    await expect(refusingBinder({ host: '192.0.2.1', port: 80 }, { signal: never })).rejects.toThrow(
      RefusedError,
    );
  });
});

describe('the most that may be open at once', () => {
  const full = { code: 'general-failure', message: 'bindings: expected at most 1 at once, got one more' };

  it('turns away the next one, and lets it in when the last has closed', async () => {
    const bind = binder({ most: 1 });
    const first = await bound(bind, '127.0.0.1');
    await expect(bound(bind, '127.0.0.1')).rejects.toMatchObject(full);
    first.close();
    await expect(first.accepted).rejects.toThrow(DialError);
    await bound(bind, '127.0.0.1');
  });

  it('counts no binding that has been used', async () => {
    const bind = binder({ most: 1 });
    const first = await bound(bind, '127.0.0.1');
    await connect(first.bound.port);
    await first.accepted;
    await bound(bind, '127.0.0.1');
  });

  it('counts those that are still looked up, but none that failed', async () => {
    const bind = binder({
      most: 1,
      resolver: knows('127.0.0.1'),
      guard: { allowPrivate: false, own: () => [] },
    });
    const failing = bind({ host: 'peer.example', port: 0 }, { signal: never });
    await expect(bound(bind, 'other.example')).rejects.toMatchObject(full);
    await expect(failing).rejects.toThrow(RefusedError);
    await expect(bound(bind, 'peer.example')).rejects.toThrow(RefusedError);
  });
});
