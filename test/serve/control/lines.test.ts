import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../shared/serve/control/lines.js';

async function linesFrom(pieces: readonly (string | Uint8Array)[], most = 100): Promise<readonly string[]> {
  const lines: string[] = [];
  const source = Readable.from(pieces.map((piece) => Buffer.from(piece)));
  for await (const line of linesOf(source, most)) lines.push(line);
  return lines;
}

describe('lines', () => {
  const text = 'one\n\nthree ü\nrest';

  it.each<[string, readonly (string | Uint8Array)[]]>([
    ['at once', [text]],
    ['byte by byte', Array.from(Buffer.from(text), (byte) => Uint8Array.of(byte))],
    ['in pieces', ['on', 'e\n', '\nthree ü\nre', 'st']],
  ])('come out of text %s', async (_, pieces) => {
    expect(await linesFrom(pieces)).toEqual(['one', '', 'three ü']);
  });

  it.each([
    ['in one piece', ['12345\n']],
    ['in several', ['123', '45']],
    ['with a line before', ['1\n12345\n']],
  ])('are refused when too long, %s', async (_, pieces) => {
    await expect(linesFrom(pieces, 4)).rejects.toThrow('line: expected at most 4 bytes, got more');
    expect(await linesFrom(['1234\n', '1234\n'], 4)).toEqual(['1234', '1234']);
  });
});
