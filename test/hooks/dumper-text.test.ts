import { describe, expect, test } from 'vitest';
import { hexDump } from '../../shared/hooks/dumper/hex-dump.js';
import { TextForm } from '../../shared/hooks/dumper/text-recording.js';
import { incompleteEnd } from '../../shared/hooks/dumper/utf8.js';
import type { Said } from '../support/dump.js';

/** What is written of these pieces of one direction, without the times. */
function written(...pieces: readonly (Uint8Array | string)[]): string {
  let text = '';
  const form = new TextForm((part) => {
    text += part;
  });
  for (const piece of pieces) form.piece('up', Buffer.from(piece), 0);
  form.finish();
  return text.replaceAll('1970-01-01T00:00:00.000000Z ', '');
}

describe('the text of a dump', () => {
  test('has the time to the microsecond, the direction and the count of each piece', () => {
    let text = '';
    const form = new TextForm((part) => {
      text += part;
    });
    const said: Said = [
      ['up', 'ping\n'],
      ['down', 'x'],
    ];
    for (const [direction, bytes] of said) form.piece(direction, Buffer.from(bytes), 1_795_221_309_123_456);
    form.ended('down', 1_795_221_309_123_457);
    expect(text).toBe(
      [
        '2026-11-21T00:35:09.123456Z → 5 bytes\n  ping\n',
        '2026-11-21T00:35:09.123456Z ← 1 byte\n  x\n',
        '2026-11-21T00:35:09.123457Z ← end\n',
      ].join(''),
    );
  });

  test.each([
    ['lines of either kind', 'a\r\nb\nc', '→ 6 bytes\n  a\n  b\n  c\n'],
    ['lines that look like those of a dump', '→ 5 bytes\n# x\n', '→ 16 bytes\n  → 5 bytes\n  # x\n'],
    ['empty lines', '\r\n\r\n', '→ 4 bytes\n  \n  \n'],
    ['what moves a cursor', 'a\u001b[2J\rb\u202e\u0007', '→ 11 bytes\n  a\\u001b[2J\\u000db\\u202e\\u0007\n'],
    ['nothing', '', '→ 0 bytes\n'],
  ])('%s', (_, text, expected) => {
    expect(written(text)).toBe(expected);
  });

  test('a character that is cut in two stays whole, in the piece that ends it', () => {
    const euro = Buffer.from('€!');
    expect(written(euro.subarray(0, 2), euro.subarray(2))).toBe('→ 2 bytes\n→ 2 bytes\n  €!\n');
    expect(written(euro.subarray(0, 2))).toMatch(/^→ 2 bytes\n {2}00000000 {2}e2 82 /);
    expect(written(euro.subarray(0, 2), 'x')).toMatch(
      /^→ 2 bytes\n→ 1 byte, binary\n {2}00000000 {2}e2 82 78 /,
    );
  });

  test('of what is no text the first bytes are shown, and how many more there are', () => {
    const text = written(Buffer.alloc(1000, 0));
    expect(text.split('\n')).toHaveLength(1 + 16 + 1 + 1);
    expect(text).toMatch(/^→ 1000 bytes, binary\n/);
    expect(text).toMatch(/\n {2}… and 744 bytes more\n$/);
  });

  test('hex dumps look as those of hexdump -C', () => {
    expect(hexDump(Buffer.from('0123456789abcdef\0ü'))).toBe(
      '00000000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  |0123456789abcdef|\n' +
        '00000010  00 c3 bc                                          |...|\n',
    );
  });

  test('every beginning of a character is known for one', () => {
    for (const character of ['a', 'ü', '€', '\u{1f600}']) {
      const bytes = Buffer.from(`x${character}`);
      for (let end = 1; end <= bytes.length; end++) {
        expect(incompleteEnd(bytes.subarray(0, end))).toBe(end === bytes.length ? 0 : end - 1);
      }
    }
    expect(incompleteEnd(Buffer.of(0x61, 0x80, 0x80, 0x80, 0x80))).toBe(0);
    expect(incompleteEnd(Buffer.of(0xff))).toBe(0);
  });
});
