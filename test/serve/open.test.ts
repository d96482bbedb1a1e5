import { expect, it } from 'vitest';
import { cut, enter, leave, type OpenConnection, openConnections } from '../../shared/serve/open.js';

it('one of many open connections is cut by its number, and none of the others is looked at', () => {
  const cuts: string[] = [];
  const connections = [-1, -2, -3].map((id): OpenConnection => ({
    id,
    describe: () => {
      throw new Error('expected not to be asked');
    },
    cut: ({ message }) => cuts.push(`${String(id)} ${message}`),
  }));
  for (const connection of connections) enter(connection);
  expect([...openConnections()].filter(({ id }) => id < 0)).toEqual(connections);
  expect([cut(-2, new Error('gone')), cut(-4, new Error('gone'))]).toEqual([true, false]);
  for (const connection of connections) leave(connection);
  expect([cuts, cut(-2, new Error('gone'))]).toEqual([['-2 gone'], false]);
});
