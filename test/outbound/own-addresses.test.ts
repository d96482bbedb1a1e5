import { networkInterfaces } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { OwnAddresses } from '../../shared/outbound/own-addresses.js';

describe('the addresses of this computer', () => {
  it('have changed when one has come or gone, and not when they are merely in another order', () => {
    let now = ['192.0.2.1', '::1'];
    const addresses = new OwnAddresses(() => now);
    expect(addresses.change()).toBe(false);
    now = ['::1', '192.0.2.1'];
    expect(addresses.change()).toBe(false);
    now = ['::1', '192.0.2.1', '192.0.2.2'];
    expect([addresses.change(), addresses.change()]).toEqual([true, false]);
    now = ['::1', '192.0.2.2'];
    expect([addresses.change(), addresses.change()]).toEqual([true, false]);
  });

  it('lack those that were there and are gone, until they come back', () => {
    let now = ['192.0.2.1'];
    const addresses = new OwnAddresses(() => now);
    now = ['192.0.2.2'];
    expect(addresses.lacks('192.0.2.1')).toBe(false);
    addresses.change();
    expect(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map((one) => addresses.lacks(one))).toEqual([
      true,
      false,
      false,
    ]);
    now = ['192.0.2.1'];
    addresses.change();
    expect(addresses.lacks('192.0.2.1')).toBe(false);
  });

  it('are asked for again only when what is known is too old', () => {
    const list = vi.fn(() => Object.keys(networkInterfaces()));
    const addresses = new OwnAddresses(list);
    addresses.change(60_000);
    expect(list).toHaveBeenCalledTimes(1);
    addresses.change();
    expect(list).toHaveBeenCalledTimes(2);
  });
});
