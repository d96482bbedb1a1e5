import { Socket } from 'node:dgram';
import type fs from 'node:fs';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { methods } from '../../shared/codec/methods.js';
import { openDatagramSockets } from '../../shared/net/descriptors.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { tunnelAssociator } from '../../shared/outbound/associate.js';
import type { Association } from '../../shared/outbound/outbound.js';
import { cipherFor } from '../support/codec.js';
import { unspecified } from '../support/relay.js';

// What the system allows this process is whatever the test says.
vi.mock('node:fs', async (original) => {
  const real = await original<typeof fs>();
  return { ...real, readFileSync: vi.fn(real.readFileSync) };
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

interface Rig {
  readonly open: () => Promise<Association>;
  /** How often it said that there were no descriptors. */
  readonly told: () => number;
}

/** Associations of a process that may have so many open files. */
function rig(files: number): Rig {
  vi.mocked(readFileSync).mockReturnValueOnce(`Max open files            ${files}    ${files}    files`);
  const crowded = vi.fn();
  const associate = tunnelAssociator({
    remote: { host: '127.0.0.1', port: 9 },
    cipher: cipherFor(methods['2022-blake3-aes-256-gcm']),
    environment: systemEnvironment,
    resolver: { resolve: () => Promise.resolve(['127.0.0.1']), close: () => undefined },
    timeouts: { dialMs: 1000 },
    crowded,
  });
  const client = { near: { host: '127.0.0.1', port: 1 }, host: '127.0.0.1', announced: unspecified };
  const open = async (): Promise<Association> => {
    const association = await associate(client, { signal: new AbortController().signal });
    onTestFinished(() => {
      association.close();
    });
    return association;
  };
  return { open, told: () => crowded.mock.calls.length };
}

const refused = {
  name: 'DialError',
  code: 'general-failure',
  message: 'remote 127.0.0.1:9: sockets for datagrams: expected at most 12, got more',
};

it('associations take a quarter of the descriptors, asked for at once or not; the next is refused', async () => {
  const { open, told } = rig(128 + 4 * 12);
  const outcomes = await Promise.allSettled(Array.from({ length: 30 }, open));
  const opened = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value);
  expect([opened.length, openDatagramSockets()]).toEqual([6, 12]);
  await expect(open()).rejects.toMatchObject(refused);
  expect([openDatagramSockets(), told()]).toEqual([12, 1]);

  opened[0]?.close();
  await open();
  expect(openDatagramSockets()).toBe(12);
});

it('that there are none left is said once a minute', async () => {
  const { open, told } = rig(128 + 4 * 12);
  for (let opened = 0; opened < 6; opened++) await open();
  for (let late = 0; late < 3; late++) await expect(open()).rejects.toMatchObject(refused);
  vi.advanceTimersByTime(59_999);
  await expect(open()).rejects.toMatchObject(refused);
  expect(told()).toBe(1);
  vi.advanceTimersByTime(1);
  await expect(open()).rejects.toMatchObject(refused);
  expect(told()).toBe(2);
});

it.each([
  ['EMFILE', 1],
  ['EACCES', 0],
])('a socket that cannot be had for %s is told of %i times', async (code, times) => {
  const { open, told } = rig(1_048_576);
  vi.spyOn(Socket.prototype, 'bind').mockImplementation(function (this: Socket) {
    this.emit('error', Object.assign(new Error(`bind ${code} 0.0.0.0`), { code }));
    return this;
  });
  await expect(open()).rejects.toMatchObject({ code: 'general-failure' });
  await expect(open()).rejects.toMatchObject({ code: 'general-failure' });
  expect([told(), openDatagramSockets()]).toEqual([times, 0]);
});
