import { readFileSync } from 'node:fs';
import { concat } from '../../shared/bytes.js';
import type { CipherBackend } from '../../shared/codec/aead.js';
import { methods } from '../../shared/codec/methods.js';
import type { Method, MethodName } from '../../shared/codec/methods.js';
import type { Cipher, Opener } from '../../shared/codec/stream.js';
import type { Environment } from '../../shared/environment.js';

export const allMethods: readonly Method[] = Object.values(methods);
export const methods2017: readonly Method[] = allMethods.filter(({ edition }) => edition === 2017);
export const methods2022: readonly Method[] = allMethods.filter(({ edition }) => edition === 2022);
export const backends: readonly CipherBackend[] = ['native', 'noble'];

/** The moment at which the vectors were made, in Unix seconds. */
export const vectorTime = 1_700_000_000;

export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'hex'));
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function ascii(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** `length` bytes that look different everywhere and the same every time. */
export function pattern(length: number, seed = 1): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** An environment that stands still. `dice` are the answers to randomBytes in turn; after them come other bytes. */
export function fixedEnvironment(
  dice: readonly Uint8Array[] = [],
  seconds: number = vectorTime,
): Environment {
  let rolls = 0;
  return {
    now: () => seconds * 1000,
    randomBytes: (length) => {
      const next = dice[rolls++];
      if (next !== undefined && next.length !== length) {
        throw new Error(`dice: expected ${next.length} bytes to be asked for, got ${length}`);
      }
      return next?.slice() ?? pattern(length, rolls + 100);
    },
  };
}

/** A cipher with a key that fits the method. */
export function cipherFor(method: Method, backend: CipherBackend = 'native', seed = 7): Cipher {
  return { method, key: pattern(method.keyLength, seed), backend };
}

/** All that an opener makes of these portions, and how many bytes it took. */
export function openAll(
  opener: Opener,
  portions: Iterable<Uint8Array>,
): { readonly plaintext: Uint8Array; readonly consumed: number } {
  const out: Uint8Array[] = [];
  let consumed = 0;
  for (const portion of portions) {
    // Lent bytes: whoever keeps them instead of opening them will find them changed.
    const lent = Buffer.from(portion);
    const taken = opener.open(lent, out);
    lent.fill(0xee);
    consumed += taken;
    if (taken < portion.length) break;
  }
  return { plaintext: concat([...out, new Uint8Array(0)]), consumed };
}

/** The pieces that `write` pushes, joined. */
export function sealed(write: (out: Uint8Array[]) => void): Uint8Array {
  const out: Uint8Array[] = [];
  write(out);
  return concat([...out, new Uint8Array(0)]);
}

/** Cuts bytes into portions of these sizes; what is left is the last one. */
export function split(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const portions: Uint8Array[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= bytes.length) break;
    portions.push(bytes.subarray(at, at + size));
    at += size;
  }
  if (at < bytes.length) portions.push(bytes.subarray(at));
  return portions;
}

export function byteByByte(bytes: Uint8Array): Uint8Array[] {
  return Array.from(bytes, (byte) => Uint8Array.of(byte));
}

/** A copy with one bit turned over. */
export function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >>> 3] = (copy[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

interface Vectors {
  readonly evp: Readonly<Record<'password' | '16' | '32' | 'empty32', string>>;
  readonly sip004: Readonly<
    Partial<Record<MethodName, Readonly<Record<'master' | 'salt' | 'subkey' | 'tcp', string>>>>
  >;
  readonly sip022: Readonly<Partial<Record<MethodName, Readonly<Record<Sip022Field, string>>>>>;
}

type Sip022Field =
  'psk' | 'request_salt' | 'response_salt' | 'request_subkey' | 'tcp_request' | 'tcp_response';

export const vectors: Vectors = JSON.parse(
  readFileSync(new URL('../vectors/shadowsocks-tcp.json', import.meta.url), 'utf8'),
) as Vectors;
