import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SealedStream } from '../../shared/net/sealed.js';
import { TcpStream } from '../../shared/net/tcp.js';
import { pattern } from '../support/codec.js';
import { memoryConnection } from '../support/memory-socket.js';
import { RecordingSink } from '../support/push-stream.js';
import { chunkEnds, padding, wires } from '../support/sealed.js';
import { turnsUntil } from '../support/turns.js';

/** A write of so many bytes, in so many pieces, by one of the two. */
const words = fc.record({
  who: fc.constantFrom(0, 1),
  size: fc.oneof(fc.nat(40), fc.nat(5_000), fc.constantFrom(0, 1, 2048, 2049, 65_535, 65_536, 140_000)),
  pieces: fc.integer({ min: 1, max: 3 }),
});

const cuts = fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70_000 })), {
  maxLength: 30,
});

it.each(wires)(
  'two sealed streams back to back carry any words under any split over the %s wire',
  async (wire) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(words, { maxLength: 12 }),
        cuts,
        fc.tuple(fc.nat(255), fc.nat(255)),
        async (script, sizes, lengths) => {
          const { near, far } = chunkEnds(wire);
          const sockets = memoryConnection(sizes);
          const sinks = [new RecordingSink(), new RecordingSink()] as const;
          const streams = [near, far].map((ends, side) => {
            const socket = sockets[side === 0 ? 0 : 1];
            const environment = padding(lengths[side === 0 ? 0 : 1]);
            return new SealedStream(new TcpStream(socket), ends, { wire, environment });
          });
          streams.forEach((stream, side) => {
            stream.attach(sinks[side === 0 ? 0 : 1]);
          });
          const said: [Buffer, Buffer] = [Buffer.alloc(0), Buffer.alloc(0)];
          for (const [turn, { who, size, pieces }] of script.entries()) {
            const text = pattern(size, turn + 1);
            const side = who === 0 ? 0 : 1;
            said[side] = Buffer.concat([said[side], text]);
            const each = Math.max(1, Math.ceil(size / pieces));
            const parts: Uint8Array[] = [];
            for (let at = 0; at < size; at += each) parts.push(Buffer.from(text.subarray(at, at + each)));
            streams[side]?.write(parts);
            // Sealed and done with: what happens to the pieces now is nobody's business.
            for (const part of parts) part.fill(0xee);
          }
          for (const stream of streams) stream.end();
          await turnsUntil(() => sinks.every(({ log }) => log.includes('ended') || log.includes('failed')));
          for (const side of [0, 1] as const) {
            const sink = sinks[1 - side];
            expect(sink?.error).toBeUndefined();
            expect(Buffer.from(sink?.bytes ?? []).equals(said[side])).toBe(true);
            // Pieces that were pushed are the sink's own: nothing has changed them since.
            expect(Buffer.concat(sink?.pieces ?? []).equals(said[side])).toBe(true);
            expect(sink?.log.filter((word) => word !== 'bytes' && word !== 'writable')).toEqual(['ended']);
          }
          for (const socket of sockets) socket.destroy();
        },
      ),
      { numRuns: 150 },
    );
  },
);
