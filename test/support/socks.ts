/** What the tests of SOCKS say to a proxy, and how they listen. */
import { expect } from 'vitest';
import type { Handshake } from '../../shared/proxy/handshake.js';
import type { CredentialCheck } from '../../shared/proxy/request.js';
import { byteByByte } from './codec.js';
import { converse, type Outcome, spacedHex } from './handshake.js';

/** What a hasty client sends behind its handshake. */
export const trailing: Uint8Array = spacedHex('474554');

/** Feeds `input` whole, byte by byte and with bytes behind it, and returns the outcome that all three come to. */
export function threeFeedings<T>(
  start: () => Handshake<T>,
  input: Uint8Array,
): Outcome<T> & { readonly message: string } {
  const whole = converse(start(), [input]);
  expect(converse(start(), byteByByte(input))).toEqual(whole);
  const { rest, ...others } = converse(start(), [input, trailing]);
  expect({ ...others, rest: whole.rest }).toEqual(whole);
  if (!whole.waiting) expect(rest).toEqual(Uint8Array.from([...whole.rest, ...trailing]));
  return { ...whole, message: whole.error instanceof Error ? whole.error.message : '' };
}

/** A domain as an address of SOCKS5: ATYP, length, name and port, in hex. */
export function domainAddress(domain: string | Uint8Array, port = '0050'): string {
  const bytes = Buffer.from(domain);
  return `03${bytes.length.toString(16).padStart(2, '0')}${bytes.toString('hex')}${port}`;
}

/** The credentials of RFC 1929 as a client sends them, in hex. */
export function credentials(user: string, password: string): string {
  const field = (text: string): string => {
    const bytes = Buffer.from(text);
    return `${bytes.length.toString(16).padStart(2, '0')}${bytes.toString('hex')}`;
  };
  return `01${field(user)}${field(password)}`;
}

/** Lets in `alice`, whose password is `b:c`. */
export const knowsAlice: CredentialCheck = (user, password) =>
  Buffer.from(user).toString() === 'alice' && Buffer.from(password).toString() === 'b:c';

/** The longest name there is. */
export const longestName: string = `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61);

/** Names that DNS would merely not find, and a resolver of the C library would take for an address, or worse. */
export const hostileNames: readonly string[] = [
  ...[
    '127.0.0.1\0.evil.example',
    'a b',
    'a\r\nb',
    'a\x7f',
    'bücher.example',
    '\x1b[2J',
    '<img/src=x>',
    '*',
    '.',
  ],
  ...[
    '2130706433',
    '0x7f000001',
    '0X7F.1',
    '127.1',
    '0177.0.0.1',
    '0',
    '0x',
    '127.0.0.1.',
    '256.1.1.1',
    '1.2.3.4.5',
  ],
  ...[
    '::1%lo',
    'fe80::1%eth0',
    '[::1',
    '[example]',
    ':::',
    '1::2::3',
    'a..example',
    `${'a'.repeat(64)}.example`,
  ],
];
