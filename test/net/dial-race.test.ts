import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DialError } from '../../shared/errors.js';
import { dial } from '../../shared/net/dial.js';
import { errno, type Fate, fakeNet, knows } from '../support/fake-net.js';

afterEach(() => {
  vi.useRealTimers();
});

const target = { host: 'example.com', port: 80 };
/** A turn of the event loop that timers, faked, take no part in. */
async function settled(): Promise<void> {
  await new Promise((done) => setImmediate(done));
}

describe('happy eyeballs', () => {
  const fates: Readonly<Record<string, Fate>> = {
    '192.0.2.1': 'silent',
    '192.0.2.2': 'silent',
    '192.0.2.3': 'silent',
    '2001:db8::1': 'silent',
    '2001:db8::2': 'silent',
  };
  const inTurns = ['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2', '192.0.2.3'];

  it('starts an attempt every 250 ms, the families in turns and IPv6 first, and cuts none short', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { options, dialled, sockets } = fakeNet(fates);
    const dialling = dial(target, options);
    await settled();
    for (const count of [1, 2, 3, 4, 5]) {
      expect(dialled).toEqual(inTurns.slice(0, count));
      await vi.advanceTimersByTimeAsync(249);
      expect(dialled).toHaveLength(count);
      await vi.advanceTimersByTimeAsync(1);
    }
    expect([...sockets.values()].some((socket) => socket.destroyed)).toBe(false);
    sockets.get('2001:db8::1')?.emit('connect');
    expect(await dialling).toBe(sockets.get('2001:db8::1'));
    expect(inTurns.map((ip) => sockets.get(ip)?.destroyed)).toEqual([false, true, true, true, true]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on at once when an attempt fails', async () => {
    const { options, dialled } = fakeNet({
      '2001:db8::1': errno('ENETUNREACH'),
      '2001:db8::2': () => {
        throw errno('EMFILE');
      },
      '192.0.2.1': errno('ECONNREFUSED'),
      '192.0.2.2': 'connects',
    });
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    await dial(target, options);
    expect(dialled).toEqual(['2001:db8::1', '192.0.2.1', '2001:db8::2', '192.0.2.2']);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('tries eight addresses and no more', async () => {
    const many = Array.from(
      { length: 20 },
      (_, index) => [`192.0.2.${index}`, errno('ECONNREFUSED')] as const,
    );
    const { options, dialled } = fakeNet(Object.fromEntries(many));
    await expect(dial(target, options)).rejects.toMatchObject({ code: 'connection-refused' });
    expect(dialled).toHaveLength(8);
  });

  it('waits for the attempts under way when the last one has failed', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { options, sockets } = fakeNet({ '2001:db8::1': 'silent', '192.0.2.1': errno('ECONNREFUSED') });
    const dialling = dial(target, options);
    await settled();
    await vi.advanceTimersByTimeAsync(250);
    await settled();
    sockets.get('2001:db8::1')?.emit('connect');
    expect(await dialling).toBe(sockets.get('2001:db8::1'));
  });

  it('needs one timer for a literal', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { options } = fakeNet({ '192.0.2.1': 'connects' });
    const dialling = dial({ host: '192.0.2.1', port: 80 }, options);
    expect(vi.getTimerCount()).toBe(1);
    await dialling;
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the end of a dial', () => {
  it('comes when the time is up, and destroys every attempt', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { options, sockets } = fakeNet(
      { '2001:db8::1': 'silent', '192.0.2.1': 'silent' },
      { timeoutMs: 1_000 },
    );
    const dialling = expect(dial(target, options)).rejects.toMatchObject({
      code: 'timed-out',
      message: 'dial: expected a connection within 1000 ms, got none',
    });
    await settled();
    await vi.advanceTimersByTimeAsync(1_000);
    await dialling;
    expect([...sockets.values()].map((socket) => socket.destroyed)).toEqual([true, true]);
  });

  it('comes when the time is up while the name is still looked up', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let found: (addresses: readonly string[]) => void = () => undefined;
    const resolver = {
      ...knows(),
      resolve: () => new Promise<readonly string[]>((resolve) => (found = resolve)),
    };
    const { options, dialled } = fakeNet({}, { resolver });
    const dialling = expect(dial(target, options)).rejects.toMatchObject({ code: 'timed-out' });
    await vi.advanceTimersByTimeAsync(10_000);
    await dialling;
    found(['192.0.2.1']);
    await settled();
    expect(dialled).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, Fate>>, string]>([
    [
      'a refusal over silence',
      { '192.0.2.1': 'silent', '192.0.2.2': errno('ECONNREFUSED') },
      'connection-refused',
    ],
    ['silence over no host', { '192.0.2.1': errno('EHOSTUNREACH'), '192.0.2.2': 'silent' }, 'timed-out'],
    [
      'no host over no network',
      { '2001:db8::1': errno('ENETUNREACH'), '192.0.2.1': errno('EHOSTUNREACH') },
      'host-unreachable',
    ],
    [
      'no network over a firewall',
      { '2001:db8::1': errno('EPERM'), '192.0.2.1': errno('ENETUNREACH') },
      'network-unreachable',
    ],
    [
      'anything over our own trouble',
      { '2001:db8::1': errno('EMFILE'), '192.0.2.1': errno('EACCES') },
      'not-allowed',
    ],
    ['our own trouble when there is nothing else', { '192.0.2.1': errno('EMFILE') }, 'general-failure'],
  ])('tells %s', async (_, fates, code) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { options } = fakeNet(fates);
    const dialling = expect(dial(target, options)).rejects.toMatchObject({ name: 'DialError', code });
    await settled();
    await vi.advanceTimersByTimeAsync(10_000);
    await dialling;
  });

  it('is the reason of whoever gave up', async () => {
    const { options, sockets } = fakeNet({ '192.0.2.1': 'silent' });
    const abort = new AbortController();
    const dialling = dial(target, { ...options, signal: abort.signal });
    await settled();
    const reason = new Error('stopping');
    abort.abort(reason);
    await expect(dialling).rejects.toBe(reason);
    expect(sockets.get('192.0.2.1')?.destroyed).toBe(true);
    await expect(dial(target, { ...options, signal: abort.signal })).rejects.toBe(reason);
  });

  it('leaves no listener on the signal', async () => {
    const { options } = fakeNet({ '192.0.2.1': 'connects' });
    const { signal } = new AbortController();
    await dial(target, { ...options, signal });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('is a name that does not resolve', async () => {
    const dead = new DialError('name-not-resolved', 'name: expected an address, got ENOTFOUND');
    const { options } = fakeNet({}, { resolver: { ...knows(), resolve: () => Promise.reject(dead) } });
    await expect(dial(target, options)).rejects.toBe(dead);
    await expect(dial(target, { ...options, resolver: knows() })).rejects.toMatchObject({
      code: 'name-not-resolved',
    });
  });

  it('loses no error that comes between the connection and the hand-over, and lets none end the process', async () => {
    const { options, sockets } = fakeNet({ '192.0.2.1': 'silent' });
    const dialling = dial({ host: '192.0.2.1', port: 80 }, options);
    const socket = sockets.get('192.0.2.1');
    process.nextTick(() => {
      socket?.emit('connect');
      socket?.destroy(errno('ECONNRESET'));
    });
    await expect(dialling).rejects.toMatchObject({ message: 'dial: expected a connection, got ECONNRESET' });
  });
});
