/** The rows of docs/raw-wire.md §6 that take a network of their own; the others are in test/e2e. */
import { describe, expect, it } from 'vitest';
import { askBy, expected, type RowName, ways } from '../support/ways.js';
import { startLocal, startRemote } from './halves.js';
import { places, startNamespace } from './namespace.js';

const rows: readonly (readonly [place: keyof typeof places, row: RowName])[] = [
  ['nowhere', 'ENETUNREACH'],
  ['unreachable', 'EHOSTUNREACH'],
  ['absent', 'EHOSTUNREACH'],
  ['prohibited', 'not allowed'],
  ['silent', 'timed out'],
  ['blackhole', 'anything else'],
];

describe('what programs are told of a target in the network of the remote', () => {
  it.each(rows)('that is %s: the row of %s, in the words of each protocol', async (place, row) => {
    const { host, through } = await startNamespace();
    const { uri } = await startRemote(['--allow-private'], { listen: `${host}:0`, through });
    const { listen } = await startLocal(uri);
    const port = Number(listen.split(':')[1]);
    const told = ways.map(async (way) => {
      const { code, error } = await askBy[way](port, { host: places[place], port: 80 });
      return [way, { code, error }];
    });
    expect(await Promise.all(told)).toEqual(ways.map((way) => [way, expected(way, row)]));
  });
});
