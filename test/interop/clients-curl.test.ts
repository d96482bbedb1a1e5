import { describe, expect, it } from 'vitest';
import { content, digest } from './content.js';
import { curl } from './curl.js';
import { askingDoors, doors, login, password, user } from './doors.js';
import { startTarget } from './target.js';

/** curl's exit codes: an HTTP answer of 400 or more, a broken transfer or CONNECT, a SOCKS proxy's no. */
const httpError = 22;
const receiveFailed = 56;
const proxyRefused = 97;

interface Dialect {
  readonly scheme: string;
  readonly words?: readonly string[];
}

/** How curl can be told to speak; socks4 and socks5 have it resolve names itself, and then to IPv4 as the target wants. */
const dialects: Readonly<Record<string, Dialect>> = {
  'SOCKS4 (socks4://)': { scheme: 'socks4', words: ['--ipv4'] },
  'SOCKS4a (socks4a://)': { scheme: 'socks4a' },
  'SOCKS5 (socks5://)': { scheme: 'socks5', words: ['--ipv4'] },
  'SOCKS5 with names (socks5h://)': { scheme: 'socks5h' },
  'HTTP (http://)': { scheme: 'http' },
  'HTTP CONNECT (http:// -p)': { scheme: 'http', words: ['--proxytunnel'] },
};

const all = Object.entries(dialects);
/** SOCKS4 has no room for an IPv6 address. */
const withIpv6 = all.filter(([name]) => !name.startsWith('SOCKS4 '));
/** SOCKS4 has none for a password. */
const withPasswords = all.filter(([name]) => !name.startsWith('SOCKS4'));

describe.each(Object.entries(doors))('curl over %s', (_name, startDoor) => {
  it.each(all)('gets and sends by %s', async (_dialect, { scheme, words = [] }) => {
    const door = await startDoor();
    const proxy = `${scheme}://${door.port}`;
    const target = await startTarget();
    for (const host of ['127.0.0.1', 'localhost']) {
      const outcome = await curl(proxy, [...words, `http://${host}:${target.port}/100000/1`]);
      expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(100_000, 1)) });
    }
    const upload = ['--upload-file', '-', `http://${target.authority}/`];
    const outcome = await curl(proxy, [...words, ...upload], content(3_000_000, 2));
    expect(outcome).toMatchObject({ exitCode: 0, complaint: '' });
    expect(target.uploads).toEqual([await digest(content(3_000_000, 2))]);
    await door.expectThrough(target);
  });

  it.each(withIpv6)('gets an answer by %s from an IPv6 address', async (_dialect, { scheme, words = [] }) => {
    const door = await startDoor();
    const target = await startTarget({ host: '::1' });
    const others = words.filter((word) => word !== '--ipv4');
    const outcome = await curl(`${scheme}://${door.port}`, [...others, `http://${target.authority}/1000/1`]);
    expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(1000, 1)) });
    await door.expectThrough(target);
  });
});

describe.each(Object.entries(askingDoors))('curl at %s', (_name, startDoor) => {
  it.each(withPasswords)(
    'comes in by %s with --proxy-user, and with user and password in the URL',
    async (_dialect, { scheme, words = [] }) => {
      const door = await startDoor();
      const target = await startTarget();
      const url = `http://${target.authority}/1000/1`;
      const came = { exitCode: 0, complaint: '', answer: await digest(content(1000, 1)) };
      const named = [...words, '--proxy-user', `${user}:${password}`, url];
      expect(await curl(`${scheme}://${door.port}`, named)).toEqual(came);
      expect(await curl(`${scheme}://${login}${door.port}`, [...words, url])).toEqual(came);
      await door.expectThrough(target);
    },
  );

  it.each([
    ['socks5h', [], proxyRefused, /rejected by the SOCKS5 server/],
    ['http', [], httpError, /error: 407$/],
    ['http', ['--proxytunnel', '--no-fail'], receiveFailed, /response 407$/],
  ] as const)('hears by %s:// %j that its password is wrong', async (scheme, words, code, says) => {
    const door = await startDoor();
    const target = await startTarget();
    const named = [...words, '--proxy-user', `${user}:${password}?`];
    const url = `http://${target.authority}/1000/1`;
    const { exitCode, complaint } = await curl(`${scheme}://${door.port}`, [...named, url]);
    expect(complaint).toMatch(says);
    expect(exitCode).toBe(code);
    expect(target.peers()).toEqual([]);
  });

  it.each([
    ['socks4a', [], proxyRefused, /\(91\)/],
    ['socks5h', [], proxyRefused, /No authentication method was acceptable/],
    ['http', [], httpError, /error: 407$/],
    ['http', ['--proxytunnel', '--no-fail'], receiveFailed, /response 407$/],
  ] as const)('hears by %s:// %j that it has to name a user', async (scheme, words, code, says) => {
    const door = await startDoor();
    const target = await startTarget();
    const url = `http://${target.authority}/1000/1`;
    const { exitCode, complaint } = await curl(`${scheme}://${door.port}`, [...words, url]);
    expect(complaint).toMatch(says);
    expect(exitCode).toBe(code);
    expect(target.peers()).toEqual([]);
  });
});
