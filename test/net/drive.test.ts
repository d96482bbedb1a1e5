import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HandshakeDriver } from '../../shared/net/drive.js';
import { read, write, type Handshake } from '../../shared/proxy/handshake.js';
import { ProtocolError } from '../../shared/errors.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';
import { split } from '../support/codec.js';

/** Reads two words of announced length, answers each, and returns both. */
function* twoWords(): Handshake<string> {
  const words: string[] = [];
  for (let word = 0; word < 2; word++) {
    const length = (yield* read(1))[0] ?? 0;
    const text = Buffer.from(yield* read(length)).toString();
    words.push(text);
    yield* write(Buffer.from(`<${text}>`));
  }
  return words.join(' ');
}

const hello = '\x05hello\x05world';

function driven(lends = false): { readonly stream: ScriptedStream; readonly driver: HandshakeDriver } {
  const stream = new ScriptedStream({ lends });
  return { stream, driver: new HandshakeDriver(stream) };
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a driven handshake', () => {
  it.each([false, true])('returns the same for every feeding (pieces lent: %s)', async (lends) => {
    const feedings = [
      [hello],
      Array.from(hello),
      [`${hello}and more`],
      ['\x05hel', 'lo\x05wo', 'rldand more'],
    ];
    for (const feeding of feedings) {
      const { stream, driver } = driven(lends);
      const running = driver.run(twoWords(), 1000);
      for (const piece of feeding) {
        stream.push(piece);
        await Promise.resolve();
      }
      expect(await running).toBe('hello world');
      expect(Buffer.from(driver.takeAhead()).toString()).toBe(feeding.join('').slice(hello.length));
    }
  });

  it('returns the same, and hands on the same rest, under any split', async () => {
    const everything = Buffer.from(`${hello}the rest, whatever it is`);
    const sizes = fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(sizes, fc.boolean(), async (cuts, lends) => {
        const { stream, driver } = driven(lends);
        const running = driver.run(twoWords(), 1000);
        for (const piece of split(everything, cuts)) stream.pushBytes(Buffer.from(piece));
        expect(await running).toBe('hello world');
        const sink = new RecordingSink();
        driver.handOver().attach(sink);
        expect(sink.text).toBe('the rest, whatever it is');
      }),
      { numRuns: 100 },
    );
  });

  it('keeps its words back until it waits for the peer, then says them in one write', async () => {
    const { stream, driver } = driven();
    stream.push('\x05hello');
    const running = driver.run(twoWords(), 1000);
    expect(stream.written.map(String)).toHaveLength(1);
    expect(stream.said).toBe('<hello>');
    stream.push('\x05world');
    await running;
    expect(stream.said).toBe('<hello>');
    driver.say(Buffer.from('!'));
    expect([stream.said, stream.written.length]).toEqual(['<hello><world>!', 2]);
  });

  it('says all of it in one write when the peer had said everything at once', async () => {
    const { stream, driver } = driven();
    stream.push(hello);
    await driver.run(twoWords(), 1000);
    expect(stream.written).toEqual([]);
    driver.handOver();
    expect([stream.said, stream.written.length]).toEqual(['<hello><world>', 1]);
  });

  it('has said what it wrote when it throws', async () => {
    const { stream, driver } = driven();
    const refuse = function* (): Handshake<never> {
      yield* write(Buffer.from('no'));
      throw new ProtocolError('greeting: expected better, got this');
    };
    await expect(driver.run(refuse(), 1000)).rejects.toThrow('expected better');
    expect([stream.said, vi.getTimerCount()]).toEqual(['no', 0]);
  });

  it('says nothing for no words', () => {
    const { stream, driver } = driven();
    driver.say(new Uint8Array(0));
    driver.handOver();
    expect(stream.written).toEqual([]);
  });
});

describe('a driven handshake that is not completed', () => {
  it('fails as silence at its deadline, however much of it has come', async () => {
    const { stream, driver } = driven();
    const running = expect(driver.run(twoWords(), 2500)).rejects.toMatchObject({
      code: 'silence',
      message: 'handshake: expected it to be complete within 2.5 s, got silence',
    });
    stream.push('\x05hel');
    await vi.advanceTimersByTimeAsync(2400);
    stream.push('l');
    await vi.advanceTimersByTimeAsync(100);
    await running;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has no deadline left when it is complete', async () => {
    const { stream, driver } = driven();
    stream.push(hello);
    await driver.run(twoWords(), 1000);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('fails as truncated when the peer ends in the middle', async () => {
    const { stream, driver } = driven();
    stream.push('\x05hello\x05wor');
    const running = expect(driver.run(twoWords(), 1000)).rejects.toMatchObject({ code: 'truncated' });
    stream.finish();
    await running;
    expect(stream.said).toBe('<hello>');
  });

  it('succeeds when the peer ended right behind its last byte', async () => {
    const { stream, driver } = driven();
    stream.push(hello);
    stream.finish();
    expect(await driver.run(twoWords(), 1000)).toBe('hello world');
  });

  it('fails with the reason of its signal, and listens to it no more', async () => {
    const controller = new AbortController();
    const { signal } = controller;
    const off = vi.spyOn(signal, 'removeEventListener');
    const { stream, driver } = driven();
    stream.push(hello);
    await driver.run(twoWords(), 1000, { signal });
    expect(off).toHaveBeenCalledTimes(1);
    const running = expect(driver.run(twoWords(), 1000, { signal })).rejects.toThrow('enough');
    controller.abort(new Error('enough'));
    await running;
    expect([off.mock.calls.length, vi.getTimerCount()]).toEqual([2, 0]);
    await expect(driven().driver.run(twoWords(), 1000, { signal })).rejects.toThrow('enough');
  });

  it('fails with the error of a stream that breaks, the first one', async () => {
    const { stream, driver } = driven();
    const running = expect(driver.run(twoWords(), 1000)).rejects.toThrow('first');
    stream.break(new Error('first'));
    stream.break(new Error('second'));
    await running;
    await expect(driver.run(twoWords(), 1000)).rejects.toThrow('first');
  });
});

describe('what a peer says ahead of an answer', () => {
  it('is the next handshake’s', async () => {
    const { stream, driver } = driven();
    stream.push(`${hello}\x01a\x01b`);
    await driver.run(twoWords(), 1000);
    expect(await driver.run(twoWords(), 1000)).toBe('a b');
  });

  it('is taken once', async () => {
    const { stream, driver } = driven();
    stream.push(`${hello}ahead`);
    await driver.run(twoWords(), 1000);
    expect(Buffer.from(driver.takeAhead()).toString()).toBe('ahead');
    expect(driver.takeAhead().length).toBe(0);
    const sink = new RecordingSink();
    driver.handOver().attach(sink);
    expect(sink.log).toEqual([]);
  });

  it('comes first for whoever the stream is handed over to', async () => {
    const { stream, driver } = driven(true);
    stream.push(`${hello}ahead `);
    await driver.run(twoWords(), 1000);
    const sink = new RecordingSink();
    const handed = driver.handOver();
    expect(handed).toBe(stream);
    handed.attach(sink);
    stream.push('and behind');
    expect(sink.text).toBe('ahead and behind');
  });

  it('is bounded: beyond 64 KiB the stream is paused, and goes on when handed over', () => {
    const { stream, driver } = driven();
    stream.push('x'.repeat(64 * 1024));
    expect(stream.paused).toBe(false);
    for (let piece = 0; piece < 10; piece++) stream.push('y');
    expect([stream.paused, stream.waiting]).toEqual([true, 9]);
    const sink = new RecordingSink();
    driver.handOver().attach(sink);
    expect([sink.length, stream.paused]).toEqual([64 * 1024 + 10, false]);
  });
});

describe('whoever asks to be told of the end', () => {
  it('is told when the peer ends, whatever it said before', () => {
    const { stream, driver } = driven();
    const told = vi.fn();
    driver.whenDeaf(told);
    stream.push('ahead');
    expect(told).not.toHaveBeenCalled();
    stream.finish();
    expect(told).toHaveBeenCalledOnce();
  });

  it('is told at once when the peer has ended already', () => {
    const { stream, driver } = driven();
    stream.finish();
    const told = vi.fn();
    driver.whenDeaf(told);
    expect(told).toHaveBeenCalledOnce();
  });

  it('is told when the peer sends so much that it is paused, and could leave unheard', () => {
    const { stream, driver } = driven();
    const told = vi.fn();
    driver.whenDeaf(told);
    stream.push('x'.repeat(64 * 1024));
    expect(told).not.toHaveBeenCalled();
    stream.push('y');
    expect(told).toHaveBeenCalled();
  });

  it('is not told of an end that comes when somebody else has the stream', () => {
    const { stream, driver } = driven();
    const told = vi.fn();
    driver.whenDeaf(told);
    driver.handOver().attach(new RecordingSink());
    stream.finish();
    expect(told).not.toHaveBeenCalled();
  });
});
