import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ChunkSealer } from '../../shared/codec/chunks.js';
import { startEcho, startTarget } from '../support/targets.js';
import { connectThrough, expectServed, startTunnel, type Tunnel } from '../support/tunnel.js';

/** Seals a payload as it is; what is larger than the method allows it splits itself. */
const whole: ChunkSealer['seal'] = Reflect.get(ChunkSealer.prototype, 'seal');

/** As large as the code makes them, which depends on how much has been sealed before. */
const asTheyGrow = Infinity;

interface Setting {
  readonly chunks: string;
  readonly size: number;
  /** How much is carried, bytes. */
  readonly total: number;
}

const settings: readonly Setting[] = [
  { chunks: 'of 1 byte', size: 1, total: 3_000 },
  { chunks: 'of 7 bytes', size: 7, total: 20_000 },
  { chunks: 'of 1,448 bytes', size: 1_448, total: 500_000 },
  { chunks: 'of 16,383 bytes', size: 0x3fff, total: 2_000_000 },
  { chunks: 'of 65,535 bytes', size: 0xffff, total: 2_000_000 },
  { chunks: 'that grow with the flow', size: asTheyGrow, total: 2_000_000 },
];

const methods = ['2022-blake3-aes-256-gcm', 'aes-256-gcm'] as const;
const wires = ['raw', 'shadowsocks'] as const;
const kinds = methods.flatMap((method) => wires.map((wire) => ({ method, wire })));

describe.each(settings)('a conversation in chunks $chunks', ({ size, total }) => {
  /** Both halves are in this process: whatever follows the headers is sealed in chunks of that size at most. */
  beforeEach(() => {
    if (size === asTheyGrow) return;
    vi.spyOn(ChunkSealer.prototype, 'seal').mockImplementation(function (this: ChunkSealer, payload, out) {
      for (let at = 0; at < payload.length; at += size)
        whole.call(this, payload.subarray(at, at + size), out);
    });
  });

  afterEach(() => {
    vi.restoreAllMocks();
  });

  async function tunnelOf({ method, wire }: (typeof kinds)[number]): Promise<Tunnel> {
    return startTunnel({ remote: { method }, local: { wire } });
  }

  it.each(kinds)('over the $wire wire with $method carries every byte both ways', async (kind) => {
    const tunnel = await tunnelOf(kind);
    const client = await connectThrough(tunnel, await startEcho());
    const heard = client.digest();
    const said = await client.pour(total);
    client.end();
    expect(await heard).toEqual(said);
    expect(await client.ended()).toBe('fin');
  });

  it.each(kinds)('over the $wire wire with $method ends each direction by itself', async (kind) => {
    const tunnel = await tunnelOf(kind);
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    void client.send('asked');
    const far = await target.next();
    client.end();
    expect((await far.rest()).toString()).toBe('asked');
    const heard = client.digest();
    const said = await far.pour(total);
    far.end();
    expect(await heard).toEqual(said);
    expect([far.ending, await client.ended()]).toEqual(['fin', 'fin']);
  });

  it.each(kinds)('over the $wire wire with $method shows a reset as one', async (kind) => {
    const tunnel = await tunnelOf(kind);
    const target = await startTarget();
    const client = await connectThrough(tunnel, target);
    const far = await target.next();
    void far.send('half of an ans');
    expect((await client.read(14)).toString()).toBe('half of an ans');
    far.reset();
    expect(await client.ended()).toBe('reset');
  });

  it.each(methods)('with %s is followed by others on its carrier', async (method) => {
    const tunnel = await tunnelOf({ method, wire: 'raw' });
    const echo = await startEcho();
    for (let times = 0; times < 3; times += 1) await expectServed(tunnel, echo);
    await expect.poll(() => tunnel.local.service.carriers().reused).toBeGreaterThan(0);
  });
});
