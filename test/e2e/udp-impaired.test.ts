import { expect, it, vi } from 'vitest';
import { udpClient } from '../support/associate.js';
import { localHalf, remoteHalf } from '../support/tunnel.js';
import { type UdpPeer, udpPeer } from '../support/udp.js';

/** Dice that fall the same way in every run. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % sides;
  };
}

interface BadPath {
  /** Where the local looks for the remote. */
  readonly entrance: UdpPeer;
  /** The numbers of the packets, from 0 in the order in which they came, that were lost for good. */
  readonly lost: ReadonlySet<number>;
  /** Lets go of all that is still held back. */
  readonly flush: () => void;
}

/**
 * A path towards a remote that loses one packet in 20, doubles one in 20, and holds one in five back until up to 200
 * others have overtaken it.
 */
async function badPath(port: number): Promise<BadPath> {
  const roll = dice(7);
  const lost = new Set<number>();
  let held: { readonly packet: Buffer; readonly until: number }[] = [];
  let came = 0;
  const pass = (packet: Buffer): void => {
    entrance.socket.send(packet, port, '127.0.0.1');
    if (roll(20) === 0) entrance.socket.send(packet, port, '127.0.0.1');
  };
  const passHeld = (before: number): void => {
    const due = held.filter(({ until }) => until <= before);
    held = held.filter(({ until }) => until > before);
    for (const { packet } of due) pass(packet);
  };
  const entrance = await udpPeer({
    answer: (packet, from) => {
      if (from.port === port) return undefined;
      const number = came++;
      if (roll(20) === 0) lost.add(number);
      else if (roll(5) === 0) held.push({ packet, until: came + roll(200) });
      else pass(packet);
      passHeld(came);
      return undefined;
    },
  });
  return {
    entrance,
    lost,
    flush: () => {
      passHeld(Infinity);
    },
  };
}

it.each(['2022-blake3-aes-256-gcm', '2022-blake3-chacha20-poly1305', 'aes-256-gcm'] as const)(
  'over a path that loses, doubles and reorders, all that is not lost arrives once, with %s',
  async (method) => {
    const remote = await remoteHalf({ method });
    const path = await badPath(remote.port);
    const local = await localHalf(remote, { port: path.entrance.port });
    const client = await udpClient(local.port);
    const heard = new Map<number, number>();
    const target = await udpPeer({
      answer: (payload) => {
        const number = payload.readUInt32BE();
        heard.set(number, (heard.get(number) ?? 0) + 1);
        return undefined;
      },
    });

    const total = 5000;
    const payload = Buffer.alloc(1200);
    for (let sent = 0; sent < total; sent++) {
      payload.writeUInt32BE(sent);
      await client.send(target, payload);
      if (sent % 50 === 49) await vi.waitUntil(() => path.entrance.count > sent, { interval: 1 });
    }
    path.flush();
    const numbers = Array.from({ length: total }, (_, number) => number);
    await vi.waitUntil(() => heard.size >= total - path.lost.size, { timeout: 10_000 });
    expect(path.lost.size).toBeGreaterThan(100);
    expect(numbers.filter((number) => !path.lost.has(number) && heard.get(number) !== 1)).toEqual([]);
    expect(heard.size).toBe(total - path.lost.size);
  },
);
