import { describe, expect, it, vi } from 'vitest';
import { PushDuplex } from '../../shared/net/duplex.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

interface Listening {
  readonly stream: ScriptedStream;
  readonly duplex: PushDuplex;
  /** What the duplex said to whoever listens, in order. */
  readonly log: string[];
}

function duplexOver(
  stream: ScriptedStream = new ScriptedStream(),
  options: { readonly hearsOut?: true } = {},
): Listening {
  const duplex = new PushDuplex(stream, options);
  const log: string[] = [];
  for (const event of ['end', 'finish', 'close', 'timeout'] as const) duplex.on(event, () => log.push(event));
  duplex.on('error', (error) => log.push(`error ${error.message}`));
  return { stream, duplex, log };
}

/** What was asked of a stream beside being attached and going on. */
function asked({ calls }: ScriptedStream): readonly string[] {
  return calls.filter((call) => call !== 'attach' && call !== 'resume');
}

function listen({ duplex, log }: Listening): void {
  duplex.on('data', (piece: Buffer) => log.push(piece.toString('latin1')));
}

describe('a push stream as a duplex', () => {
  it('says what comes, and ends when that does', async () => {
    const listening = duplexOver();
    listen(listening);
    listening.stream.push('one', 'two');
    listening.stream.finish();
    await settle();
    expect(listening.log).toEqual(['one', 'two', 'end']);
  });

  it('keeps what was only lent to it', async () => {
    const listening = duplexOver(new ScriptedStream({ lends: true }));
    listening.stream.push('lent');
    listen(listening);
    await settle();
    expect(listening.log).toEqual(['lent']);
  });

  it('pauses the stream while nobody reads, and goes on when somebody does', async () => {
    const { stream, duplex } = duplexOver();
    stream.push('x'.repeat(64 * 1024));
    stream.push('more');
    expect([stream.paused, stream.waiting]).toEqual([true, 1]);
    const pieces: Buffer[] = [];
    duplex.on('data', (piece: Buffer) => pieces.push(piece));
    await settle();
    expect([stream.paused, Buffer.concat(pieces).length]).toEqual([false, 64 * 1024 + 4]);
  });

  it('writes what it is told, text as bytes unless told otherwise', () => {
    const { stream, duplex } = duplexOver();
    duplex.write('caf\u00e9 ');
    duplex.write('caf\u00e9', 'utf8');
    expect(stream.said).toBe('caf\u00e9 caf\u00c3\u00a9');
  });

  it('keeps a writer waiting while the stream has no room', async () => {
    const { stream, duplex } = duplexOver();
    stream.room = false;
    const written: string[] = [];
    duplex.write('first', () => written.push('first'));
    duplex.write('second', () => written.push('second'));
    duplex.write('third', () => written.push('third'));
    await settle();
    expect([stream.said, written]).toEqual(['first', []]);
    stream.drain();
    await settle();
    expect([stream.said, written]).toEqual(['firstsecondthird', ['first', 'second', 'third']]);
  });

  it('ends each direction by itself, and leaves a stream alone that has ended both ways', async () => {
    const listening = duplexOver();
    listen(listening);
    listening.duplex.end('last words');
    await settle();
    expect([listening.stream.said, asked(listening.stream), listening.log]).toEqual([
      'last words',
      ['end'],
      ['finish'],
    ]);
    listening.stream.push('an answer');
    listening.stream.finish();
    await settle();
    expect([listening.log, asked(listening.stream)]).toEqual([
      ['finish', 'an answer', 'end', 'close'],
      ['end'],
    ]);
  });

  it('closes when both sides have ended, though nobody reads', async () => {
    const { stream, duplex, log } = duplexOver();
    duplex.end('bye');
    stream.finish();
    await settle();
    expect([log, asked(stream)]).toEqual([['finish', 'end', 'close'], ['end']]);
  });

  it.each<[string, Error | undefined]>([
    ['', undefined],
    [' with an error', Object.assign(new Error('no'), { code: 'MINE' })],
  ])('tells a writer that waits for room when it is destroyed%s', async (_how, reason) => {
    const { stream, duplex, log } = duplexOver();
    stream.room = false;
    duplex.write('first', (error) => log.push(String((error as NodeJS.ErrnoException | null)?.code)));
    duplex.destroy(reason);
    stream.drain();
    await settle();
    expect(log.at(-1)).toBe(reason === undefined ? 'ERR_STREAM_DESTROYED' : 'MINE');
  });

  it('resets the stream when it is destroyed', async () => {
    const { stream, duplex, log } = duplexOver();
    duplex.destroy();
    await settle();
    expect([asked(stream), log]).toEqual([['abort'], ['close']]);
  });

  it('shows an end that is not clean behind everything it was told to write', async () => {
    const { stream, duplex } = duplexOver();
    stream.room = false;
    duplex.write('half ');
    duplex.write('an answer');
    duplex.truncate();
    await settle();
    expect([stream.said, asked(stream)]).toEqual(['half ', []]);
    stream.drain();
    await settle();
    expect([stream.said, asked(stream)]).toEqual(['half an answer', ['truncate']]);
  });

  it('shows such an end behind a clean one, too', async () => {
    const { stream, duplex } = duplexOver();
    duplex.end();
    await settle();
    duplex.truncate();
    duplex.truncate();
    expect(asked(stream)).toEqual(['end', 'truncate']);
  });
});

describe('a stream that breaks', () => {
  const reset = new Error('reset');

  it('breaks the duplex at once, and is not reset again', async () => {
    const { stream, log } = duplexOver();
    stream.push('unread');
    stream.break(reset);
    await settle();
    expect([log, asked(stream)]).toEqual([['error reset', 'close'], []]);
  });

  it('tells a writer that waits for room, once', async () => {
    const { stream, duplex } = duplexOver();
    stream.room = false;
    const told: unknown[] = [];
    duplex.write('words', (error) => told.push(error));
    stream.break(reset);
    stream.drain();
    await settle();
    expect(told).toEqual([reset]);
  });

  it('is heard out first where that is wanted', async () => {
    const listening = duplexOver(undefined, { hearsOut: true });
    listening.stream.push('unread');
    listening.stream.break(reset);
    await settle();
    expect(listening.log).toEqual([]);
    listen(listening);
    await settle();
    expect(listening.log).toEqual(['unread', 'error reset', 'close']);
  });

  it('does not keep a writer waiting that is to be heard out', async () => {
    const { stream, duplex } = duplexOver(undefined, { hearsOut: true });
    const written: string[] = [];
    stream.room = false;
    stream.push('unread');
    duplex.write('one', () => written.push('one'));
    stream.break(reset);
    duplex.write('two', () => written.push('two'));
    await settle();
    expect([written, stream.said]).toEqual([['one', 'two'], 'one']);
  });
});

describe('a stream that is released', () => {
  it('comes back with what was read but not consumed in front', async () => {
    const { stream, duplex, log } = duplexOver();
    stream.push('head');
    const [head] = [duplex.read(2) as Buffer];
    duplex.unshift(Buffer.from('H'));
    const sink = new RecordingSink();
    duplex.release().attach(sink);
    stream.push(' and more');
    expect([head.toString(), sink.text]).toEqual(['he', 'Had and more']);
    await settle();
    expect([log, asked(stream).filter((call) => call === 'abort')]).toEqual([['close'], []]);
  });

  it('is not heard by those who listened to the duplex', async () => {
    const listening = duplexOver();
    listen(listening);
    listening.duplex.pause();
    listening.stream.push('not for them');
    const sink = new RecordingSink();
    listening.duplex.release().attach(sink);
    await settle();
    expect([sink.text, listening.log]).toEqual(['not for them', ['close']]);
  });

  it('hears nothing of what is still written to the duplex', async () => {
    const { stream, duplex } = duplexOver();
    const near = duplex.release();
    duplex.end('too late');
    near.write([Buffer.from('in time')]);
    await settle();
    expect([stream.said, asked(stream)]).toEqual(['in time', []]);
  });
});

describe('the time without a byte', () => {
  it('is told when it has been too long, once, and each byte either way begins it anew', () => {
    vi.useFakeTimers();
    try {
      const { stream, duplex, log } = duplexOver();
      duplex.resume().setTimeout(1000);
      vi.advanceTimersByTime(900);
      stream.push('a byte');
      vi.advanceTimersByTime(900);
      duplex.write('another');
      vi.advanceTimersByTime(999);
      expect(log).toEqual([]);
      vi.advanceTimersByTime(1);
      expect(log).toEqual(['timeout']);
      vi.advanceTimersByTime(10_000);
      duplex.setTimeout(1000).setTimeout(0);
      vi.advanceTimersByTime(10_000);
      expect(log).toEqual(['timeout']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('ends with the duplex', () => {
    vi.useFakeTimers();
    try {
      const { duplex } = duplexOver();
      duplex.setTimeout(1000).destroy();
      duplex.setTimeout(1000);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
