import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIp } from '../../shared/codec/ip.js';
import { formatTarget, type Target } from '../../shared/codec/address.js';
import { checkHostname } from '../../shared/proxy/hostname.js';
import { standing } from '../../shared/proxy/http-basic.js';
import { judgeHead, judgeRequest } from '../../shared/proxy/http-head.js';
import { readAbsolute, readAuthority, readRequestLine } from '../../shared/proxy/http-target.js';
import { fuzzRuns } from '../support/fuzz.js';

const latin1 = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const piece = fc.oneof(
  fc.constantFrom(
    'http://',
    'HTTP://',
    'https://',
    'a.example',
    '[::1]',
    '[::ffff:7f00:1]',
    '127.0.0.1',
    '127.1',
  ),
  fc.constantFrom(
    ':',
    ':80',
    ':0',
    ':65536',
    '@',
    '/',
    '?',
    '#',
    '//',
    '..',
    '%00',
    '\0',
    ' ',
    '[',
    ']',
    '*',
    '.',
  ),
  latin1,
);
const text = fc.oneof(
  latin1,
  fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join('')),
);
const name = fc.constantFrom(
  ...['Host', 'HOST', 'Connection', 'Content-Length', 'Transfer-Encoding', 'Upgrade', 'TE', 'Trailer', 'X-A'],
  ...[
    'Proxy-Authorization',
    'Proxy-Connection',
    'Keep-Alive',
    'Max-Forwards',
    'Expect',
    'Content-Disposition',
  ],
);
const value = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '5',
    '-1',
    'close',
    'upgrade',
    'host, content-length',
    'x-a',
    'chunked',
    'gzip, chunked',
  ),
  fc.constantFrom('websocket', 'a.example', 'Basic eDp5', 'Basic =', 'basic', 'trailers', '100-continue'),
  latin1,
);
const headers = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((pairs) => pairs.flat());

function expectPlain({ host, port }: Target): void {
  expect(parseIp(host) !== undefined || checkHostname(host) === undefined).toBe(true);
  expect(Number.isInteger(port) && port >= 1 && port <= 65_535).toBe(true);
}

test('whatever is named as a target, it is a plain one or none', () => {
  fc.assert(
    fc.property(text, (asked) => {
      const tunnel = readAuthority(asked);
      if ('host' in tunnel) {
        expectPlain(tunnel);
        expect(readAuthority(formatTarget(tunnel))).toEqual(tunnel);
      }
      const absolute = readAbsolute(asked);
      if (!('target' in absolute)) return;
      expectPlain(absolute.target);
      expect(asked.slice(7)).toBe(absolute.authority + absolute.path);
      expect(absolute.authority).not.toMatch(/[\s@/?#\0]/);
    }),
    { numRuns: fuzzRuns(20_000) },
  );
});

test('whatever the first line of a request is, it names a plain target or none', () => {
  const line = fc.tuple(
    fc.constantFrom('GET', 'CONNECT', 'get', ''),
    text,
    fc.constantFrom('\r\n', '\n', ''),
  );
  fc.assert(
    fc.property(line, ([method, asked, end]) => {
      const read = readRequestLine(Buffer.from(`${method} ${asked} HTTP/1.1${end}`, 'latin1'));
      if (read !== undefined) expectPlain(read.target);
    }),
    { numRuns: fuzzRuns(10_000) },
  );
});

test('whatever a head says, what is passed on has one Host, one framing and nothing of this hop', () => {
  const head = fc.record({
    method: fc.constantFrom('GET', 'POST', 'OPTIONS', 'TRACE', 'DELETE', 'PROPFIND'),
    url: fc.oneof(fc.constant('http://a.example/b'), text),
    httpVersion: fc.constantFrom('1.1', '1.0', '2.0'),
    rawHeaders: headers,
  });
  fc.assert(
    fc.property(head, (asked) => {
      standing(asked.rawHeaders, () => true);
      const judged = judgeHead(asked) ?? judgeRequest(asked);
      if (!('target' in judged)) {
        expect(judged.status === 200 || judged.status >= 400).toBe(true);
        return;
      }
      const names = judged.headers.filter((_, at) => at % 2 === 0).map((each) => each.toLowerCase());
      const count = (wanted: string): number => names.filter((each) => each === wanted).length;
      expect(count('host')).toBe(1);
      expect(judged.headers[names.indexOf('host') * 2 + 1]).toBe(asked.url.slice(7).split(/[/?]/)[0]);
      expect(Math.min(count('content-length'), count('transfer-encoding'))).toBe(0);
      expect([count('transfer-encoding') <= 1, count('connection'), count('upgrade')]).toEqual(
        judged.upgrade === undefined ? [true, 0, 0] : [true, 1, 1],
      );
      for (const hop of ['proxy-authorization', 'proxy-connection', 'keep-alive', 'te', 'trailer']) {
        expect(count(hop)).toBe(0);
      }
    }),
    { numRuns: fuzzRuns(10_000) },
  );
});
