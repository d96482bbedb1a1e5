import { describe, expect, it } from 'vitest';
import { loadOnce } from '../../shared/net/later.js';

describe('what is loaded with the first who asks', () => {
  it('is loaded once', async () => {
    let loads = 0;
    const loaded = loadOnce(() => Promise.resolve(++loads));
    expect(await Promise.all([loaded(), loaded()])).toEqual([1, 1]);
    expect(await loaded()).toBe(1);
  });

  it('is tried again after it could not be', async () => {
    let loads = 0;
    const loaded = loadOnce(() =>
      ++loads === 1 ? Promise.reject(new Error('EMFILE')) : Promise.resolve(loads),
    );
    await expect(loaded()).rejects.toThrow('EMFILE');
    expect(await loaded()).toBe(2);
  });
});
