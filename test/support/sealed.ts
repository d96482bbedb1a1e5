/** Sealed streams, and the keys to look into them. */
import { cipherBackends } from '../../shared/codec/aead.js';
import { ChunkOpener, ChunkSealer } from '../../shared/codec/chunks.js';
import { methods } from '../../shared/codec/methods.js';
import type { Opener, Sealer } from '../../shared/codec/session.js';
import type { Environment } from '../../shared/environment.js';
import { SealedStream, type SealedOptions, type Wire } from '../../shared/net/sealed.js';
import { fixedEnvironment, pattern } from './codec.js';
import { RecordingSink } from './push-stream.js';
import { tcpPair, type Pair } from './tcp.js';

export const wires: readonly Wire[] = ['raw', 'shadowsocks'];

export interface Ends {
  readonly sealer: Sealer;
  readonly opener: Opener;
}

/** Both ends of a stream that is past its headers: two keys, and what each end does with them. */
export function chunkEnds(wire: Wire): { readonly near: Ends; readonly far: Ends } {
  const { aead: name, keyLength, maxPayload } = methods['2022-blake3-aes-256-gcm'];
  const key = (seed: number): ReturnType<(typeof cipherBackends)['native']> =>
    cipherBackends.native(name, pattern(keyLength, seed));
  const end = (sealing: number, opening: number): Ends => ({
    sealer: new ChunkSealer(key(sealing), maxPayload),
    opener: new ChunkOpener(key(opening), maxPayload, { endMarks: wire === 'raw' }),
  });
  return { near: end(1, 2), far: end(2, 1) };
}

/** Each of these payloads in chunks of its own, as that end seals them. */
export function chunks({ sealer }: Ends, ...payloads: readonly Uint8Array[]): Buffer {
  const out: Uint8Array[] = [];
  for (const payload of payloads) sealer.seal(payload, out);
  return Buffer.concat(out);
}

/** The end mark of that end's direction. */
export function endMark({ sealer }: Ends): Buffer {
  const out: Uint8Array[] = [];
  sealer.end(out);
  return Buffer.concat(out);
}

/** Dice whose first throw is the number of padding bytes; on the raw wire every direction begins with them. */
export function padding(length: number): Environment {
  return fixedEnvironment([Uint8Array.of(length), pattern(length, 77)]);
}

export interface SealedPair extends Pair {
  /** The stream under test, attached to `sink`. */
  readonly sealed: SealedStream;
  readonly sink: RecordingSink;
  /** What the peer needs to speak with it. */
  readonly far: Ends;
}

/** A sealed stream over loopback, and a peer that holds the other keys. */
export async function sealedPair(wire: Wire, changes: Partial<SealedOptions> = {}): Promise<SealedPair> {
  const pair = await tcpPair('accepted');
  const { near, far } = chunkEnds(wire);
  const sealed = new SealedStream(pair.stream, near, { wire, environment: padding(3), ...changes });
  const sink = new RecordingSink();
  sealed.attach(sink);
  return { ...pair, sealed, sink, far };
}
