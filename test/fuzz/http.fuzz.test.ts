import fc from 'fast-check';
import { expect, test } from 'vitest';
import { credentialCheck } from '../../shared/serve/credentials.js';
import { fuzzRuns } from '../support/fuzz.js';
import { cutAt } from '../support/handshake.js';
import { httpTalk, type HttpTalk } from '../support/http-talk.js';
import type { ScriptedStream } from '../support/push-stream.js';
import { settle } from '../support/turns.js';

/** Turns of the event loop in which a conversation without a socket is over, however long it is. */
const mostTurns = 200_000;
const password = 'c2VjcmV0';
const check = credentialCheck([{ user: 'a', password: 'b' }]);

const noise = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 20,
});
const line = fc.constantFrom(
  ...[
    'GET http://a.example/ HTTP/1.1',
    'GET http://b.example:81/c?d HTTP/1.1',
    'GET http://a.example/ HTTP/1.1',
  ],
  ...['POST http://a.example/ HTTP/1.1', 'PUT http://[::1]/ HTTP/1.1', 'OPTIONS http://a.example HTTP/1.1'],
  ...['HEAD http://a.example/ HTTP/1.0', 'GET /proxy.pac HTTP/1.1', 'CONNECT a.example:443 HTTP/1.1'],
);
const header = fc.constantFrom(
  ...[
    'X-A: b',
    'Connection: keep-alive',
    'Connection: close',
    'Connection: Upgrade\r\nUpgrade: x',
    'Host: b',
  ],
  ...[
    'Expect: 100-continue',
    'Connection: Host, Content-Length',
    'Connection: Transfer-Encoding',
    'TE: trailers',
  ],
  ...[
    `Proxy-Authorization: Basic ${password}`,
    'Trailer: X-T',
    'Content-Length: 0',
    'Transfer-Encoding: gzip',
  ],
);
/** Framings and bodies, most of which belong together. */
const framed = fc.constantFrom(
  ...[
    '\r\n',
    '\r\n',
    'Content-Length: 4\r\n\r\nbody',
    'Content-Length: 0\r\n\r\n',
    'Content-Length: 9\r\n\r\nbody',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
    'Transfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n',
    'Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  ...[
    'Transfer-Encoding: chunked\r\n\r\n4\r\nbodybody\r\n0\r\n\r\n',
    '\r\nbody',
    'Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody',
  ],
);
const request = fc
  .tuple(line, fc.array(header, { maxLength: 2 }), framed)
  .map(([first, headers, rest]) => [first, 'Host: a', ...headers, rest].join('\r\n'));
/** Requests in a row, a third of them with something in them that does not belong there, or without something that does. */
const words = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 4 }).map((requests) => requests.join('')),
    fc.option(fc.tuple(fc.nat(), fc.nat(3), fc.oneof(noise, fc.constantFrom('\r\n', '\n', '\0', ' ', ':'))), {
      freq: 1,
    }),
  )
  .map(([all, change]) => {
    if (change === null) return all;
    const [place, without, instead] = change;
    const at = place % all.length;
    return all.slice(0, at) + instead + all.slice(at + without);
  });

/** The requests in what a target was told, by a parser that takes nothing but what is plain; 'rest' for anything else. */
function requestsIn(said: string): string[] {
  const found: string[] = [];
  for (let rest = said; rest !== '';) {
    const head = /^[A-Z]+ [!-~\u0080-\u00ff]+ HTTP\/1\.1\r\n(?:[!#-9;-~]+: [^\r\n\0]*\r\n)*\r\n/.exec(
      rest,
    )?.[0];
    if (head === undefined) return [...found, 'rest'];
    const length = Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0);
    const chunks = /^transfer-encoding: chunked\r$/im.test(head);
    const body = chunks
      ? /^(?:4\r\nbody\r\n|[1-9a-f][0-9a-f]*\r\n[^]*?\r\n)*0\r\n(?:[!#-9;-~]+: [^\r\n]*\r\n)*\r\n/.exec(
          rest.slice(head.length),
        )?.[0]
      : rest.slice(head.length, head.length + length);
    if (body === undefined || (!chunks && body.length < length)) return [...found, 'rest'];
    found.push(head);
    rest = rest.slice(head.length + body.length);
  }
  return found;
}

/** A target that answers each whole request, once. */
function answering(target: ScriptedStream): void {
  let answered = 0;
  target.onWrite = () => {
    const whole = requestsIn(target.said).filter((request) => request !== 'rest').length;
    for (; answered < whole; answered++) target.push('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
  };
}

async function over(talk: HttpTalk): Promise<void> {
  for (let turns = 0; talk.outcome() === 'open' && turns < mostTurns; turns++) await settle(1);
  expect(talk.outcome()).not.toBe('open');
}

test('whatever a client says, it is answered or closed, and no target is told anything but whole requests', async () => {
  await fc.assert(
    fc.asyncProperty(
      words,
      fc.array(fc.nat(600), { maxLength: 6 }),
      fc.boolean(),
      async (said, places, closed) => {
        const own = (path: string): { type: string; body: string } | undefined =>
          path === '/proxy.pac' ? { type: 'text/plain', body: 'own' } : undefined;
        const talk = await httpTalk('', { prepare: answering, own, ...(closed && check ? { check } : {}) });
        for (const piece of cutAt(Buffer.from(said, 'latin1'), places)) {
          talk.client.pushBytes(Buffer.from(piece));
          await settle(2);
        }
        talk.client.finish();
        await over(talk);
        if (talk.client.said !== '') expect(talk.client.said).toMatch(/^HTTP\/1\.1 [1-5]\d\d /);
        for (const target of talk.targets) {
          expect(target.said).not.toContain(password);
          const requests = requestsIn(target.said);
          // What breaks off at the client breaks off at the target, never in an end.
          if (requests.includes('rest')) expect(target.calls).toContain('abort');
          expect(requests.slice(0, -1)).not.toContain('rest');
          for (const head of requests) expect((head.match(/^host: /gim) ?? ['rest']).length).toBe(1);
        }
        if (closed) expect(talk.targets).toEqual([]);
      },
    ),
    { numRuns: fuzzRuns(300) },
  );
});

const start = fc.constantFrom(
  ...[
    'HTTP/1.1 200 OK',
    'HTTP/1.1 200 OK',
    'HTTP/1.0 404 No',
    'HTTP/1.1 204 No',
    'HTTP/1.1 304 No',
    'HTTP/1.1 999 ',
  ],
  ...[
    'HTTP/1.1 100 Continue',
    'HTTP/1.1 103 Hints',
    'HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: Upgrade',
  ],
  ...['HTTP/1.1 000 ', 'HTTP/2.0 200 OK', 'ICY 200 OK', 'HTTP/1.1 200 \x01', 'HTTP/1.1 101 Switch'],
);
const answerHeader = fc.constantFrom(
  ...[
    'X-A: b',
    'Connection: close',
    'Content-Length: 4',
    'Content-Length: 0',
    'Transfer-Encoding: chunked',
    'X-A : b',
  ],
  ...[
    'Transfer-Encoding: gzip',
    'Content-Disposition: \u00e9',
    'Connection: Content-Length',
    'Trailer: X-T',
    ' folded',
  ],
);
const answerBody = fc.constantFrom(
  '',
  'body',
  '4\r\nbody\r\n0\r\n\r\n',
  '4\r\nbody\r\n',
  '0\r\nX-T: \x01\r\n\r\n',
  '0\r\nX-T: \u00e9\r\n\r\n',
);
const answer = fc
  .tuple(start, fc.array(answerHeader, { maxLength: 3 }), answerBody)
  .map(([first, headers, body]) => `${[first, ...headers].join('\r\n')}\r\n\r\n${body}`);

test('whatever a target says, its client gets an answer or a break, and no crash', async () => {
  const said = fc.array(fc.oneof({ weight: 8, arbitrary: answer }, noise), { maxLength: 3 });
  const asked = fc.constantFrom(
    'GET http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET http://a.example/ HTTP/1.0\r\n\r\n',
    'HEAD http://a.example/ HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST http://a.example/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n',
    'GET http://a.example/ HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n',
  );
  await fc.assert(
    fc.asyncProperty(asked, said, fc.constantFrom('finish', 'break'), async (request, pieces, end) => {
      const talk = await httpTalk(request);
      const [target] = talk.targets;
      for (const piece of pieces) {
        target?.push(piece);
        await settle(1);
      }
      if (end === 'finish') target?.finish();
      else target?.break(new Error('reset'));
      await settle();
      // Upgraded, it is a tunnel: whatever it says is for the client.
      talk.client.finish();
      await over(talk);
      expect(talk.client.said).toMatch(/^HTTP\/1\.1 [1-9]\d\d /);
    }),
    { numRuns: fuzzRuns(300) },
  );
});
