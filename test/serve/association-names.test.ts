import { expect, it } from 'vitest';
import { type Named, Names } from '../../shared/serve/association-names.js';
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

it('keeps 128 KiB waiting for all names together, and has room again once they are found or not', async () => {
  const answers: { readonly found: (ip: string) => void; readonly lost: (error: Error) => void }[] = [];
  const heard: string[] = [];
  const names = new Names(() => new Promise((found, lost) => answers.push({ found, lost })), {
    found: (_, { target, payload: { length } }) => heard.push(`${target.host} ${length}`),
    lost: () => heard.push('lost'),
  });
  const wait = (host: string, bytes: number): void => {
    names.resolve({ target: { host, port: 7 }, payload: new Uint8Array(bytes) });
  };
  for (const name of ['a', 'b', 'c']) wait(name, 40_000);
  wait('d', 131_072 - 3 * 40_000 + 1);
  expect([heard, answers.length]).toEqual([['lost'], 3]);
  wait('a', 131_072 - 3 * 40_000);
  wait('b', 1);
  expect(heard).toEqual(['lost', 'lost']);

  answers[0]?.found('192.0.2.1');
  await settle(1);
  expect(heard.slice(2)).toEqual(['a 40000', 'a 11072']);
  answers[1]?.lost(new Error('no such name'));
  await settle(1);
  expect(heard.slice(4)).toEqual(['lost']);
  for (const name of ['e', 'f']) wait(name, 45_536);
  wait('g', 1);
  expect([heard.slice(5), answers.length]).toEqual([['lost'], 5]);
});

it('keeps the payload waiting, and nothing of the packet around it', async () => {
  const kept: number[] = [];
  const found = (_: string, datagram: Named): void => {
    kept.push(datagram.payload.buffer.byteLength);
  };
  const names = new Names(() => Promise.resolve('192.0.2.1'), { found, lost: () => undefined });
  const packet = Buffer.alloc(60_000);
  names.resolve({ target: { host: 'padded.example', port: 7 }, payload: packet.subarray(59_000, 59_010) });
  await settle(1);
  expect(kept).toEqual([10]);
});
