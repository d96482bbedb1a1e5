import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dismiss, letGo, relay, type RelayEnd } from '../../shared/net/relay.js';
import type { SystemSocket } from '../../shared/net/sockets.js';
import { ScriptedStream } from '../support/push-stream.js';

/** Two streams with a relay between them, and how it ended. */
function relayed(natures: { readonly client?: ScriptedStream; readonly target?: ScriptedStream } = {}): {
  readonly client: ScriptedStream;
  readonly target: ScriptedStream;
  readonly ends: RelayEnd[];
} {
  const { client = new ScriptedStream(), target = new ScriptedStream() } = natures;
  const ends: RelayEnd[] = [];
  relay(client, target, (end) => ends.push(end));
  return { client, target, ends };
}

/** What was asked of a stream beside being attached. */
function asked({ calls }: ScriptedStream): readonly string[] {
  return calls.filter((call) => call !== 'attach');
}

const reset = new Error('reset');

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('a relay', () => {
  it('carries bytes both ways', () => {
    const { client, target } = relayed();
    client.push('a request, ', 'in two pieces');
    target.push('an answer');
    expect([target.said, client.said]).toEqual(['a request, in two pieces', 'an answer']);
  });

  it('brings what a client said before, and the answer to it', () => {
    const client = new ScriptedStream();
    const target = new ScriptedStream();
    client.giveBack(Buffer.from('early'));
    target.onWrite = () => {
      target.push('heard you');
    };
    relayed({ client, target });
    expect([target.said, client.said]).toEqual(['early', 'heard you']);
  });

  it('listens to the target before the client’s early words can break it', () => {
    const client = new ScriptedStream();
    const target = new ScriptedStream();
    client.giveBack(Buffer.from('early'));
    target.onWrite = () => {
      target.break(reset);
    };
    const { ends } = relayed({ client, target });
    expect([asked(client).includes('truncate'), ends]).toEqual([true, [reset]]);
  });

  describe('when one side ends', () => {
    it('ends that direction only', () => {
      const { client, target, ends } = relayed();
      client.finish();
      expect([asked(target), asked(client), ends]).toEqual([['end'], [], []]);
      target.push('still talking');
      expect(client.said).toBe('still talking');
    });

    it('ends that direction only, whichever it is', () => {
      const { client, target, ends } = relayed();
      target.finish();
      expect([asked(client), asked(target), ends]).toEqual([['end'], [], []]);
      client.push('still uploading');
      expect(target.said).toBe('still uploading');
    });

    it('is done once both have ended, in either order, once', () => {
      for (const first of ['client', 'target'] as const) {
        const { client, target, ends } = relayed();
        const [one, other] = first === 'client' ? [client, target] : [target, client];
        one.finish();
        other.finish();
        one.break(reset);
        other.break(reset);
        expect([ends, asked(client), asked(target)]).toEqual([[undefined], ['end'], ['end']]);
      }
    });
  });

  describe('when one side breaks', () => {
    it('truncates the client, never resets it, when it is the target', () => {
      const { client, target, ends } = relayed();
      target.push('half an answer');
      target.break(reset);
      expect([client.said, asked(client), asked(target), ends]).toEqual([
        'half an answer',
        ['truncate'],
        [],
        [reset],
      ]);
    });

    it('truncates the client as well when that had ended before', () => {
      const { client, target, ends } = relayed();
      client.finish();
      target.break(reset);
      expect([asked(client), ends]).toEqual([['truncate'], [reset]]);
    });

    it('resets the target when it is the client, whoever had ended before', () => {
      for (const before of ['nobody', 'client', 'target'] as const) {
        const { client, target, ends } = relayed();
        if (before === 'client') client.finish();
        if (before === 'target') target.finish();
        client.break(reset);
        expect([before, asked(target).at(-1), asked(client).includes('truncate'), ends]).toEqual([
          before,
          'abort',
          false,
          [reset],
        ]);
      }
    });

    it('is done once, though the other side breaks in consequence', () => {
      const { client, target, ends } = relayed();
      client.break(reset);
      target.break(new Error('another'));
      client.finish();
      expect(ends).toEqual([reset]);
    });
  });

  describe('when the target breaks behind its own end', () => {
    it('lets the client hear that its upload reaches nobody, after all that was said', () => {
      const { client, target, ends } = relayed();
      target.push('413');
      target.finish();
      client.push('x');
      target.break(reset);
      expect([client.said, target.said, asked(client), ends]).toEqual([
        '413',
        'x',
        ['end', 'truncate'],
        [reset],
      ]);
    });
  });

  describe('with a slow reader', () => {
    it.each(['client', 'target'] as const)('at the %s pauses the other side until there is room', (who) => {
      const { client, target } = relayed();
      const [reader, writer] = who === 'client' ? [client, target] : [target, client];
      reader.room = false;
      for (let piece = 0; piece < 100; piece++) writer.push('0123456789');
      // One piece filled the reader; all others wait at their source.
      expect([reader.said.length, writer.waiting, asked(writer)]).toEqual([10, 99, ['pause']]);
      expect(asked(reader)).toEqual([]);
      reader.drain();
      expect([reader.said.length, writer.waiting, asked(writer)]).toEqual([1000, 0, ['pause', 'resume']]);
    });

    it('does not keep the other direction waiting', () => {
      const { client, target } = relayed();
      client.room = false;
      target.push('a lot', 'more');
      client.push('upwards');
      expect([target.said, target.paused, client.paused]).toEqual(['upwards', true, false]);
    });
  });

  describe('of lent pieces', () => {
    it('copies them for a side that keeps them', () => {
      const target = new ScriptedStream({ lends: true });
      const { client } = relayed({ target });
      target.push('lent ', 'words');
      expect(client.said).toBe('lent words');
    });

    it('passes them as they are to a side that is done with them at once', () => {
      const client = new ScriptedStream({ keeps: false });
      const write = vi.spyOn(client, 'write');
      const { target } = relayed({ client, target: new ScriptedStream({ lends: true }) });
      const piece = Buffer.from('lent');
      target.pushBytes(piece);
      expect([client.said, write.mock.calls[0]?.[0][0] === piece]).toEqual(['lent', true]);
    });

    it('copies nothing that is the sink’s own', () => {
      const { client, target } = relayed();
      const piece = Buffer.from('owned');
      target.pushBytes(piece);
      expect(client.written[0]).toBe(piece);
    });
  });
});

describe('a stream that is dismissed', () => {
  it('is ended, listened to without an answer, and reset after 30 s', () => {
    const stream = new ScriptedStream();
    dismiss(stream);
    stream.push('but I was going to say');
    expect([asked(stream), stream.said]).toEqual([['end'], '']);
    vi.advanceTimersByTime(30_000);
    expect(asked(stream)).toEqual(['end', 'abort']);
  });

  it('is let go when it ends', () => {
    const stream = new ScriptedStream();
    dismiss(stream);
    stream.finish();
    expect([asked(stream), vi.getTimerCount()]).toEqual([['end'], 0]);
  });
});

describe('a stream that is let go', () => {
  it('does not hold the process, and is reset when something is still said to it', () => {
    const unref = vi.fn();
    const system = { ref: vi.fn(), unref } as unknown as SystemSocket;
    const stream = Object.assign(new ScriptedStream(), { system });
    letGo(stream);
    expect([asked(stream), unref.mock.calls.length]).toEqual([['end'], 1]);
    stream.push('but I was going to say');
    expect([asked(stream), vi.getTimerCount()]).toEqual([['end', 'abort'], 0]);
  });
});
