/**
 * The subkey of the 2017 edition: HKDF-SHA1 (RFC 5869) with the info `ss-subkey` (SIP004).
 *
 * Each packet has a salt of its own, so this is done for every one of them, and a general HKDF takes longer for it than
 * everything else that is done to the packet: noble makes some thirty objects, `hkdfSync` a job. Here all inputs fit
 * into one block of the hash, and nothing is made but the subkey.
 */
import { readU32, writeU32 } from '../bytes.js';

const blockWords = 16;
const digestWords = 5;
const initial = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

/** The block that is hashed, and what is made of it: 16 words of message, then 64 of schedule (RFC 3174 §6.1). */
const schedule = new Int32Array(80);
/** The states of the hash behind the two keyed blocks of an HMAC (RFC 2104). */
const inner = new Int32Array(digestWords);
const outer = new Int32Array(digestWords);
const digest = new Int32Array(digestWords);

/** `length` bytes, owned. Key and salt are lent: 16, 24 or 32 bytes. */
export function subkeySha1(key: Uint8Array, salt: Uint8Array, length: number): Uint8Array {
  keyWith(wordsOf(salt));
  load(wordsOf(key));
  authenticate(key.length);
  keyWith(digest);
  const subkey = new Uint8Array(length);
  for (let round = 1, made = 0; made < length; round += 1) {
    const before = round === 1 ? 0 : digestWords;
    load(before === 0 ? nothing : digest);
    // `ss-s` `ubke` `y`, and the number of the round.
    schedule[before] = 0x73732d73;
    schedule[before + 1] = 0x75626b65;
    schedule[before + 2] = 0x79000000 | (round << 16);
    authenticate(4 * before + 10);
    for (let word = 0; word < digestWords && made < length; word += 1, made += 4) {
      writeU32(subkey, made, digest[word] ?? 0);
    }
  }
  return subkey;
}

const nothing = new Int32Array(0);

function wordsOf(bytes: Uint8Array): Int32Array {
  const words = new Int32Array(bytes.length >>> 2);
  for (let at = 0; at < words.length; at += 1) words[at] = readU32(bytes, 4 * at);
  return words;
}

/** The HMACs from now on are made with this key. */
function keyWith(words: Int32Array): void {
  fill(words, 0x36363636);
  inner.set(initial);
  compress(inner);
  fill(words, 0x5c5c5c5c);
  outer.set(initial);
  compress(outer);
}

function fill(words: Int32Array, mask: number): void {
  for (let at = 0; at < blockWords; at += 1) schedule[at] = mask;
  for (let at = 0; at < words.length; at += 1) schedule[at] = mask ^ (words[at] ?? 0);
}

function load(words: Int32Array): void {
  schedule.fill(0, 0, blockWords);
  schedule.set(words);
}

/** The HMAC of the message of so many bytes that has been loaded, as `digest`. */
function authenticate(length: number): void {
  endAt(length);
  digest.set(inner);
  compress(digest);
  load(digest);
  endAt(4 * digestWords);
  digest.set(outer);
  compress(digest);
}

/** The end mark, and the length in bits of the message with the block of the key before it. */
function endAt(length: number): void {
  schedule[length >>> 2] = (schedule[length >>> 2] ?? 0) | (0x80 << (24 - 8 * (length & 3)));
  schedule[blockWords - 1] = 8 * (4 * blockWords + length);
}

/** One block of SHA-1 (RFC 3174 §6.1). Four loops: a choice in each of 80 steps would take twice as long. */
function compress(state: Int32Array): void {
  const w = schedule;
  for (let at = blockWords; at < 80; at += 1) {
    w[at] = rotated((w[at - 3] ?? 0) ^ (w[at - 8] ?? 0) ^ (w[at - 14] ?? 0) ^ (w[at - 16] ?? 0), 1);
  }
  let a = state[0] ?? 0;
  let b = state[1] ?? 0;
  let c = state[2] ?? 0;
  let d = state[3] ?? 0;
  let e = state[4] ?? 0;
  let at = 0;
  for (; at < 20; at += 1) {
    const next = (rotated(a, 5) + ((b & c) | (~b & d)) + e + 0x5a827999 + (w[at] ?? 0)) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  for (; at < 40; at += 1) {
    const next = (rotated(a, 5) + (b ^ c ^ d) + e + 0x6ed9eba1 + (w[at] ?? 0)) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  for (; at < 60; at += 1) {
    const next = (rotated(a, 5) + ((b & c) | (b & d) | (c & d)) + e + 0x8f1bbcdc + (w[at] ?? 0)) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  for (; at < 80; at += 1) {
    const next = (rotated(a, 5) + (b ^ c ^ d) + e + 0xca62c1d6 + (w[at] ?? 0)) | 0;
    e = d;
    d = c;
    c = rotated(b, 30);
    b = a;
    a = next;
  }
  state[0] = (state[0] ?? 0) + a;
  state[1] = (state[1] ?? 0) + b;
  state[2] = (state[2] ?? 0) + c;
  state[3] = (state[3] ?? 0) + d;
  state[4] = (state[4] ?? 0) + e;
}

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
