import { describe, expect, it } from 'vitest';
import { nativeAead } from '../../shared/codec/aead-native.js';
import { free } from '../../shared/net/spent.js';

describe('the memory of pieces that nobody needs', () => {
  it('is given up at once', async () => {
    const aead = nativeAead('aes-256-gcm', new Uint8Array(32));
    const { body } = aead.seal(new Uint8Array(12), new Uint8Array(65_535));
    const pieces = [body, new Uint8Array(4096)];
    free(pieces);
    expect(pieces.map(({ length }) => length)).toEqual([0, 0]);
    // The port has been closed for a while by now.
    await new Promise(setImmediate);
    const later = new Uint8Array(5000);
    free([later]);
    expect(later.length).toBe(0);
  });

  it('stays where others may see a part of it, or where it is little', () => {
    const whole = new Uint8Array(20_000);
    const pieces = [whole.subarray(1), whole.subarray(0, 10_000), new Uint8Array(4095), Buffer.from('pool')];
    free(pieces);
    expect(pieces.map(({ length }) => length)).toEqual([19_999, 10_000, 4095, 4]);
    expect(whole.length).toBe(20_000);
  });
});
