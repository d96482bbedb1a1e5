import { describe, expect, it } from 'vitest';
import { keysOf } from '../../../cli/top/keys.js';
import { arrange, nextSortKey, portOf, sortKeys } from '../../../cli/top/order.js';
import type { TopRow } from '../../../cli/top/rates.js';
import { firstView, press, type Step, type View } from '../../../cli/top/view.js';
import { rowOf } from '../../support/top.js';

const rows: readonly TopRow[] = [
  rowOf(1, { downRate: 5, target: { host: 'slow.example', port: 80 } }),
  rowOf(2, { downRate: 500, up: 7, target: { host: 'fast.example', port: 443 } }),
  rowOf(3, { downRate: 50, ageMs: 99_000, user: 'ann', target: { host: '192.0.2.1', port: 22 } }),
];

/** What the last of these keys leads to. */
function after(keys: readonly string[], start: View = firstView('rate', '')): Step {
  return keys.reduce<Step>(({ view }, key) => press(view, key, rows), { view: start });
}

function idOf({ view }: Step): number | undefined {
  return rows.find(({ key }) => key === view.selected)?.id;
}

describe('the order of connections', () => {
  const ids = (sort: Parameters<typeof arrange>[1], filter = ''): readonly number[] =>
    arrange(rows, sort, filter).map(({ id }) => id);

  it('is by the chosen column, and by their numbers where that says nothing', () => {
    expect(ids('rate')).toEqual([2, 3, 1]);
    expect(ids('up')).toEqual([2, 1, 3]);
    expect(ids('age')).toEqual([3, 1, 2]);
    expect(ids('target')).toEqual([3, 2, 1]);
    expect(ids('state')).toEqual([1, 2, 3]);
  });

  it('leaves out those without the words of the filter', () => {
    expect(ids('id', 'EXAMPLE')).toEqual([1, 2]);
    expect(ids('id', 'ann')).toEqual([3]);
    expect(ids('id', ':443')).toEqual([2]);
    expect(ids('id', 'nothing')).toEqual([]);
  });

  it('tells forwards of one process apart by their ports', () => {
    const at = (id: number, host: string, port: number): TopRow =>
      rowOf(id, { client: { local: { host, port }, remote: { host: '192.0.2.9', port: 5 } } });
    const all = [at(1, '::1', 8001), at(2, '127.0.0.1', 443), at(3, '/run/web.sock', 0)];
    expect(arrange(all, 'port', '').map(({ id }) => id)).toEqual([3, 2, 1]);
    expect(arrange(all, 'id', '8001').map(({ id }) => id)).toEqual([1]);
    expect(arrange(all, 'id', '/run/web').map(({ id }) => id)).toEqual([3]);
    expect(all.map(portOf)).toEqual(['8001', '443', 'web.sock']);
  });

  it('goes through all columns and begins again', () => {
    const seen = sortKeys.map((_, steps) => sortKeys.slice(0, steps).reduce(nextSortKey, 'rate'));
    expect(seen).toEqual(sortKeys);
    expect(nextSortKey(sortKeys.at(-1) ?? 'id')).toBe('rate');
  });
});

describe('keys', () => {
  it.each<[string, readonly string[]]>([
    ['q', ['q']],
    ['\u001b[A\u001b[B', ['up', 'down']],
    ['\u001bOA', ['up']],
    ['\u001b', ['escape']],
    ['\r\u007f\u0003', ['enter', 'backspace', 'interrupt']],
    ['\u001b[15~x', ['x']],
    ['\u001b[1;5C', []],
    ['üé例', ['ü', 'é', '例']],
    ['\u0000\u0007\u009b', []],
  ])('%j are %j', (text, keys) => {
    expect(keysOf(text)).toEqual(keys);
  });
});

describe('looking at connections', () => {
  it('marks a row by the arrows, in the order in which they are shown', () => {
    expect(['down', 'up', 'end', 'home'].map((key) => idOf(after([key])))).toEqual([2, 2, 1, 2]);
    expect(idOf(after(['down', 'down']))).toBe(3);
    expect(idOf(after(['down', 'j', 'j', 'j']))).toBe(1);
    expect(idOf(after(['end', 'k']))).toBe(3);
    expect(idOf(after(['down', 'page-down']))).toBe(1);
  });

  it('keeps the mark on the connection when the order changes', () => {
    expect(idOf(after(['down', 's', 's', 's']))).toBe(2);
  });

  it('ends a connection when that is confirmed, and only then', () => {
    expect(after(['down', 'x', 'y']).effect).toEqual({ cut: rows[1] });
    expect(after(['down', 'x', 'n']).effect).toBeUndefined();
    expect(after(['down', 'x', 'enter']).effect).toBeUndefined();
    expect(after(['down', 'y']).effect).toBeUndefined();
    expect(after(['x']).view.notice).toContain('choose a connection');
  });

  it('ends none that the filter hides, however it was chosen', () => {
    const hidden = ['down', '/', 's', 'l', 'o', 'w', 'enter', 'x'];
    expect(after(hidden).view.mode).toBe('table');
    expect(after(hidden).view.notice).toContain('choose a connection');
    expect(after([...hidden, 'y']).effect).toBeUndefined();
    const { view } = after(['down', 'x']);
    expect(press({ ...view, filter: 'slow' }, 'y', rows).effect).toBeUndefined();
    expect(after(['down', '/', 'f', 'a', 's', 't', 'enter', 'x', 'y']).effect).toEqual({ cut: rows[1] });
  });

  it('ends no other one when the chosen one has gone meanwhile', () => {
    const { view } = after(['down', 'x']);
    const { effect, view: next } = press(view, 'y', [rows[0] as TopRow]);
    expect(effect).toBeUndefined();
    expect(next).toMatchObject({ mode: 'table', notice: 'it has gone already' });
  });

  it('takes letters for a filter, and gives it up', () => {
    expect(after(['/', 'q', 'x', 'ü', 'backspace', 'up']).view).toMatchObject({
      mode: 'filter',
      filter: 'qx',
    });
    expect(after(['/', 'f', 'enter']).view).toMatchObject({ mode: 'table', filter: 'f' });
    expect(after(['/', 'f', 'escape']).view).toMatchObject({ mode: 'table', filter: '' });
    expect(after(['/', 'f', 'enter', 'escape']).view.filter).toBe('');
  });

  it('is left by q, and by Ctrl-C whatever is asked', () => {
    expect(after(['q']).effect).toBe('quit');
    expect(after(['/', 'interrupt']).effect).toBe('quit');
    expect(after(['down', 'x', 'interrupt']).effect).toBe('quit');
    expect(after(['?', 'q'])).toMatchObject({ view: { mode: 'table' } });
  });
});
