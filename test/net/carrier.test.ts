import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { Carrier } from '../../shared/net/carrier.js';
import { IdleCarriers } from '../../shared/net/idle-carriers.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { pattern } from '../support/codec.js';
import { RecordingSink } from '../support/push-stream.js';
import { chunkEnds, chunks, endMark, type Ends } from '../support/sealed.js';
import { type Pair, tcpPair } from '../support/tcp.js';
import { turnsUntil } from '../support/turns.js';

const environment = systemEnvironment;
const noPadding = Uint8Array.of(0);

interface Half {
  readonly carrier: Carrier;
  readonly far: Ends;
  readonly pair: Pair;
  /** What has been heard in each of its conversations. */
  readonly sinks: RecordingSink[];
  /** Why carriers are not waiting any more. */
  readonly gone: string[];
}

/** The near end of a carrier that answers each conversation with its end, as a remote does, and waits between them. */
async function answering(): Promise<Half> {
  const pair = await tcpPair('accepted');
  const { near, far } = chunkEnds('raw');
  const carrier = new Carrier(pair.stream, () => near, { environment, ageMs: 60_000 });
  const sinks: RecordingSink[] = [];
  const gone: string[] = [];
  const begin = (): void => {
    const sink = new RecordingSink();
    sinks.push(sink);
    const stream = carrier.converse((rest) => {
      carrier.putBack(rest);
      idle.add(carrier);
    });
    stream.end();
    stream.attach(sink);
  };
  const idle = new IdleCarriers({
    idleMs: 60_000,
    heard: (_carrier, pieces) => {
      carrier.putBack(pieces);
      begin();
    },
    gone: (_carrier, why) => gone.push(why),
  });
  begin();
  return { carrier, far, pair, sinks, gone };
}

/** Whether, and how, a conversation has ended. */
function endOf(sink: RecordingSink | undefined): string | undefined {
  return sink?.log.find((word) => word === 'ended' || word === 'failed');
}

/** One direction of a conversation that says this. */
function saying(far: Ends, words: string): Buffer {
  return Buffer.concat([chunks(far, concat([noPadding, Buffer.from(words)])), endMark(far)]);
}

describe('a carrier', () => {
  it('has one conversation after another, also when the next one comes with the end of the last', async () => {
    const { far, pair, sinks } = await answering();
    await pair.peer.send(saying(far, 'one'));
    await turnsUntil(() => endOf(sinks[0]) !== undefined);
    await pair.peer.send(saying(far, 'two'));
    await turnsUntil(() => endOf(sinks[1]) !== undefined);
    // The end of each direction was sent when it began: a local may begin anew behind its own end mark.
    const both = Buffer.concat([saying(far, 'three'), saying(far, 'four')]);
    await pair.peer.send(both.subarray(0, 40));
    await pair.peer.send(both.subarray(40));
    await turnsUntil(() => endOf(sinks[3]) !== undefined);
    expect(sinks.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four']);
  });

  it('is reset by an end mark alone where a conversation should begin', async () => {
    const { far, pair, sinks } = await answering();
    await pair.peer.send(saying(far, 'one'));
    await turnsUntil(() => endOf(sinks[0]) !== undefined);
    await pair.peer.send(endMark(far));
    expect(await pair.peer.ended()).toBe('reset');
  });

  it('is reset by a next conversation that begins before the end of this one has been heard', async () => {
    const pair = await tcpPair('accepted');
    const { near, far } = chunkEnds('raw');
    const carrier = new Carrier(pair.stream, () => near, { environment, ageMs: 60_000 });
    const sink = new RecordingSink();
    carrier.converse(() => undefined).attach(sink);
    await pair.peer.send(Buffer.concat([saying(far, 'one'), saying(far, 'two')]));
    await turnsUntil(() => endOf(sink) !== undefined);
    expect([sink.text, endOf(sink), await pair.peer.ended()]).toEqual(['one', 'failed', 'reset']);
  });

  it('is broken by a FIN in the middle of a later conversation, and simply goes away by one between two', async () => {
    const broken = await answering();
    await broken.pair.peer.send(Buffer.concat([saying(broken.far, 'one'), chunks(broken.far, pattern(40))]));
    broken.pair.peer.end();
    await turnsUntil(() => endOf(broken.sinks[1]) !== undefined);
    expect(broken.sinks.map(endOf)).toEqual(['ended', 'failed']);

    const clean = await answering();
    await clean.pair.peer.send(saying(clean.far, 'one'));
    clean.pair.peer.end();
    expect(await clean.pair.peer.ended()).toBe('fin');
    expect(clean.gone).toEqual(['closed by the other half']);
    expect(clean.sinks.map(endOf)).toEqual(['ended']);
  });

  it('goes away by a reset between two conversations', async () => {
    const { far, pair, sinks, gone } = await answering();
    await pair.peer.send(saying(far, 'one'));
    await turnsUntil(() => endOf(sinks[0]) !== undefined);
    pair.peer.reset();
    await turnsUntil(() => gone.length === 1);
    expect(sinks).toHaveLength(1);
  });
});

describe('the limits of a carrier', () => {
  it('are looked at in bytes of both directions together', async () => {
    const { stream, peer } = await tcpPair('accepted');
    const limits = { ageMs: 60_000, mostBytes: 100 };
    const carrier = new Carrier(stream, () => chunkEnds('raw').near, { environment, ...limits });
    const sink = new RecordingSink();
    stream.attach(sink);
    stream.write([pattern(50)]);
    await peer.send(pattern(49));
    await sink.heard(49);
    expect(carrier.spent).toBe(false);
    stream.write([pattern(1)]);
    expect(carrier.spent).toBe(true);
  });

  it('are 64 GiB where nobody says otherwise', async () => {
    const { stream, socket } = await tcpPair('accepted');
    const carrier = new Carrier(stream, () => chunkEnds('raw').near, { environment, ageMs: 60_000 });
    const read = vi.spyOn(socket, 'bytesRead', 'get').mockReturnValue(64 * 2 ** 30 - 1);
    expect(carrier.spent).toBe(false);
    read.mockReturnValue(64 * 2 ** 30);
    expect(carrier.spent).toBe(true);
  });
});

it('what is put back into a carrier stays as it was, whatever is read where it stood', async () => {
  const { stream } = await tcpPair('accepted');
  const carrier = new Carrier(stream, () => chunkEnds('raw').near, { environment, ageMs: 60_000 });
  const lent = Buffer.from('front');
  carrier.putBack([lent]);
  lent.fill(0);
  const sink = new RecordingSink();
  stream.attach(sink);
  expect(sink.text).toBe('front');
});

describe('a conversation that is over', () => {
  it('cannot be written to, paused, ended or reset any more, whoever still holds it', async () => {
    const pair = await tcpPair('accepted');
    const { near, far } = chunkEnds('raw');
    const carrier = new Carrier(pair.stream, () => near, { environment, ageMs: 60_000 });
    let over = 0;
    const first = carrier.converse(() => undefined);
    carrier.whenOver(() => (over += 1));
    first.attach(new RecordingSink());
    first.end();
    await pair.peer.send(saying(far, 'one'));
    await turnsUntil(() => over === 1);

    const sink = new RecordingSink();
    const second = carrier.converse(() => undefined);
    second.attach(sink);
    first.write([Buffer.from('late')]);
    first.pause();
    first.end();
    first.truncate();
    first.abort();
    const late = new RecordingSink();
    first.attach(late);
    await pair.peer.send(saying(far, 'two'));
    await sink.heard(3);
    expect([sink.text, late.text, endOf(late)]).toEqual(['two', '', 'ended']);
    expect([first.heard, over]).toEqual([true, 1]);
  });
});

describe('a sequence of conversations', () => {
  it('arrives byte for byte, whatever is said and however it is cut', async () => {
    const conversation = fc.record({
      words: fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 4 }),
      padding: fc.integer({ min: 0, max: 255 }),
    });
    const sequence = fc.array(conversation, { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(sequence, fc.array(fc.integer({ min: 1, max: 30_000 })), async (said, cuts) => {
        const { far, pair, sinks, gone } = await answering();
        const sealed = said.map(({ words, padding }) => {
          const first = concat([Uint8Array.of(padding), pattern(padding, 5)]);
          return [chunks(far, first, ...words.map((size) => pattern(size, size))), endMark(far)];
        });
        let stream = Buffer.concat(sealed.flat());
        for (const cut of cuts) {
          await pair.peer.send(stream.subarray(0, cut));
          stream = stream.subarray(cut);
        }
        await pair.peer.send(stream);
        await turnsUntil(() => endOf(sinks[said.length - 1]) !== undefined);
        expect(sinks.map(({ bytes }) => Buffer.from(bytes).toString('hex'))).toEqual(
          said.map(({ words }) => Buffer.concat(words.map((size) => pattern(size, size))).toString('hex')),
        );
        expect(gone).toEqual([]);
        pair.peer.reset();
      }),
      { numRuns: 30 },
    );
  });
});
