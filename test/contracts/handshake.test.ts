import { describe } from 'vitest';
import { acceptSocks, replyReaders } from '../../shared/proxy/mixed.js';
import { requestConnect } from '../../shared/proxy/http-connect-client.js';
import { longestHead } from '../../shared/proxy/http-lines.js';
import { acceptSocks4 } from '../../shared/proxy/socks4.js';
import { requestSocks4 } from '../../shared/proxy/socks4-client.js';
import { acceptSocks5, readGreeting, readRequest } from '../../shared/proxy/socks5.js';
import { readCredentials, sendCredentials } from '../../shared/proxy/socks5-auth.js';
import {
  greetSocks5,
  offerMethods,
  proveSocks5,
  readSocks5Reply,
  requestSocks5,
} from '../../shared/proxy/socks5-client.js';
import { spacedHex } from '../support/handshake.js';
import { credentials, knowsAlice } from '../support/socks.js';
import { handshakeContract, type HandshakeUnderTest } from './handshake.js';

const domain = '0b 6578616d706c652e636f6d';
const alice = credentials('alice', 'b:c');
const bob = credentials('bob', 'b:c');
const longest = { greeting: 257, credentials: 513, request: 262, socks4: 8 + 256 + 254 };

const replies = [
  '05000001 c0000207 1234',
  `05050003 ${domain} 0000`,
  '05000003 00 0000',
  '05000009',
  '48545450',
];
const requests = [
  '05010001 c0000201 0050',
  '05010004 20010db8000000000000000000000001 01bb',
  `05010003 ${domain} 01bb`,
  '05010003 00 0050',
  '05010003 03 612062 0050',
  '05020001 c0000201 0050',
  '05020001 00000000 0050',
  '05030001 00000000 0000',
  '05040001 c0000201 0050',
  '05010009',
  '04010001',
];
const replies4 = [
  '005a 1234 c0000207',
  '005b 0000 00000000',
  '005d 0000 00000000',
  '045a 0000 00000000',
  '005e 0000 00000000',
];
const requests4 = [
  '0401 0050 c0000201 00',
  '0401 0050 c0000201 757365 00',
  '0402 0000 c0000201 00',
  '0401 0050 00000001 00 612e6200',
  '0401 0050 00000001 00 00',
  '0401 0050 00000000 00',
  '0403 0050 c0000201 00',
  `0401 0050 c0000201 ${'61'.repeat(256)}`,
  `0401 0050 00000001 00 ${'61'.repeat(254)}`,
];

/** A handshake, what may be said to it, in hex, and the most that it has to hold. */
function row(start: HandshakeUnderTest['start'], said: readonly string[], most: number): HandshakeUnderTest {
  return { start, said: said.map(spacedHex), longest: most };
}

const handshakes: Readonly<Record<string, HandshakeUnderTest>> = {
  'accepting SOCKS5': row(
    () => acceptSocks5(),
    [
      ...requests.map((request) => `050100 ${request}`),
      `0503020100 ${requests[0] ?? ''}`,
      '050102',
      '0500',
      '04',
    ],
    longest.greeting + longest.request,
  ),
  'accepting SOCKS5 with credentials': row(
    () => acceptSocks5(knowsAlice),
    [
      ...requests.map((request) => `050102 ${alice} ${request}`),
      ...[`050102 ${bob}`, '050102 05', '050102 010000', '050100', '0500', '04'],
    ],
    longest.greeting + longest.credentials + longest.request,
  ),
  'reading a greeting': row(readGreeting, ['050100', '050102', '0500', '04'], longest.greeting),
  'reading credentials': row(readCredentials, [alice, bob, '010000', '05'], longest.credentials),
  'reading a request': row(readRequest, requests, longest.request),
  'accepting SOCKS4': row(() => acceptSocks4(), [...requests4, '0501000500000000'], longest.socks4),
  'denying SOCKS4': row(() => acceptSocks4({ closed: true }), requests4, longest.socks4),
  'accepting any SOCKS': row(
    () => acceptSocks(),
    [...requests.map((request) => `050100 ${request}`), ...requests4],
    longest.greeting + longest.request,
  ),
  'greeting a SOCKS5 proxy': row(() => greetSocks5(), ['0500', '05ff', '4854'], 2),
  'greeting a SOCKS5 proxy with credentials': row(
    () => greetSocks5({ user: 'alice', password: 'b:c' }),
    ['0500', '0502 0100', '0502 0101', '0502 0500', '05ff', '4854'],
    4,
  ),
  'proving that a SOCKS5 proxy is there': row(proveSocks5, ['0500', '0502', '05ff', '4854'], 2),
  'offering a SOCKS5 proxy methods': row(() => offerMethods(), ['0500', '0502', '05ff', '4854'], 2),
  'saying a SOCKS5 proxy who is there': row(
    () => sendCredentials({ user: 'alice', password: 'b:c' }),
    ['0100', '0101', '0500'],
    2,
  ),
  'asking a SOCKS5 proxy': row(
    () => requestSocks5('connect', { host: 'example.com', port: 80 }),
    replies,
    longest.request,
  ),
  "reading a SOCKS5 proxy's answer": row(readSocks5Reply, replies, longest.request),
  "reading a SOCKS5 proxy's two answers": row(
    replyReaders.SOCKS5,
    [...replies.map((reply) => `0500 ${reply}`), '05ff', '4854'],
    2 + longest.request,
  ),
  "reading a SOCKS4 proxy's answer": row(replyReaders.SOCKS4, replies4, 8),
  'asking a SOCKS4 proxy': row(
    () => requestSocks4('connect', { host: 'example.com', port: 80 }, { user: '', names: 'socks4a' }),
    replies4,
    8,
  ),
  'asking an HTTP proxy': row(
    () => requestConnect({ host: 'example.com', port: 80 }),
    [
      'HTTP/1.1 200 OK\r\n\r\n',
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\nHTTP/1.0 204 x\n\n',
      'HTTP/1.1 101 Switching Protocols\r\n\r\n',
      'HTTP/1.1 502 x\r\nProxy-Status: halflight; error=dns_error\r\n\r\n',
      'HTTP/1.1 100 x\r\n\r\n'.repeat(4),
      'SSH-2.0-x\r\n',
    ].map((said) => Buffer.from(said).toString('hex')),
    4 * longestHead,
  ),
};

describe.each(Object.entries(handshakes))('the contract of handshakes, %s', (_, handshake) => {
  handshakeContract(handshake);
});
