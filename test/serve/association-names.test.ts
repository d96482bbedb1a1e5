import { expect, it } from 'vitest';
import { Names } from '../../shared/serve/association-names.js';
import { settle } from '../support/turns.js';

const payload = new Uint8Array(3);

it('remembers 256 names of an association, and forgets the oldest for the next', async () => {
  const asked: string[] = [];
  const found: string[] = [];
  const names = new Names(
    ({ host }) => {
      asked.push(host);
      return Promise.resolve(`address of ${host}`);
    },
    { found: (ip) => found.push(ip), lost: () => found.push('lost') },
  );
  const resolve = async (host: string): Promise<void> => {
    names.resolve({ target: { host, port: 7 }, payload });
    await settle(1);
  };
  for (let name = 0; name < 257; name++) await resolve(`${name}.example`);
  expect(asked).toHaveLength(257);
  await resolve('256.example');
  await resolve('1.example');
  expect(asked).toHaveLength(257);
  await resolve('0.example');
  expect(asked.slice(257)).toEqual(['0.example']);
  expect(found.slice(257)).toEqual([
    'address of 256.example',
    'address of 1.example',
    'address of 0.example',
  ]);
});

it('looks a name up again when it was not found the last time', async () => {
  let outcome: Promise<string> = Promise.reject(new Error('no such name'));
  const heard: string[] = [];
  const names = new Names(() => outcome, { found: (ip) => heard.push(ip), lost: () => heard.push('lost') });
  names.resolve({ target: { host: 'late.example', port: 7 }, payload });
  await settle(1);
  outcome = Promise.resolve('192.0.2.1');
  names.resolve({ target: { host: 'late.example', port: 7 }, payload });
  await settle(1);
  expect(heard).toEqual(['lost', '192.0.2.1']);
});
