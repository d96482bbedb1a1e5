import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, clipMiddle, pad, widthOf } from '../../shared/observe/columns.js';

describe('text in columns', () => {
  it.each([
    ['', 0],
    ['example.com', 11],
    ['bücher.example', 14],
    ['例え.jp', 7],
    ['한국', 4],
    ['e\u0301', 1],
    ['😀', 2],
    ['…', 1],
    ['→', 1],
  ])('%j is as wide as a terminal shows it', (text, columns) => {
    expect(widthOf(text)).toBe(columns);
  });

  it.each<[string, number, string]>([
    ['example.com', 11, 'example.com'],
    ['example.com', 10, 'example.c…'],
    ['example.com', 1, '…'],
    ['example.com', 0, ''],
    ['例え例え', 4, '例…'],
  ])('%j within %i columns loses its end', (text, columns, kept) => {
    expect(clip(text, columns)).toBe(kept);
  });

  it.each<[string, number, string]>([
    ['example.com:443', 15, 'example.com:443'],
    ['a.long.name.example.com:443', 15, 'a.lo…le.com:443'],
    ['example.com:443', 1, '…'],
    ['example.com:443', 0, ''],
  ])('%j within %i columns loses its middle', (text, columns, kept) => {
    expect(clipMiddle(text, columns)).toBe(kept);
  });

  it('what is padded stands at the left, or at the right', () => {
    expect([pad('例', 4), pad('12', 4, 'right'), pad('too long', 4)]).toEqual(['例  ', '  12', 'too long']);
  });

  it('nothing that was clipped is wider than it may be', () => {
    const letters = fc.string({ unit: 'grapheme', maxLength: 60 });
    fc.assert(
      fc.property(letters, fc.nat(50), (text, columns) => {
        expect(widthOf(clip(text, columns))).toBeLessThanOrEqual(columns);
        expect(widthOf(clipMiddle(text, columns))).toBeLessThanOrEqual(columns);
      }),
    );
  });
});
