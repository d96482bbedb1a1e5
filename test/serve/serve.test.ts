import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DialError, ProtocolError, RefusedError } from '../../shared/errors.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { FarRefusal, type Dialer } from '../../shared/outbound/dialer.js';
import { Attempts } from '../../shared/serve/attempts.js';
import { fixedTarget, socks5 } from '../../shared/serve/inbound.js';
import { serveStream, type Inbound, type Machine } from '../../shared/serve/serve.js';
import { spacedHex } from '../support/handshake.js';
import { ScriptedStream } from '../support/push-stream.js';
import { tcpPair } from '../support/tcp.js';
import { settle } from '../support/turns.js';

const target = { host: '192.0.2.1', port: 80 };
const bound = { host: '198.51.100.7', port: 5000 };

/** An inbound that reads four bytes and says what became of them in words. */
const plain: Inbound = async (driver) => {
  const spoken = await driver.run(fourBytes(), 1000);
  return {
    target,
    spoken: () => spoken,
    granted: ({ port }) => Buffer.from(`granted ${port};`),
    refused: (reason) => Buffer.from(`refused ${reason};`),
  };
};

function* fourBytes(): Generator<{ readonly read: number }, Uint8Array, Uint8Array> {
  return yield { read: 4 };
}

interface Run {
  readonly client: ScriptedStream;
  readonly far: ScriptedStream;
  readonly events: ObservedEvent[];
  readonly done: Promise<void>;
}

/** The machine with a scripted client, and a dialer that reaches `far` unless it is given another. */
function served(inbound: Inbound = plain, dialer?: Dialer): Run {
  const [client, far] = [new ScriptedStream(), new ScriptedStream()];
  const events: ObservedEvent[] = [];
  const dial: Dialer = dialer ?? (() => Promise.resolve({ stream: far, bound }));
  const machine: Machine = {
    role: 'remote',
    dial,
    observer: (event) => events.push(event),
    idleMs: 1000,
    attempts: new Attempts(),
  };
  return { client, far, events, done: serveStream(client, inbound, machine) };
}

/** The events without what differs from run to run. */
function told(events: readonly ObservedEvent[]): unknown[] {
  return events.map((event) => ({
    ...event,
    ...('id' in event && { id: 0 }),
    ...('ms' in event && { ms: 0 }),
  }));
}

const opened = { event: 'opened', id: 0, role: 'remote' };
const closed = { event: 'closed', id: 0, up: 0, down: 0, ms: 0 };

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

  it('is answered with the far end’s own words where there are any', async () => {
    const reply = Buffer.from('the far reply');
    const far = new ScriptedStream();
    const { client, done } = served(plain, () => Promise.resolve({ stream: far, bound, reply }));
    client.push('ask!');
    await done;
    expect(client.said).toBe('the far reply');
  });

  it('hands what was spoken to the way out', async () => {
    let heard = '';
    const { client, far, done } = served(plain, (_target, { spoken }) => {
      heard = Buffer.from(spoken()).toString();
      return Promise.resolve({ stream: far, bound });
    });
    client.push('ask!');
    await done;
    expect(heard).toBe('ask!');
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
    const { client, events, done } = served(plain, async () => {
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
    const { client, events, done } = served(plain, vi.fn<Dialer>().mockRejectedValue(error));
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
      { event: 'refused', id: 0, target, reason, detail },
      { ...closed, target },
    ]);
  });

  it('by the far end is answered with the far end’s own words', async () => {
    const { client, events, done } = served(plain, () =>
      Promise.reject(new FarRefusal('timed-out', Buffer.from('far no'))),
    );
    client.push('ask!');
    await done;
    expect([client.said, told(events)[1]]).toEqual([
      'far no',
      expect.objectContaining({ reason: 'timed-out' }),
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
  it('of SOCKS5 hand on greeting, request and what came ahead of the answer, word for word', async () => {
    let heard = '';
    const { client, far, done } = served(socks5(1000), (asked, { spoken }) => {
      heard = `${asked.host} ${asked.port} ${Buffer.from(spoken()).toString('hex')}`;
      return Promise.resolve({ stream: far, bound });
    });
    const greeting = '05 02 00 02';
    const request = '05 01 00 01 c0 00 02 01 00 50';
    client.pushBytes(Buffer.from(spacedHex(`${greeting} ${request} aa bb`)));
    await done;
    expect(heard).toBe(`192.0.2.1 80 ${`${greeting} ${request} aa bb`.replaceAll(' ', '')}`);
    // Method reply and reply were asked for at once, and leave in one write.
    expect(client.written.map((piece) => Buffer.from(piece).toString('hex'))).toEqual([
      `050005000001c63364071388`,
    ]);
    // What was spoken is the way out's to send; nothing of it comes twice.
    expect(far.said).toBe('');
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
      dial: () => Promise.resolve({ stream: far, bound }),
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
