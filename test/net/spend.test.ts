/** When a socket frees what it was given to spend. */
import { describe, expect, it } from 'vitest';
import { turnsUntil } from '../support/turns.js';
import { tcpPair } from '../support/tcp.js';

describe('a socket that is given pieces to spend', () => {
  it('frees them at once when the kernel takes them', async () => {
    const { stream, peer } = await tcpPair('adopted');
    const piece = new Uint8Array(8_000).fill(1);
    stream.spend([piece]);
    expect(piece.length).toBe(0);
    expect(await peer.read(8_000)).toEqual(Buffer.alloc(8_000, 1));
  });

  it('frees those that have to wait when they have left, and not before', async () => {
    const { stream, peer, socket } = await tcpPair('adopted');
    const pieces = Array.from({ length: 200 }, (_, at) => new Uint8Array(64 * 1024).fill(at));
    const held = pieces.filter((piece) => {
      stream.spend([piece]);
      return piece.length > 0;
    });
    expect(held.length).toBeGreaterThan(0);
    await turnsUntil(() => peer.waiting === pieces.length * 64 * 1024);
    expect(socket.writableLength).toBe(0);
    await turnsUntil(() => held.every(({ length }) => length === 0));
    expect(held.map(({ length }) => length)).toEqual(held.map(() => 0));
  });

  it('does not hold the little that waits for a turn: nobody would tell it when that has left', async () => {
    const { stream, peer, socket } = await tcpPair('adopted');
    const little = new Uint8Array(8_000).fill(1);
    stream.gather();
    stream.spend([little]);
    await turnsUntil(() => socket.writableLength === 0);
    stream.spend([new Uint8Array(64 * 1024).fill(2)]);
    // It is freed only if it has been held until now.
    expect(little.length).toBe(8_000);
    expect((await peer.read(8_000 + 64 * 1024)).at(-1)).toBe(2);
  });
});
