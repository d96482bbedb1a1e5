/** What a censor does: speaks to a remote without a local, and watches what comes of it. */
import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
import { systemEnvironment, type Environment } from '../../index.js';
import { concat } from '../../shared/bytes.js';
import { reservedTarget, type Target } from '../../shared/codec/address.js';
import { RequestSealer, type Cipher, type Sealer } from '../../shared/codec/stream.js';
import { connect, type Ending, type Peer } from './peer.js';
import { socksWords } from './tunnel.js';

/** What a prober could tell apart. */
export interface Reaction {
  /** Bytes that came back. */
  readonly heard: number;
  readonly ending: Ending;
  /** Milliseconds from the attempt to connect to the end. */
  readonly after: number;
}

/** Says something to a remote and waits for what it does. */
export async function probe(port: number, say: (peer: Peer) => unknown): Promise<Reaction> {
  const startedAt = performance.now();
  const peer = await connect(port);
  await say(peer);
  const heard = (await peer.rest()).length;
  return { heard, ending: peer.ending ?? 'reset', after: performance.now() - startedAt };
}

/** The one reaction to an opening that is not authentic: nothing, and a FIN when the time is up. */
export function expectAbsorbed(reaction: Reaction, absorbMs: number): void {
  expect([reaction.heard, reaction.ending]).toEqual([0, 'fin']);
  // Both clocks tick in whole milliseconds.
  expect(reaction.after).toBeGreaterThan(absorbMs - 2);
}

/**
 * Holds a remote to silence without waiting for its deadline, which has to be far away: it says nothing, and answers
 * a FIN with a FIN.
 */
export async function expectSilence(peer: Peer): Promise<void> {
  expect([peer.waiting, peer.ending]).toEqual([0, undefined]);
  peer.end();
  expect([(await peer.rest()).length, peer.ending]).toEqual([0, 'fin']);
}

export interface FirstFlight {
  readonly bytes: Buffer;
  /** For what the same client says next. */
  readonly sealer: Sealer;
}

/** What a client of the standard wire sends first: its target, and the beginning of what it has to say. */
export function shadowsocksFlight(
  cipher: Cipher,
  target: Target,
  options: { readonly payload?: Uint8Array; readonly environment?: Environment } = {},
): FirstFlight {
  const { payload = Buffer.from('hello'), environment = systemEnvironment } = options;
  const sealer = new RequestSealer(cipher, target, environment);
  const out: Uint8Array[] = [];
  sealer.seal(payload, out);
  return { bytes: Buffer.from(concat(out)), sealer };
}

/** What a local sends first: the reserved target, padding, greeting and request. */
export function rawFlight(
  cipher: Cipher,
  target: Target,
  options: { readonly environment?: Environment; readonly version?: number } = {},
): FirstFlight {
  const { greeting, request } = socksWords(target);
  const reserved = { host: reservedTarget.host, port: options.version ?? reservedTarget.port };
  return shadowsocksFlight(cipher, reserved, {
    ...options,
    payload: concat([Uint8Array.of(3, 0xaa, 0xbb, 0xcc), greeting, request]),
  });
}

/** Seals more of the same stream. */
export function sealMore(sealer: Sealer, payload: Uint8Array): Buffer {
  const out: Uint8Array[] = [];
  sealer.seal(payload, out);
  return Buffer.from(concat(out));
}

/** A copy with one bit turned over. */
export function flipped(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >>> 3) ^ (1 << (bit & 7)), bit >>> 3);
  return copy;
}

/** Random dice with the least padding that a request may have: short flights, quickly flipped through. */
export const leastPadding: Environment = {
  now: () => systemEnvironment.now(),
  randomBytes: (length) => (length === 4 ? new Uint8Array(4) : systemEnvironment.randomBytes(length)),
};
