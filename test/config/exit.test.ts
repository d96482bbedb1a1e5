import { describe, expect, it } from 'vitest';
import { endingOf, listeningBy, UsageError } from '../../shared/config/exit.js';
import { ConfigError } from '../../shared/errors.js';

function systemError(code: string, rest: object = {}): Error {
  return Object.assign(new Error(`listen ${code}: words of the system`), { code, ...rest });
}

describe('how a start that failed ends', () => {
  it('is 64 for usage and 78 for configuration, in their own words', () => {
    expect(endingOf(new UsageError('--x: expected a, got b'))).toEqual({
      exitCode: 64,
      message: '--x: expected a, got b',
    });
    expect(endingOf(new ConfigError('URI: expected a, got b'))).toEqual({
      exitCode: 78,
      message: 'URI: expected a, got b',
    });
  });

  it('has a line for each mistake that was found at once', () => {
    const others = [new ConfigError('b: expected c, got d')];
    expect(endingOf(new ConfigError('a: expected b, got c', { others }))).toEqual({
      exitCode: 78,
      message: 'a: expected b, got c',
      others: ['b: expected c, got d'],
    });
  });

  it.each([
    [
      'EADDRINUSE',
      69,
      'cannot listen on [::]:8388 (EADDRINUSE): another program listens there; choose a port with -l',
    ],
    ['EADDRNOTAVAIL', 69, 'cannot listen on [::]:8388 (EADDRNOTAVAIL): no network interface'],
    ['EAFNOSUPPORT', 69, 'cannot listen on [::]:8388 (EAFNOSUPPORT): '],
    ['EACCES', 77, 'cannot listen on [::]:8388 (EACCES): ports below 1024'],
    ['EPERM', 77, 'cannot listen on [::]:8388 (EPERM): '],
  ])('%s when listening is %d, with address and port', (code, exitCode, message) => {
    const ending = endingOf(systemError(code, { address: '::', port: 8388 }));
    expect(ending.exitCode).toBe(exitCode);
    expect(ending.message).toContain(message);
  });

  it('names the host that has no address here', () => {
    const ending = endingOf(systemError('ENOTFOUND', { hostname: 'nosuch.example' }));
    expect(ending).toMatchObject({ exitCode: 78 });
    expect(ending.message).toContain('cannot listen on nosuch.example (ENOTFOUND)');
  });

  it('names the file that may not be read', () => {
    expect(endingOf(systemError('EACCES', { path: '/k' }))).toEqual({
      exitCode: 77,
      message: 'cannot use /k: expected access, got EACCES',
    });
  });

  it('looks for the errno in the causes too', () => {
    const wrapped = new Error('outer', {
      cause: systemError('EADDRINUSE', { address: '127.0.0.1', port: 1 }),
    });
    expect(endingOf(wrapped).exitCode).toBe(69);
  });

  it('names the flag of what cannot listen, when that is not the port itself', async () => {
    const taken = systemError('EADDRINUSE', { address: '127.0.0.1', port: 8389 });
    const failure: unknown = await listeningBy('--api', Promise.reject(taken)).catch(
      (error: unknown) => error,
    );
    const message =
      'cannot listen on 127.0.0.1:8389 (EADDRINUSE): another program listens there; choose a port with --api';
    expect(failure).toMatchObject({ code: 'EADDRINUSE', cause: taken, message });
    expect(endingOf(failure)).toEqual({ exitCode: 69, message });
    await expect(listeningBy('-l', Promise.reject(failure as Error))).rejects.toBe(failure);
    const unfit = new ConfigError('a: expected b, got c');
    await expect(listeningBy('--api', Promise.reject(unfit))).rejects.toBe(unfit);
    expect(await listeningBy('--api', Promise.resolve(1))).toBe(1);
  });

  it('is 70 for everything that nobody foresaw', () => {
    expect(endingOf(new TypeError('x is not a function'))).toEqual({
      exitCode: 70,
      message: 'internal error: x is not a function',
    });
    expect(endingOf('thrown text')).toEqual({ exitCode: 70, message: 'internal error: thrown text' });
    expect(endingOf(systemError('EMFILE')).exitCode).toBe(70);
  });
});
