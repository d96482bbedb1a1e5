import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sortKeys } from '../../../cli/top/order.js';
import { drawScreen, type Picture } from '../../../cli/top/screen.js';
import { firstView, press } from '../../../cli/top/view.js';
import { widthOf } from '../../../shared/observe/columns.js';
import { tableOf } from '../../support/control.js';
import { rowOf } from '../../support/top.js';

const connections = [
  rowOf(12, { up: 78, down: 1591, upRate: 3, downRate: 1_200_000, ageMs: 65_000 }),
  rowOf(13, { state: 'dialing', target: { host: 'a.very.long.name.of.a.host.example.com', port: 443 } }),
  rowOf(14, {
    transport: 'udp',
    client: { local: { host: '::1', port: 53 }, remote: { host: '2001:db8::1234', port: 5 } },
  }),
];
const picture: Picture = {
  columns: 80,
  rows: 24,
  processes: [tableOf([]).process],
  connections,
  troubles: [],
};
const view = firstView('id', '');

/** The lines without the marks of the terminal. */
function lines(...asked: Parameters<typeof drawScreen>): readonly string[] {
  return drawScreen(...asked).map((line) => line.replaceAll(/\u001b\[\d*m/g, ''));
}

describe('the screen', () => {
  it('fits 80 columns and 24 rows', () => {
    expect(lines(view, picture)).toEqual([
      '3 connections of 1 process   ↑ 3 B/s, 78 B   ↓ 1.2 MB/s, 1.6 kB',
      'forward 4711 on 127.0.0.1:8000, for 1 minute',
      '  ID ROLE PORT  CLIENT           TARGET           STATE  ↑/s  ↓/s    ↑    ↓  AGE',
      '  12 fwd  8000  127.0.0.1:53412  example.com:443  open     3 1.2M   78 1.6k   1m',
      '  13 fwd  8000  127.0.0.1:53412  a.ver…le.com:443 dial     0    0    0    0   1s',
      '  14 fwd  53    [2001…8::1234]:5 example.com:443  udp      0    0    0    0   1s',
      ...Array.from({ length: 17 }, () => ''),
      'q quit  ? help  s sort: id  / filter  x end one',
    ]);
  });

  it('shortens nothing where there is room', () => {
    const [, , , ...rows] = lines(view, { ...picture, columns: 140 });
    expect(rows[1]).toContain('a.very.long.name.of.a.host.example.com:443');
    expect(rows[1]).toContain('forward');
  });

  it('shows the marked row, however many there are', () => {
    const many = Array.from({ length: 500 }, (_, id) => rowOf(id));
    const { view: last } = press(view, 'end', many);
    const drawn = drawScreen(last, { ...picture, connections: many });
    expect(drawn.find((line) => line.includes('\u001b[7m 499 '))).toBeDefined();
    expect(drawn).toHaveLength(24);
  });

  it('asks before it ends a connection', () => {
    const chosen = press(view, 'down', connections).view;
    const asking = press(chosen, 'x', connections).view;
    expect(lines(asking, picture).at(-1)).toBe('end connection 12? y/n   127.0.0.1:53412 to example.com:443');
    for (const rows of [1, 2]) expect(lines(asking, { ...picture, rows }).at(-1)).toContain('12? y/n');
    expect(lines(asking, { ...picture, rows: 1 })).toHaveLength(1);
  });

  it('says what the filter is, and what is not shown', () => {
    const filtered = firstView('id', 'long');
    const drawn = lines(filtered, picture);
    expect(drawn[0]).toContain('1 connection of 1 process');
    expect(lines(filtered, { ...picture, columns: 120 })[0]).toContain('(2 not shown)');
    expect(drawn.at(-1)).toContain('only: long');
    expect(lines(press(filtered, '/', connections).view, picture).at(-1)).toContain('show only: long_');
  });

  it('says that nobody is there, and what is wrong', () => {
    const nobody = { ...picture, processes: [], connections: [], troubles: ['/run/x.sock: \u001b[2J'] };
    const drawn = drawScreen(view, nobody).join('\n');
    expect(drawn).toContain('no halflight of this user runs');
    expect(drawn).toContain('/run/x.sock: \\u001b[2J');
  });

  it('explains the keys', () => {
    const drawn = lines(press(view, '?', connections).view, picture).join('\n');
    expect(drawn).not.toContain('…');
    for (const word of ['PgDn', 'Ctrl-C', ...sortKeys]) expect(drawn).toContain(word);
  });

  it('is never larger than the terminal, whoever the connections are of', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 80 });
    const strangers = fc.array(
      fc.record({ host: text, port: fc.nat(65535), user: text, up: fc.maxSafeNat(), ageMs: fc.maxSafeNat() }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        strangers,
        fc.integer({ min: 20, max: 200 }),
        fc.integer({ min: 1, max: 60 }),
        text,
        (rows, columns, height, filter) => {
          const all = rows.map(({ host, port, ...row }, id) => rowOf(id, { ...row, target: { host, port } }));
          const asked = { ...picture, columns, rows: height, connections: all };
          for (const mode of ['table', 'filter', 'help'] as const) {
            const drawn = lines({ ...firstView('rate', filter), mode }, asked);
            expect(drawn.length).toBeLessThanOrEqual(height);
            for (const line of drawn) expect(widthOf(line)).toBeLessThanOrEqual(columns);
          }
        },
      ),
    );
  });
});
