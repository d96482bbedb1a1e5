import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openAll, pattern } from '../support/codec.js';
import { atTheGate, firstFlight, SlowStore, type AtTheGate } from '../support/gate.js';
import { RecordingSink } from '../support/push-stream.js';
import { settle, turnsUntil } from '../support/turns.js';

const absorbMs = 59_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** A whole opening in front of a memory that is still thinking about its salt. */
async function thinking(): Promise<AtTheGate & { readonly store: SlowStore }> {
  const store = new SlowStore();
  const gate = await atTheGate(store);
  await gate.peer.send(firstFlight(gate.cipher, Buffer.from('words')));
  await turnsUntil(() => store.waiting === 1);
  return { ...gate, store };
}

/** The memory says that the salt is new, then that it has been added. */
async function letThrough(store: SlowStore): Promise<void> {
  store.answer(false);
  await turnsUntil(() => store.waiting === 1);
  store.answer(true);
  await settle();
}

describe('while the memory is thinking', () => {
  it('nothing is opened before the salt was looked up, nor let through before it was added', async () => {
    const { store, opened } = await thinking();
    expect(store.asked).toEqual(['seen']);
    store.answer(false);
    await turnsUntil(() => store.waiting === 1);
    expect([store.asked, opened]).toEqual([['seen', 'checkAndAdd'], []]);
    store.answer(true);
    await turnsUntil(() => opened.length === 1);
  });

  it('a peer that sends on and on is paused, and read again when it is let through', async () => {
    const { stream, socket, peer, store, opened } = await thinking();
    const flood = Buffer.alloc(16 * 1024 * 1024);
    void peer.send(flood);
    await turnsUntil(() => socket.isPaused());
    // Node reads ahead once more, as much as its own mark allows.
    await settle();
    const before = socket.bytesRead;
    await settle();
    expect(socket.bytesRead).toBe(before);
    expect(before).toBeLessThan(1024 * 1024);
    await letThrough(store);
    await turnsUntil(() => opened.length === 1);
    let read = 0;
    stream.attach({
      receive: (pieces) => {
        for (const piece of pieces) read += piece.length;
      },
      ended: () => undefined,
      failed: () => undefined,
      writable: () => undefined,
    });
    await turnsUntil(() => read >= flood.length);
  });

  it('what comes is kept for whoever is let through', async () => {
    const store = new SlowStore();
    const { stream, peer, cipher, opened } = await atTheGate(store);
    const flight = firstFlight(cipher, Buffer.from('first '), Buffer.from('words'));
    await peer.send(flight.subarray(0, 33));
    await turnsUntil(() => store.waiting === 1);
    await peer.send(flight.subarray(33, -5));
    await settle();
    store.answer(false);
    await turnsUntil(() => store.waiting === 1);
    await peer.send(flight.subarray(-5));
    await settle();
    store.answer(true);
    await turnsUntil(() => opened.length > 0);
    const sink = new RecordingSink();
    stream.attach(sink);
    const [request] = opened;
    if (request === undefined) throw new Error('request: expected one');
    const { plaintext } = openAll(request.opener, [sink.bytes]);
    expect(Buffer.concat([request.payload, plaintext]).toString()).toBe('first words');
  });

  it('a genuine peer may end', async () => {
    const { stream, peer, store, opened, absorbed } = await thinking();
    peer.end();
    await settle();
    expect(peer.ending).toBeUndefined();
    await letThrough(store);
    expect([opened.length, absorbed]).toEqual([1, []]);
    const sink = new RecordingSink();
    stream.attach(sink);
    expect(await sink.over()).toBe('ended');
  });

  it('half an opening may end, and is answered as soon as it is known to be half', async () => {
    const store = new SlowStore();
    const { peer, cipher, opened } = await atTheGate(store);
    peer.socket.end(firstFlight(cipher, Buffer.from('words')).subarray(0, 60));
    await turnsUntil(() => store.waiting === 1);
    await settle();
    store.answer(false);
    expect([await peer.ended(), opened]).toEqual(['fin', []]);
  });

  it('a replay may end, and is answered as soon as it is known for one', async () => {
    const { peer, store, opened, absorbed } = await thinking();
    peer.end();
    await settle();
    store.answer(true);
    expect([await peer.ended(), opened, absorbed]).toEqual(['fin', [], ['replayed salt']]);
  });

  it('a peer may be gone: nobody is let through, and nobody is called an impostor', async () => {
    const { stream, peer, store, opened, absorbed } = await thinking();
    const gone = new Promise<void>((resolve) => {
      stream.onClosed(resolve);
    });
    peer.reset();
    await gone;
    await letThrough(store);
    expect([opened, absorbed, vi.getTimerCount()]).toEqual([[], [], 0]);
  });

  it('we may drop the peer ourselves: it is let through no more, and no timer waits for it', async () => {
    const { stream, store, opened, absorbed } = await thinking();
    const gone = new Promise<void>((resolve) => {
      stream.onClosed(resolve);
    });
    stream.drop();
    await gone;
    expect(vi.getTimerCount()).toBe(0);
    await letThrough(store);
    expect([opened, absorbed]).toEqual([[], []]);
  });

  it('the deadline may pass: the peer gets its FIN, and is let through no more', async () => {
    const { peer, store, opened, absorbed } = await thinking();
    vi.advanceTimersByTime(absorbMs);
    expect(await peer.ended()).toBe('fin');
    await letThrough(store);
    expect([opened, absorbed.length]).toEqual([[], 1]);
  });
});

describe('a memory', () => {
  it('that learns of the salt from somebody else in the meantime absorbs it', async () => {
    const { peer, store, opened, absorbed } = await thinking();
    store.answer(false);
    await turnsUntil(() => store.waiting === 1);
    store.answer(false);
    await turnsUntil(() => absorbed.length > 0);
    expect([opened, absorbed, peer.ending]).toEqual([[], ['replayed salt'], undefined]);
  });

  it('that fails lets nobody through', async () => {
    const { peer, store, opened, absorbed } = await thinking();
    store.fail(new Error('memory: expected an answer, got none'));
    await turnsUntil(() => absorbed.length > 0);
    expect([opened, absorbed]).toEqual([[], ['memory: expected an answer, got none']]);
    await peer.send(pattern(100));
    vi.advanceTimersByTime(absorbMs);
    expect(await peer.ended()).toBe('fin');
  });
});
