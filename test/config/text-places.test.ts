import fc from 'fast-check';
import { expect, it } from 'vitest';
import { placesIn } from '../../shared/config/text-places.js';

/** The same by its definition: everything before the offset, in lines, and the characters of the last. */
function slowly(text: string, offset: number): { line: number; column: number } {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: Array.from(lines.at(-1) ?? '').length + 1 };
}

it('finds lines and columns, in whatever order it is asked', () => {
  const text = fc.array(fc.constantFrom('a', 'ä', '😀', '\n', '\r\n', '\r.', '\u2028', '\ud800'), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(text, fc.array(fc.nat(40)), (parts, wanted) => {
      // Nothing that is wrong begins within a line end or within a character.
      const starts = [0, ...parts.map((_, index) => parts.slice(0, index + 1).join('').length)];
      const whole = parts.join('');
      const placeAt = placesIn(whole);
      for (const each of wanted) {
        const offset = starts[each % starts.length] ?? 0;
        expect(placeAt(offset)).toEqual(slowly(whole, offset));
      }
    }),
  );
});
