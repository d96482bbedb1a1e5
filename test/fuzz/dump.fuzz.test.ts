import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../shared/errors.js';
import { PcapngReader } from '../../shared/hooks/dumper/pcapng-reader.js';
import { Replay } from '../../shared/hooks/dumper/replay.js';
import { TextForm } from '../../shared/hooks/dumper/text-recording.js';
import { readFileSync } from 'node:fs';
import { recite, startDump } from '../support/dump.js';
import { fuzzRuns } from '../support/fuzz.js';

/** What it prints, or what it says is wrong. */
function outcome(pieces: readonly Buffer[]): { readonly text: string; readonly error: string | undefined } {
  let text = '';
  const replay = new Replay(
    new TextForm((part) => {
      text += part;
    }),
  );
  const reader = new PcapngReader('dump FILE', replay);
  try {
    for (const piece of pieces) reader.read(piece);
    replay.end();
    reader.end();
    return { text, error: undefined };
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return { text, error: (error as ConfigError).message };
  }
}

async function sample(): Promise<Buffer> {
  const dump = await startDump({ formats: ['pcapng'] });
  recite(dump, [
    ['up', 'ping'],
    ['down', Buffer.from(Array.from({ length: 300 }, (_, index) => index % 256))],
  ]);
  await dump.stop();
  return readFileSync(dump.only('.pcapng'));
}

test('a dump with bytes changed, cut out or put in is printed, or told in one line, however it is cut', async () => {
  const whole = await sample();
  const place = fc.nat({ max: whole.length });
  const change = fc.record({
    at: fc.oneof(fc.nat({ max: 200 }), place),
    out: fc.nat({ max: 8 }),
    put: fc.oneof(
      fc.uint8Array({ maxLength: 8 }),
      fc.constantFrom(Uint8Array.of(0, 0, 0, 0), Uint8Array.of(0xff, 0xff, 0xff, 0xff)),
    ),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 4 }), fc.array(place, { maxLength: 4 }), (changes, cuts) => {
      let bytes = whole;
      for (const { at, out, put } of changes) {
        bytes = Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + out)]);
      }
      const edges = [0, ...cuts.toSorted((one, other) => one - other), Infinity];
      const pieces = edges.slice(1).map((end, index) => bytes.subarray(edges[index] ?? 0, end));
      const cut = outcome(pieces);
      if (cut.error !== undefined) expect(cut.error).toMatch(/^dump FILE: expected [^\n]+, got [^\n]+$/);
      expect(cut).toEqual(outcome([bytes]));
      if (changes.length === 0) expect(cut.error).toBeUndefined();
    }),
    { numRuns: fuzzRuns(3000) },
  );
});
