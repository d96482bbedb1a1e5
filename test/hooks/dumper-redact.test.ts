import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { redactDatagram, Redactor } from '../../shared/hooks/dumper/redact.js';
import { fuzzRuns } from '../support/fuzz.js';
import { recite, startDump } from '../support/dump.js';

function redact(pieces: readonly (Uint8Array | string)[], socks = true): string {
  const redactor = new Redactor({ socks });
  const written = pieces.map((piece) => Buffer.from(redactor.read(Buffer.from(piece))));
  return Buffer.concat([...written, redactor.end()]).toString('latin1');
}

function bytewise(text: Uint8Array | string): readonly Buffer[] {
  return Array.from(Buffer.from(text), (byte) => Buffer.of(byte));
}

const examples: readonly (readonly [about: string, text: string, written: string])[] = [
  [
    'the headers of a request',
    'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\ncookie:\tx=1; y=2\r\nX-API-KEY : k\r\n\r\nbody',
    'GET / HTTP/1.1\r\nHost: a\r\nAuthorization: **********\r\ncookie:\t********\r\nX-API-KEY : *\r\n\r\nbody',
  ],
  [
    'the headers of an answer, with bare line feeds',
    'HTTP/1.1 200 OK\nSet-Cookie: a=b\nSet-Cookie: c=d\nServer: x\n\n',
    'HTTP/1.1 200 OK\nSet-Cookie: ***\nSet-Cookie: ***\nServer: x\n\n',
  ],
  [
    'folded lines',
    'X: y\r\nProxy-Authorization:\r\n Basic\r\n\tYTpi\r\nHost: a\r\n',
    'X: y\r\nProxy-Authorization:\r\n *****\r\n\t****\r\nHost: a\r\n',
  ],
  ['a header that begins it all', 'Cookie: a\r\n', 'Cookie: *\r\n'],
  [
    'no header but at the start of a line',
    'X-Cookie: a\r\nA: Cookie: b\r\n',
    'X-Cookie: a\r\nA: Cookie: b\r\n',
  ],
  ['a value without an end', 'a\nCookie: abc', 'a\nCookie: ***'],
  [
    'user and password in the target of a request',
    'GET http://me:se%20cret@a.example/x HTTP/1.1\r\n\r\n',
    'GET http://************@a.example/x HTTP/1.1\r\n\r\n',
  ],
  ['an @ in a password', 'X ftp://a:b@c@d/', 'X ftp://*****@d/'],
  [
    'no URI without a user',
    'see https://a.example:8080/a@b, or b@c',
    'see https://a.example:8080/a@b, or b@c',
  ],
  [
    'a line that ends in an authority',
    'x://y\r\nCookie: a\r\nas://u@h\r\nCookie: b\n',
    'x://y\r\nCookie: *\r\nas://*@h\r\nCookie: *\n',
  ],
  ['an authority that was cut off', 'GET http://me:secret', 'GET http://*********'],
  ['an authority without an end', `ab://${'x'.repeat(3000)}@host/`, `ab://${'*'.repeat(3005)}/`],
  [
    'user and password of SOCKS5',
    '\x05\x02\x00\x02\x01\x02me\x06secret\x05\x01',
    '\x05\x02\x00\x02\x01\x02**\x06******\x05\x01',
  ],
  ['SOCKS5 without them', '\x05\x01\x00\x05\x01\x00\x03\x02me', '\x05\x01\x00\x05\x01\x00\x03\x02me'],
  [
    'the user of SOCKS4',
    '\x04\x01\x00\x50\x01\x02\x03\x04me\0GET',
    '\x04\x01\x00\x50\x01\x02\x03\x04**\0GET',
  ],
  [
    'what comes behind SOCKS',
    '\x05\x01\x02\x01\x01a\x01bGET /\nCookie: a\n',
    '\x05\x01\x02\x01\x01*\x01*GET /\nCookie: *\n',
  ],
  ['nothing', '', ''],
];

describe('what is written down has no credentials', () => {
  test.each(examples)('%s, whole and byte by byte', (_, text, written) => {
    expect(redact([text])).toBe(written);
    expect(redact(bytewise(text))).toBe(written);
  });

  test('however it is cut', () => {
    const word = fc.oneof(
      fc.constantFrom(
        '\n',
        '\r\n',
        ' ',
        '\t',
        ':',
        '/',
        '//',
        '://',
        '@',
        'http',
        'ab://',
        'u:p@',
        '\0',
        '\x05',
        '\x04',
      ),
      fc.constantFrom(
        'Cookie',
        'cookie:',
        'Authorization: ',
        'X-Api-Key',
        'set-cookie: a=b\r\n',
        'x'.repeat(600),
      ),
      fc.string({ maxLength: 3 }),
    );
    const text = fc.array(word, { maxLength: 40 }).map((words) => Buffer.from(words.join(''), 'latin1'));
    fc.assert(
      fc.property(text, fc.array(fc.nat({ max: 400 }), { maxLength: 6 }), (bytes, cuts) => {
        const edges = [0, ...cuts.toSorted((one, other) => one - other), Infinity];
        const pieces = edges.slice(1).map((end, index) => bytes.subarray(edges[index], end));
        const whole = redact([bytes]);
        expect(redact(pieces)).toBe(whole);
        expect(redact(bytewise(bytes))).toBe(whole);
        expect(whole.length).toBe(bytes.length);
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });

  test('the bytes that are looked at stay as they are', () => {
    const bytes = Buffer.from('\nCookie: abc\n');
    new Redactor({ socks: true }).read(bytes);
    redactDatagram(bytes);
    expect(bytes.toString()).toBe('\nCookie: abc\n');
  });

  test.each([
    ['tcp', 'GET http://me:secret@h/ HTTP/1.1\r\nCookie: secret\r\n\r\nsee http://secret'],
    ['udp', 'REGISTER sip:h SIP/2.0\r\nAuthorization: secret\r\nX: http://secret'],
  ] as const)('neither file of a %s conversation has them, but when asked for', async (transport, text) => {
    for (const secrets of [false, true]) {
      const dump = await startDump({ secrets });
      recite(dump, [['up', text]], { transport });
      await dump.stop();
      for (const suffix of ['.txt', '.pcapng'] as const) {
        expect(readFileSync(dump.only(suffix)).includes('secret')).toBe(secrets);
      }
    }
  });
});
