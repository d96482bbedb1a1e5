import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { redactDatagram, Redactor } from '../../shared/hooks/dumper/redact.js';
import { fuzzRuns } from '../support/fuzz.js';
import { recite, startDump } from '../support/dump.js';

function redact(pieces: readonly (Uint8Array | string)[], socks = true): string {
  const redactor = new Redactor({ socks });
  const written = pieces.map((piece) => Buffer.from(piece));
  for (const piece of written) redactor.read(piece);
  redactor.end();
  expect(redactor.undecided).toBe(false);
  return Buffer.concat(written).toString('latin1');
}

function bytewise(text: Uint8Array | string): readonly Buffer[] {
  return Array.from(Buffer.from(text), (byte) => Buffer.of(byte));
}

const get = 'GET / HTTP/1.1\r\n';

const masked: readonly (readonly [about: string, text: string, written: string])[] = [
  [
    'the headers of a request',
    `${get}Host: a\r\nAuthorization: Basic YTpi\r\ncookie:\tx=1; y=2\r\nX-API-KEY : k\r\n\r\nbody`,
    `${get}Host: a\r\nAuthorization: **********\r\ncookie:\t********\r\nX-API-KEY : *\r\n\r\nbody`,
  ],
  [
    'the headers of an answer, with bare line feeds',
    'HTTP/1.0 200 OK\nSet-Cookie: a=b\nSet-Cookie: c=d\nServer: x\n\n',
    'HTTP/1.0 200 OK\nSet-Cookie: ***\nSet-Cookie: ***\nServer: x\n\n',
  ],
  [
    'an answer without words, and one with blanks behind the version',
    'HTTP/1.1 204\r\nSet-Cookie: a\r\n\r\nHTTP/1.1  200\nCookie: b\n\nGET / HTTP/1.1 \r\nCookie: c\r\n',
    'HTTP/1.1 204\r\nSet-Cookie: *\r\n\r\nHTTP/1.1  200\nCookie: *\n\nGET / HTTP/1.1 \r\nCookie: *\r\n',
  ],
  [
    'folded lines',
    `${get}Proxy-Authorization:\r\n Basic\r\n\tYTpi\r\nHost: a\r\n`,
    `${get}Proxy-Authorization:\r\n *****\r\n\t****\r\nHost: a\r\n`,
  ],
  ['a value without an end', `${get}Cookie: abc`, `${get}Cookie: ***`],
  [
    'each of several requests, and one whose length was a lie',
    `${get}Cookie: a\r\n\r\n${get}Content-Length: 99\r\n\r\n${get}Cookie: b\r\n\r\nbody${get}Cookie: c\r\n\r\n`,
    `${get}Cookie: *\r\n\r\n${get}Content-Length: 99\r\n\r\n${get}Cookie: *\r\n\r\nbody${get}Cookie: *\r\n\r\n`,
  ],
  [
    'a request behind versions that are none',
    'HTTP/1.HTTP/1.1 HTTP/1.1\r\nCookie: a\r\n\r\n',
    'HTTP/1.HTTP/1.1 HTTP/1.1\r\nCookie: *\r\n\r\n',
  ],
  [
    'names with odd bytes around them',
    `${get} Authorization: a\r\nAuthorization${' '.repeat(40)}: b\r\nAuthorization\0: c\r\n`,
    `${get} Authorization: *\r\nAuthorization${' '.repeat(40)}: *\r\nAuthorization\0: *\r\n`,
  ],
  [
    'user and password in the target of a request',
    'GET http://me:se%20cr@t@a.example/x HTTP/1.1\r\n\r\n',
    'GET http://************@a.example/x HTTP/1.1\r\n\r\n',
  ],
  ['those of CONNECT', 'CONNECT me:pw@a:443 HTTP/1.1\r\n', 'CONNECT *****@a:443 HTTP/1.1\r\n'],
  ['those of Host', `${get}Host:  me:pw@a\r\nCookie: b\r\n`, `${get}Host:  *****@a\r\nCookie: *\r\n`],
  [
    'those in URIs of a head',
    `${get}Referer: https://me:pw@a/x\r\nOrigin: https://a\r\n`,
    `${get}Referer: https://*****@a/x\r\nOrigin: https://a\r\n`,
  ],
  ['a user in a target that was cut off', 'GET http://me:secret@', 'GET http://*********@'],
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
    `\x05\x01\x02\x01\x01a\x01b${get}Cookie: a\n`,
    `\x05\x01\x02\x01\x01*\x01*${get}Cookie: *\n`,
  ],
];

/** Whose credentials are written to no file. */
const secretNames = [
  ...[
    'Authentication',
    'Authentication-Info',
    'Proxy-Authenticate',
    'X-Auth-Key',
    'X-Original-Authorization',
  ],
  ...['X-GitLab-Token', 'X-Shopify-Access-Token', 'X-Amz-Security-Token', 'Private-Token', 'X-CSRFToken'],
  ...['Set-Cookie2', 'x-goog-api-key', 'ApiKey', 'X-Session-ID', 'X-Hub-Signature', 'X-Client-Secret'],
  ...['X_Password', 'Sec-WebSocket-Protocol', 'Ocp-Apim-Subscription-Key', 'DPoP', 'CF-Access-Jwt-Assertion'],
];

const untouched: readonly (readonly [about: string, text: string])[] = [
  ['nothing', ''],
  ['a body that ends in a URI', `${get}\r\nhttp://example.com`],
  ['lines of a body that look like a header', `${get}\r\nline\nCookie: of flour\nAuthorization: none\n`],
  ['lines that are in no head', 'Cookie: a\r\nAuthorization: b\r\n'],
  ['URIs of a body', `${get}\r\nsee ftp://bob@host/x, Get http://a@b and mailto://a@b`],
  ['a long word behind ://', `ab://${'x'.repeat(30_000)}@host/`],
  ['a target without a user', 'GET http://a.example:8080/b@c HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['a target that was cut off before there was a user', 'CONNECT example.com:443'],
  ['an endless authority', `GET http://${'x'.repeat(20_000)}@host/`],
  ['other headers', `${get}X-Monkey: a\r\nKeep-Alive: b\r\nX-Tokenizer: c\r\nSec-WebSocket-Key: d\r\n\r\n`],
  ['a version in the middle of a line', 'GET HTTP/1.1 /\nCookie: a\n'],
  ['a version of another age', 'GET / HTTP/1.7\r\nCookie: a\r\n\r\nHTTP/1.1 2000 a\nCookie: b\n'],
];

describe('what is written down has no credentials', () => {
  test.each([...masked, ...untouched.map(([about, text]) => [about, text, text] as const)])(
    '%s, whole and byte by byte',
    (_, text, written) => {
      expect(redact([text])).toBe(written);
      expect(redact(bytewise(text))).toBe(written);
    },
  );

  test.each(secretNames)('the value of %s', (name) => {
    expect(redact([`${get}${name}: value\r\n\r\n`])).toBe(`${get}${name}: *****\r\n\r\n`);
  });

  test('behind much else, at each place of a piece', () => {
    const text = `${get}Cookie: a\r\n\r\nGET http://u:p@h/ ${get}`;
    const written = text.replace('Cookie: a', 'Cookie: *').replace('u:p', '***');
    for (let before = 190; before < 270; before++) {
      const much = 'x'.repeat(before);
      const bytes = Buffer.from(`${much}${text}`);
      expect(redact([bytes.subarray(0, 256), bytes.subarray(256)]).slice(before)).toBe(written);
    }
  });

  test('however it is cut', () => {
    const word = fc.oneof(
      fc.constantFrom('\n', '\r\n', '\r\n\r\n', ' ', '\t', ':', '/', '://', '@', '\0', '\x05', '\x04'),
      fc.constantFrom('GET ', 'CONNECT ', 'http', 'ab://', 'u:p@', 'GET http://', 'HTTP/1.', '1', '200'),
      fc.constantFrom(' HTTP/1.1\r\n', 'HTTP/1.0 200 OK\n', 'HTTP/1.1', 'HTTP/1.1 404', get),
      fc.constantFrom(
        'Cookie',
        'cookie:',
        'Authorization: ',
        'Host:',
        'set-cookie: a=b\r\n',
        'X: ',
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
      }),
      { numRuns: fuzzRuns(2000) },
    );
  });

  test('of what nobody can wait for no part of a password is written', () => {
    const redactor = new Redactor({ socks: true });
    const [first, second] = [Buffer.from('GET http://me:sec'), Buffer.from('ret@host/')];
    redactor.read(first);
    expect(redactor.undecided).toBe(true);
    redactor.giveUp();
    redactor.read(second);
    expect(Buffer.concat([first, second]).toString()).toBe('GET http://*********@host/');
  });

  test('a datagram is whole', () => {
    const bytes = Buffer.from('CONNECT a:b@c');
    redactDatagram(bytes);
    expect(bytes.toString()).toBe('CONNECT ***@c');
  });

  test.each([
    ['tcp', `GET http://me:secret@h/ HTTP/1.1\r\nCookie: secret\r\n\r\n${get}X-Token: secret`],
    ['udp', 'NOTIFY * HTTP/1.1\r\nAuthorization: secret\r\n'],
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

describe('what waits until it is known whether it is secret', () => {
  /** The lines without times, and the times. */
  async function written(
    play: (conversation: ReturnType<Awaited<ReturnType<typeof startDump>>['converse']>) => void,
  ): Promise<readonly string[]> {
    const dump = await startDump({ formats: ['text'] });
    play(dump.converse());
    await dump.stop();
    const lines = readFileSync(dump.only('.txt'), 'utf8').trimEnd().split('\n').slice(1);
    const times = lines.map((line) => /^\d\S+Z/.exec(line)?.[0]).filter((time) => time !== undefined);
    expect(times).toEqual(times.toSorted());
    return lines.map((line) => line.replace(/^\d\S+Z /, ''));
  }

  test('is one piece still, in its place among the others', async () => {
    expect(
      await written((conversation) => {
        conversation.say('up', 'GET http://me:pa');
        conversation.say('down', 'x');
        conversation.end('down');
        conversation.say('up', 'ss@a/');
        conversation.close();
      }),
    ).toEqual([
      ...['→ 16 bytes', '  GET http://*****', '← 1 byte', '  x', '← end', '→ 5 bytes', '  **@a/', '→ end'],
    ]);
  });

  test('is as it was when a clean end shows that it has no user', async () => {
    const text = 'GET http://example.com';
    expect(
      await written((conversation) => {
        conversation.say('down', text);
        conversation.close();
      }),
    ).toEqual(['← 22 bytes', `  ${text}`, '→ end', '← end']);
  });

  test.each(['a break', 'the end of the dumper', 'too much of it'])('is masked by %s', async (how) => {
    const lines = await written((conversation) => {
      conversation.say('up', 'GET http://me:pa');
      if (how === 'a break') conversation.close({ why: 'ECONNRESET' });
      if (how === 'too much of it') conversation.say('down', Buffer.alloc(300_000));
    });
    expect(lines.slice(0, 2)).toEqual(['→ 16 bytes', '  GET http://*****']);
  });
});
