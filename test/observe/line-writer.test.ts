import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createLineWriter } from '../../shared/observe/line-writer.js';

/** A stream whose reader reads when told to. */
function slowReader(): {
  readonly stream: Writable;
  readonly read: () => void;
  readonly lines: () => string[];
} {
  const pieces: string[] = [];
  let waiting: (() => void)[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      pieces.push(chunk.toString());
      waiting.push(done);
    },
  });
  return {
    stream,
    read() {
      while (waiting.length > 0) {
        const ready = waiting;
        waiting = [];
        for (const done of ready) done();
      }
    },
    lines: () => pieces.join('').split('\n').slice(0, -1),
  };
}

describe('lines', () => {
  it('arrive as they are, each with a line end', () => {
    const { stream, read, lines } = slowReader();
    const writer = createLineWriter(stream);
    writer.write('one');
    writer.write('two');
    read();
    expect(lines()).toEqual(['one', 'two']);
    expect(writer.dropped).toBe(0);
  });

  it('that nobody reads are dropped and counted, and memory stays bounded', async () => {
    const { stream, read, lines } = slowReader();
    const recovered: number[] = [];
    const writer = createLineWriter(stream, { recovered: (count) => recovered.push(count) });
    const line = 'x'.repeat(1023);
    for (let at = 0; at < 1000; at++) writer.write(line);

    expect(stream.writableLength).toBeLessThan(300 * 1024);
    expect(writer.dropped).toBeGreaterThan(700);

    const drained = new Promise((resolve) => stream.once('drain', resolve));
    read();
    await drained;
    expect(recovered).toEqual([writer.dropped]);
    writer.write('after');
    read();
    expect(lines()).toHaveLength(1001 - writer.dropped);
    expect(lines().at(-1)).toBe('after');
  });

  it('to a pipe that was closed are dropped, and nothing is thrown', async () => {
    const stream = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
      },
    });
    const writer = createLineWriter(stream);
    writer.write('one');
    await new Promise((resolve) => stream.once('close', resolve));
    writer.write('two');
    writer.write('three');
    expect(writer.dropped).toBe(2);
  });
});
