import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DialError, ProtocolError, RefusedError } from '../../shared/errors.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import type { Dialer } from '../../shared/outbound/outbound.js';
import { Attempts } from '../../shared/serve/attempts.js';
import { fixedTarget, frontDoor } from '../../shared/serve/inbound.js';
import { serveStream, type Inbound, type Machine } from '../../shared/serve/serve.js';
import { spacedHex } from '../support/handshake.js';
import { bound, closed, opened, served, target, told } from '../support/machine.js';
import { ScriptedStream } from '../support/push-stream.js';
import { tcpPair } from '../support/tcp.js';
import { settle } from '../support/turns.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a request that is granted', () => {
  it('is answered once, relayed, and told from its opening to its end', async () => {
    const { client, far, events, done } = served();
    client.push('ask!', 'ahead ');
    await done;
    expect([client.said, far.said]).toEqual(['granted 5000;', 'ahead ']);
    client.push('and behind');
    far.push('answer');
    expect([client.said, far.said]).toEqual(['granted 5000;answer', 'ahead and behind']);
    expect(told(events)).toEqual([opened, { event: 'granted', id: 0, target, bound }]);
    client.finish();
    far.finish();
    expect(told(events).slice(2)).toEqual([{ ...closed, target }]);
    expect(new Set(events.map((event) => ('id' in event ? event.id : -1))).size).toBe(1);
  });

  it('tells the code word of what broke it', async () => {
    const { client, far, events, done } = served();
    client.push('ask!');
    await done;
    far.break(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    expect(told(events).at(-1)).toEqual({ ...closed, target, error: 'ECONNRESET' });
    expect(client.calls).toContain('truncate');
  });

  it('has an end that is not clean for a client that broke while the target was dialled', async () => {
    let reach: () => void = () => undefined;
    const far = new ScriptedStream();
    const { client, events, done } = served(undefined, async () => {
      await new Promise<void>((resolve) => {
        reach = resolve;
      });
      return { stream: far, bound };
    });
    client.push('ask!');
    await settle();
    const failure = new Error('reset');
    client.break(failure);
    reach();
    await done;
    // A stream that broke tells its next sink so.
    client.break(failure);
    expect([far.calls.at(-1), told(events).at(-1)]).toEqual([
      'abort',
      { ...closed, target, error: 'internal' },
    ]);
  });
});

describe('a request that is refused', () => {
  it.each([
    [new DialError('connection-refused', 'dial: refused'), 'connection-refused'],
    [new RefusedError('target: private'), 'not-allowed'],
    [new Error('anything else'), 'general-failure'],
    ['not even an error', 'general-failure'],
  ])('because of %s is answered once, in the words of its protocol, and dismissed', async (error, reason) => {
    const { client, events, done } = served(undefined, vi.fn<Dialer>().mockRejectedValue(error));
    client.push('ask!', 'ahead');
    await done;
    expect([client.said, client.calls.includes('end'), client.calls.includes('abort')]).toEqual([
      `refused ${reason};`,
      true,
      false,
    ]);
    const detail = error instanceof Error ? error.message : error;
    expect(told(events)).toEqual([
      opened,
      {
        event: 'refused',
        id: 0,
        target,
        reason,
        ...(reason === 'connection-refused' && { at: 'target' }),
        detail,
      },
      { ...closed, target },
    ]);
  });

  it('is reset where its protocol has no word for it', async () => {
    const { client, done } = served(fixedTarget(target), () => Promise.reject(new RefusedError('no')));
    await done;
    expect([client.said, client.calls.at(-1)]).toEqual(['', 'abort']);
  });
});

describe('a request that is none', () => {
  it('has been answered by its protocol: it is dismissed, and its fault is told', async () => {
    const { client, events, done } = served(() =>
      Promise.reject(new ProtocolError('greeting: expected 5, got 9')),
    );
    client.push('nonsense');
    await done;
    expect([client.said, client.calls.includes('end')]).toEqual(['', true]);
    expect(told(events)).toEqual([opened, { ...closed, error: 'protocol' }]);
  });

  it.each([
    ['silence', (): void => void vi.advanceTimersByTime(1000)],
    [
      'truncated',
      (client: ScriptedStream): void => {
        client.finish();
      },
    ],
  ] as const)('is told as %s when that is what it was', async (code, happen) => {
    const { client, events, done } = served();
    client.push('ask');
    await settle();
    happen(client);
    await done;
    expect(told(events)).toEqual([opened, { ...closed, error: code }]);
  });
});

describe('the inbounds', () => {
  it('of the one port tell the protocols apart, and answer each in its own words', async () => {
    const http: Inbound = async (driver) => {
      driver.say(Buffer.from(`heard ${String(driver.takeAhead())}`));
      return Promise.resolve(undefined);
    };
    const door = frontDoor({ deadlineMs: 1000, deniedMs: 0, http });
    const answers = [];
    for (const words of [
      '05 01 00 05 01 00 01 c0 00 02 01 00 50',
      '04 01 00 50 c0 00 02 01 00',
      '47 45 54 20',
    ]) {
      const { client, done } = served(door);
      client.pushBytes(Buffer.from(spacedHex(words)));
      await done;
      // Method reply and reply were asked for at once, and leave in one write.
      expect(client.written).toHaveLength(1);
      answers.push(Buffer.from(client.said, 'latin1').toString('hex'));
    }
    expect(answers).toEqual([
      '050005000001c63364071388',
      '005a1388c6336407',
      Buffer.from('heard GET ').toString('hex'),
    ]);
  });

  it('of the one port let a client with wrong credentials wait before it hears so', async () => {
    vi.useRealTimers();
    const http: Inbound = () => Promise.resolve(undefined);
    const door = frontDoor({ deadlineMs: 1000, deniedMs: 30, check: () => false, http });
    const { client, events, done } = served(door);
    client.pushBytes(Buffer.from(spacedHex('05 01 02 01 01 61 01 62')));
    await settle();
    expect(client.written.map((piece) => Buffer.from(piece).toString('hex'))).toEqual(['0502']);
    await expect(done).resolves.toBeUndefined();
    expect(client.written.map((piece) => Buffer.from(piece).toString('hex'))).toEqual(['0502', '0101']);
    expect(told(events)).toContainEqual({ event: 'denied', id: 0, protocol: 'SOCKS5' });
  });

  it('of the one port make nobody wait when the service stops', async () => {
    vi.useRealTimers();
    const http: Inbound = () => Promise.resolve(undefined);
    const door = frontDoor({ deadlineMs: 1000, deniedMs: 3_600_000, check: () => false, http });
    const { client, attempts, done } = served(door);
    client.pushBytes(Buffer.from(spacedHex('05 01 02 01 01 61 01 62')));
    await settle();
    attempts.stop();
    await done;
    expect(Buffer.from(client.written.at(-1) ?? []).toString('hex')).toBe('0101');
  });

  it('of a fixed target say nothing, and read nothing', async () => {
    const { client, far, done } = served(fixedTarget(target));
    client.push('words');
    await done;
    expect([client.said, far.said]).toEqual(['', 'words']);
  });
});

describe('over real sockets', () => {
  it('the bytes of the plain side are counted, and idleness ends the conversation', async () => {
    vi.useRealTimers();
    const { stream: client, peer } = await tcpPair('accepted');
    const { stream: far, peer: there } = await tcpPair('dialled');
    const events: ObservedEvent[] = [];
    const machine: Machine = {
      role: 'local',
      outbound: { dial: () => Promise.resolve({ stream: far, bound }) },
      observer: (event) => events.push(event),
      idleMs: 60,
      attempts: new Attempts(),
    };
    await serveStream(client, fixedTarget(target), machine);
    await peer.send('12345');
    await there.read(5);
    await there.send('1234567');
    await peer.read(7);
    expect(['reset', 'reset']).toEqual([await peer.ended(), await there.ended()]);
    expect(told(events).at(-1)).toEqual({ ...closed, target, up: 5, down: 7, error: 'silence' });
  });

  it('the bytes are counted at the target where the client’s are sealed', async () => {
    vi.useRealTimers();
    const { stream: far, peer: there } = await tcpPair('dialled');
    const { client, events, done } = served(fixedTarget(target), () =>
      Promise.resolve({ stream: far, bound }),
    );
    await done;
    client.push('12345');
    await there.read(5);
    await there.send('1234567');
    await vi.waitUntil(() => client.said.length === 7);
    there.end();
    await vi.waitUntil(() => client.calls.includes('end'));
    client.finish();
    expect(told(events).at(-1)).toEqual({ ...closed, target, up: 5, down: 7 });
  });
});
