import { describe, expect, it } from 'vitest';
import { intoPage, type Result, tablesOf } from './matrix/table.js';

const seen = (changes: Partial<Result>): Result => ({
  side: 'client',
  method: 'aes-256-gcm',
  shared: false,
  name: 'half-close',
  seen: 'answered',
  wants: 'answered',
  ...changes,
});

function rowOf(tables: string, title: string, name: string): string {
  const lines = tables.slice(tables.indexOf(`### ${title}`)).split('\n');
  return lines.find((line) => line.startsWith(`| ${name} |`)) ?? 'none';
}

const theirs = 'Their client, our remote';

describe('the tables of the matrix', () => {
  it('mark a case that held with all methods', () => {
    const results = [seen({}), seen({ method: 'aes-128-gcm' })];
    const tables = tablesOf([{ name: 'one', version: '1.2', results }], ['half-close'], '2026-01-02');
    expect(tables).toContain('Last run: 2026-01-02.');
    expect(tables).toContain('| version | 1.2 |');
    expect(tables).toContain('| `aes-128-gcm` | as client |');
    expect(tables).toContain('| `xchacha20-ietf-poly1305` | – |');
    expect(rowOf(tables, theirs, 'half-close')).toBe('| half-close | ✓ |');
  });

  it('say what differs, with which methods, and why, each reason once', () => {
    const differs = { seen: 'cut off', why: 'It has none.' };
    const results = [
      seen({}),
      seen({ method: '2022-blake3-aes-128-gcm', ...differs }),
      seen({ name: 'other', ...differs }),
    ];
    const tables = tablesOf([{ name: 'one', version: '1.2', results }], ['half-close', 'other'], 'today');
    expect(rowOf(tables, theirs, 'half-close')).toBe('| half-close | 2017: ✓; 2022: cut off (1) |');
    expect(rowOf(tables, theirs, 'other')).toBe('| other | cut off (1) |');
    expect(tables).toMatch(/\n1\. It has none\.$/);
  });

  it('show what nobody has explained, and what broke', () => {
    const results = [seen({ seen: 'cut off' }), seen({ name: 'other', seen: undefined })];
    const tables = tablesOf([{ name: 'one', version: '1.2', results }], ['half-close', 'other'], 'today');
    expect(rowOf(tables, theirs, 'half-close')).toBe('| half-close | ✗ cut off |');
    expect(rowOf(tables, theirs, 'other')).toBe('| other | ✗ broke |');
  });

  it('name who is not installed, and never say that anything of theirs held', () => {
    const runs = [
      { name: 'one', version: '1.2', results: [seen({})] },
      { name: 'two', version: undefined, results: [] },
    ];
    const tables = tablesOf(runs, ['half-close'], 'today');
    expect(tables).toContain('| version | 1.2 | not installed |');
    expect(tables).toContain('| `aes-256-gcm` | as client | – |');
    expect(rowOf(tables, theirs, 'half-close')).toBe('| half-close | ✓ | not installed |');
  });

  it('replace those of the page, and nothing else of it', () => {
    const page = 'before\n<!-- tables: begin -->\nold\n<!-- tables: end -->\nafter\n';
    const other = intoPage(page, 'new');
    expect(other).toBe('before\n<!-- tables: begin -->\n\nnew\n\n<!-- tables: end -->\nafter\n');
    expect(intoPage(other, 'new')).toBe(other);
    expect(() => intoPage('no marks', 'new')).toThrow('expected <!-- tables: begin -->');
  });
});
