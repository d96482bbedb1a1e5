import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exactReplayStore } from '../../shared/net/replay.js';
import { WaitingRoom } from '../../shared/serve/authenticate.js';
import { openAll, pattern, vectorTime } from '../support/codec.js';
import { atTheGate, firstFlight, target } from '../support/gate.js';
import { RecordingSink } from '../support/push-stream.js';
import { settle, turnsUntil } from '../support/turns.js';

const absorbMs = 59_000;
const nothing = new Uint8Array(0);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe.each(['aes-256-gcm', '2022-blake3-aes-256-gcm'] as const)('an opening of %s', (name) => {
  it('that is genuine comes through, with its first words and what is behind them', async () => {
    const { stream, peer, cipher, opened, absorbed } = await atTheGate(exactReplayStore(), { name });
    await peer.send(firstFlight(cipher, Buffer.from('first '), Buffer.from('words')));
    await turnsUntil(() => opened.length > 0);
    const [request] = opened;
    expect([request?.target, absorbed, vi.getTimerCount()]).toEqual([target, [], 0]);
    const sink = new RecordingSink();
    stream.attach(sink);
    if (request === undefined) throw new Error('request: expected one');
    const { plaintext } = openAll(request.opener, [sink.bytes]);
    expect(Buffer.concat([request.payload, plaintext]).toString()).toBe('first words');
  });

  it('comes through one byte at a time, once', async () => {
    const { peer, cipher, opened } = await atTheGate(exactReplayStore(), { name });
    for (const byte of firstFlight(cipher, Buffer.from('words'))) {
      await peer.send(Uint8Array.of(byte));
      await settle(1);
    }
    await turnsUntil(() => opened.length > 0);
    await settle();
    expect(opened).toHaveLength(1);
  });

  it('comes through with the end of its direction right behind it', async () => {
    const { stream, peer, cipher, opened } = await atTheGate(exactReplayStore(), { name });
    peer.socket.end(firstFlight(cipher, Buffer.from('words')));
    await turnsUntil(() => opened.length > 0);
    const sink = new RecordingSink();
    stream.attach(sink);
    expect(await sink.over()).toBe('ended');
    expect(peer.ending).toBeUndefined();
  });

  it('that is not authentic is remembered by nobody', async () => {
    const replay = exactReplayStore();
    const add = vi.spyOn(replay, 'checkAndAdd');
    const { peer, cipher, opened, absorbed } = await atTheGate(replay, { name });
    const flight = firstFlight(cipher, Buffer.from('words'));
    flight[40] = ~(flight[40] ?? 0);
    await peer.send(Buffer.concat([flight, pattern(66_000)]));
    await turnsUntil(() => absorbed.length > 0);
    expect([opened, absorbed.length, add.mock.calls.length]).toEqual([[], 1, 0]);
  });

  it('that was seen before is absorbed', async () => {
    const replay = exactReplayStore();
    const first = await atTheGate(replay, { name });
    const flight = firstFlight(first.cipher, Buffer.from('words'));
    await first.peer.send(flight);
    await turnsUntil(() => first.opened.length > 0);
    const again = await atTheGate(replay, { name });
    await again.peer.send(flight);
    await turnsUntil(() => again.absorbed.length > 0);
    expect([again.opened, again.absorbed]).toEqual([[], ['replayed salt']]);
  });
});

describe('an opening from before our time', () => {
  it('is absorbed when it has a stamp, one second too old', async () => {
    for (const [notBefore, through] of [
      [vectorTime, 1],
      [vectorTime + 1, 0],
    ] as const) {
      const { peer, cipher, opened, absorbed } = await atTheGate(exactReplayStore(), { notBefore });
      await peer.send(firstFlight(cipher, Buffer.from('words')));
      await turnsUntil(() => opened.length + absorbed.length > 0);
      expect(opened).toHaveLength(through);
    }
  });

  it('cannot be told from others where there is no stamp', async () => {
    const { peer, cipher, opened } = await atTheGate(exactReplayStore(), {
      name: 'aes-128-gcm',
      notBefore: vectorTime + 1000,
    });
    await peer.send(firstFlight(cipher, Buffer.from('words')));
    await turnsUntil(() => opened.length > 0);
  });
});

describe('the one deadline', () => {
  it('comes to a peer that says too little, not later for every byte it says', async () => {
    for (const words of [nothing, Uint8Array.of(1), pattern(31), pattern(50)]) {
      const { peer, absorbed } = await atTheGate(exactReplayStore());
      for (let second = 0; second < 58; second++) {
        vi.advanceTimersByTime(1_000);
        if (second < words.length) await peer.send(words.subarray(second, second + 1));
      }
      vi.advanceTimersByTime(999);
      await settle();
      expect([peer.ending, absorbed]).toEqual([undefined, []]);
      vi.advanceTimersByTime(1);
      expect([await peer.ended(), absorbed]).toEqual([
        'fin',
        ['expected an opening, got too little of it in time'],
      ]);
    }
  });

  it('is the same for a peer that was found out long before', async () => {
    const { peer, absorbed } = await atTheGate(exactReplayStore());
    vi.advanceTimersByTime(20_000);
    await peer.send(pattern(70_000));
    await turnsUntil(() => absorbed.length > 0);
    vi.advanceTimersByTime(absorbMs - 20_000 - 1);
    await peer.send(pattern(70_000));
    await settle();
    expect(peer.ending).toBeUndefined();
    vi.advanceTimersByTime(1);
    expect([await peer.ended(), peer.waiting, absorbed.length]).toEqual(['fin', 0, 1]);
  });

  it('is not waited for by a peer that ends first, whatever it had said', async () => {
    for (const words of [nothing, pattern(10), pattern(70_000)]) {
      const { peer, opened } = await atTheGate(exactReplayStore());
      peer.socket.end(words);
      expect([await peer.ended(), peer.waiting, opened]).toEqual(['fin', 0, []]);
    }
  });

  it('is forgotten when the peer is gone', async () => {
    for (const words of [pattern(10), pattern(70_000)]) {
      const { stream, peer, opened } = await atTheGate(exactReplayStore());
      const gone = new Promise<void>((resolve) => {
        stream.onClosed(resolve);
      });
      await peer.send(words);
      await settle();
      peer.reset();
      await gone;
      expect([opened, vi.getTimerCount()]).toEqual([[], 0]);
    }
  });
});

describe('the waiting room', () => {
  it('has 64 places for one source, and 4096 in all', () => {
    const room = new WaitingRoom();
    const enter = (source: string): number => {
      let entered = 0;
      while (room.enter(source)) entered += 1;
      return entered;
    };
    for (let source = 0; source < 64; source++) expect(enter(`10.0.0.${source}`)).toBe(64);
    expect(room.enter('10.9.9.9')).toBe(false);
    room.leave('10.0.0.1');
    expect([room.enter('10.9.9.9'), room.enter('10.0.0.1')]).toEqual([true, false]);
    room.leave('10.9.9.9');
    expect([room.enter('10.0.0.2'), enter('10.0.0.1')]).toEqual([false, 1]);
  });

  it('has 2048 places for those whom a plugin hides, and always some for others', () => {
    const room = new WaitingRoom();
    let entered = 0;
    while (room.enter(undefined)) entered += 1;
    expect([entered, room.enter('10.0.0.1')]).toEqual([2048, true]);
    room.leave(undefined);
    expect([room.enter(undefined), room.enter(undefined)]).toEqual([true, false]);
  });

  it('takes an IPv4 address, and the /64 of an IPv6 address, for one source', async () => {
    const room = new WaitingRoom();
    const enter = vi.spyOn(room, 'enter');
    const groups = [
      ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:192.0.2.1'],
      ['192.0.2.2'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::1', '2001:db8:1:2::', '2001:db8:1:2:ffff::9'],
      ['2001:db8:1:3::1'],
      ['2001:db8::1', '2001:db8::', '2001:db8:0:0:1::'],
      ['fe80::1'],
      ['::1'],
    ];
    const sources: (string | undefined)[] = [];
    for (const addresses of groups) {
      const names = new Set<string | undefined>();
      for (const address of addresses) {
        const { peer } = await atTheGate(exactReplayStore(), { waiting: room, address });
        enter.mockClear();
        await peer.send(pattern(10));
        await turnsUntil(() => enter.mock.calls.length > 0);
        names.add(enter.mock.calls[0]?.[0]);
      }
      expect([addresses, names.size]).toEqual([addresses, 1]);
      sources.push(...names);
    }
    expect(new Set(sources).size).toBe(groups.length);
  });

  it('knows no sources behind a plugin', async () => {
    const waiting = new WaitingRoom();
    const enter = vi.spyOn(waiting, 'enter');
    const { peer } = await atTheGate(exactReplayStore(), { waiting, hidesSources: true });
    await peer.send(pattern(10));
    await turnsUntil(() => enter.mock.calls.length > 0);
    expect(enter.mock.calls).toEqual([[undefined]]);
  });

  it('is not entered by an opening that comes whole', async () => {
    const waiting = new WaitingRoom();
    const enter = vi.spyOn(waiting, 'enter');
    const { peer, cipher, opened } = await atTheGate(exactReplayStore(), { waiting });
    await peer.send(firstFlight(cipher, Buffer.from('words')));
    await turnsUntil(() => opened.length > 0);
    expect(enter).not.toHaveBeenCalled();
  });

  it('is entered once and left once, however it ends', async () => {
    const waiting = new WaitingRoom();
    const [enter, leave] = [vi.spyOn(waiting, 'enter'), vi.spyOn(waiting, 'leave')];
    const endings = ['comes through', 'is found out', 'ends', 'resets', 'is too late'] as const;
    for (const ending of endings) {
      const { peer, cipher, opened, absorbed } = await atTheGate(exactReplayStore(), { waiting });
      const flight = firstFlight(cipher, Buffer.from('words'));
      for (const at of [0, 1, 2]) {
        await peer.send(flight.subarray(at, at + 1));
        await turnsUntil(() => enter.mock.calls.length > 0);
      }
      if (ending === 'comes through') await peer.send(flight.subarray(3));
      else if (ending === 'is found out') await peer.send(pattern(70_000));
      else if (ending === 'ends') peer.end();
      else if (ending === 'resets') peer.reset();
      else vi.advanceTimersByTime(absorbMs);
      await turnsUntil(() => leave.mock.calls.length > 0);
      vi.advanceTimersByTime(2 * absorbMs);
      await settle();
      expect([ending, enter.mock.calls, leave.mock.calls]).toEqual([
        ending,
        [['127.0.0.1']],
        [['127.0.0.1']],
      ]);
      expect([ending, opened.length]).toEqual([ending, ending === 'comes through' ? 1 : 0]);
      expect([ending, absorbed.length]).toEqual([ending, /found|late/.test(ending) ? 1 : 0]);
      enter.mockClear();
      leave.mockClear();
    }
  });

  it('that is full absorbs the next one until the deadline, like everybody', async () => {
    const waiting = new WaitingRoom();
    for (let place = 0; place < 64; place++) waiting.enter('127.0.0.1');
    const { peer, absorbed } = await atTheGate(exactReplayStore(), { waiting });
    await peer.send(pattern(10));
    await turnsUntil(() => absorbed.length > 0);
    expect(absorbed).toEqual(['too many openings are waiting, in all or from this source']);
    await settle();
    expect(peer.ending).toBeUndefined();
    vi.advanceTimersByTime(absorbMs);
    expect(await peer.ended()).toBe('fin');
  });
});
