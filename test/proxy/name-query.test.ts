import { describe, expect, it } from 'vitest';
import { askForRoot } from '../../shared/proxy/name-query.js';
import { toHex } from '../support/codec.js';
import { converse, spacedHex } from '../support/handshake.js';
import { threeFeedings } from '../support/socks.js';

const id = Uint8Array.of(0xab, 0xcd);
const ask = (): ReturnType<typeof askForRoot> => askForRoot(id);

describe('a question to a name server', () => {
  it('is for the name servers of the root, in one piece with its length', () => {
    expect(toHex(converse(ask(), []).written)).toBe('0011abcd01000001000000000000' + '00' + '0002' + '0001');
    expect(converse(ask(), []).waiting).toBe(true);
  });

  it.each([
    ['an answer', '002c abcd 8180 0001 000d 0000 0000'],
    ['a refusal', '0011 abcd 8185 0001 0000 0000 0000'],
    ['an answer to another question', '0011 abce 8180 0001 0000 0000 0000'],
    ['a page', toHex(Buffer.from('HTTP/1.1 400 Bad Request'))],
    ['one byte', '00'],
  ])('is over with %s: whatever comes back came through the tunnel', (_what, answer) => {
    const { error, waiting } = threeFeedings(ask, spacedHex(answer));
    expect([error, waiting]).toEqual([undefined, false]);
  });
});
