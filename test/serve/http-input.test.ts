import { describe, expect, it } from 'vitest';
import type { HttpDoor } from '../support/http-door.js';
import { httpDoor } from '../support/http-door.js';
import { httpTarget, readAnswer } from '../support/http.js';
import { connect, type Peer } from '../support/peer.js';
import { settle } from '../support/turns.js';

/** How the same bytes may come: whole, one by one, and with a request behind that nobody must serve. */
const feedings: Readonly<Record<string, (client: Peer, bytes: Buffer) => void>> = {
  whole: (client, bytes) => {
    void client.send(bytes);
  },
  'byte by byte': (client, bytes) => {
    for (const byte of bytes) void client.send(Uint8Array.of(byte));
  },
  'with bytes behind': (client, bytes) => {
    void client.send(
      Buffer.concat([bytes, Buffer.from('GET http://smuggled.example/ HTTP/1.1\r\nHost: a\r\n\r\n')]),
    );
  },
};

const host = 'Host: a.example\r\n';
const chunked = 'Transfer-Encoding: chunked\r\n';
const get = 'GET http://a.example/ HTTP/1.1\r\n';
const post = 'POST http://a.example/ HTTP/1.1\r\n';
const connectTo = (target: string): string => `CONNECT ${target} HTTP/1.1\r\n${host}\r\n`;

const bad: readonly (readonly [what: string, status: number, words: string])[] = [
  ['two Content-Lengths', 400, `${post}${host}Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody`],
  ['the same Content-Length twice', 400, `${post}${host}Content-Length: 4\r\nContent-Length: 4\r\n\r\nbody`],
  ['a list of Content-Lengths', 400, `${post}${host}Content-Length: 4, 4\r\n\r\nbody`],
  ['a signed Content-Length', 400, `${post}${host}Content-Length: +4\r\n\r\nbody`],
  ['an endless Content-Length', 400, `${post}${host}Content-Length: ${'9'.repeat(30)}\r\n\r\nbody`],
  ['a length and chunks', 400, `${post}${host}Content-Length: 4\r\n${chunked}\r\n0\r\n\r\n`],
  ['chunks and a length', 400, `${post}${host}${chunked}Content-Length: 4\r\n\r\n0\r\n\r\n`],
  ['chunked twice', 400, `${post}${host}${chunked}${chunked}\r\n0\r\n\r\n`],
  ['a coding behind chunked', 400, `${post}${host}Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n`],
  ['a coding before chunked', 501, `${post}${host}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
  ['another coding', 400, `${post}${host}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`],
  ['chunks in HTTP/1.0', 400, `POST http://a.example/ HTTP/1.0\r\n${host}${chunked}\r\n0\r\n\r\n`],
  ['space before the colon', 400, `${get}Host : a.example\r\n\r\n`],
  ['a folded line', 400, `${get}${host}X-A: b\r\n c\r\n\r\n`],
  ['a line feed alone', 400, `GET http://a.example/ HTTP/1.1\n${host}\r\n`],
  ['line feeds alone', 400, 'GET http://a.example/ HTTP/1.1\nHost: a.example\n\n'],
  ['a carriage return alone', 400, `${get}X-A: b\rc\r\n${host}\r\n`],
  ['a NUL in a header', 400, `${get}${host}X-A: b\0c\r\n\r\n`],
  ['a NUL in the target', 400, `GET http://a.ex\0ample/ HTTP/1.1\r\n${host}\r\n`],
  ['a header without a name', 400, `${get}${host}: b\r\n\r\n`],
  ['a header that is no header', 400, `${get}${host}X-A\r\n\r\n`],
  ['no Host', 400, `${get}\r\n`],
  ['two Hosts', 400, `${get}${host}${host}\r\n`],
  ['a user in the target', 400, `GET http://user:password@a.example/ HTTP/1.1\r\n${host}\r\n`],
  ['a scheme that needs a tunnel', 400, `GET https://a.example/ HTTP/1.1\r\n${host}\r\n`],
  ['another scheme', 400, `GET ftp://a.example/ HTTP/1.1\r\n${host}\r\n`],
  ['a target without a host', 400, `GET http:///a HTTP/1.1\r\n${host}\r\n`],
  ['a name that is a number', 400, `GET http://2130706433/ HTTP/1.1\r\n${host}\r\n`],
  ['a name that reads as an address', 400, `GET http://127.1/ HTTP/1.1\r\n${host}\r\n`],
  ['a fragment', 400, `GET http://a.example/#b HTTP/1.1\r\n${host}\r\n`],
  ['a lower-case method', 400, `gET http://a.example/ HTTP/1.1\r\n${host}\r\n`],
  ['a method that is none', 400, `GOT http://a.example/ HTTP/1.1\r\n${host}\r\n`],
  ['another version', 400, `GET http://a.example/ HTTP/1.2\r\n${host}\r\n`],
  ['a version of its own', 505, `GET http://a.example/ HTTP/2.0\r\n${host}\r\n`],
  ['no version', 505, 'GET http://a.example/\r\n\r\n'],
  ['the preface of HTTP/2', 400, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['TRACE', 405, `TRACE http://a.example/ HTTP/1.1\r\n${host}\r\n`],
  ['the options of the proxy', 405, `OPTIONS * HTTP/1.1\r\n${host}\r\n`],
  ['a page of the port that is none', 404, `GET /index.html HTTP/1.1\r\n${host}\r\n`],
  ['another method for such a page', 404, `POST / HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`],
  ['a head that is too long', 431, `${get}${host}X-A: ${'b'.repeat(16 * 1024)}\r\n\r\n`],
  ['a target that is too long', 431, `GET http://a.example/${'b'.repeat(16 * 1024)} HTTP/1.1\r\n${host}\r\n`],
  ['too many headers', 431, `${get}${host}${'A: b\r\n'.repeat(100)}\r\n`],
  ['a tunnel without a Host', 400, 'CONNECT a.example:443 HTTP/1.1\r\n\r\n'],
  ['a tunnel without a port', 400, connectTo('a.example')],
  ['a tunnel to port 0', 400, connectTo('a.example:0')],
  ['a tunnel to a port beyond all', 400, connectTo('a.example:65536')],
  ['a tunnel to a port in hexadecimal', 400, connectTo('a.example:0x50')],
  ['a tunnel to a port with a sign', 400, connectTo('a.example:+80')],
  ['a tunnel with a user', 400, connectTo('user@a.example:443')],
  ['a tunnel with a scheme', 400, connectTo('http://a.example:443')],
  ['a tunnel with a path', 400, connectTo('a.example:443/')],
  ['a tunnel to a page', 400, connectTo('/x')],
  ['a tunnel to nowhere', 400, connectTo(':443')],
  ['a tunnel with a length', 400, `CONNECT a.example:443 HTTP/1.1\r\n${host}Content-Length: 0\r\n\r\n`],
  ['a tunnel with chunks', 400, `CONNECT a.example:443 HTTP/1.1\r\n${host}${chunked}\r\n`],
];

function targetsOf({ events }: HttpDoor): unknown[] {
  return events.filter(({ event }) => event === 'granted' || event === 'refused');
}

describe.each(Object.keys(feedings))('%s', (feeding) => {
  it.each(bad)('%s is answered %i, once, and nothing behind it is served', async (_, status, words) => {
    const door = await httpDoor();
    const client = await connect(door.port);
    feedings[feeding]?.(client, Buffer.from(words, 'latin1'));
    const answer = await readAnswer(client);
    expect([answer.status, answer.header('Connection')]).toEqual([status, 'close']);
    expect([(await client.rest()).toString(), client.ending]).toEqual(['', 'fin']);
    expect(answer.body).not.toMatch(/example|password|2130706433/);
    await settle();
    expect(targetsOf(door)).toEqual([]);
  });
});

describe('what makes no sense', () => {
  it('is answered in turn, behind what did', async () => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(`GET ${target.url}/ HTTP/1.1\r\n${host}\r\nnonsense\r\n\r\n`);
    expect((await readAnswer(client)).body).toBe('page');
    expect([(await readAnswer(client)).status, await client.ended()]).toEqual([400, 'fin']);
    expect(door.events.at(-1)).toMatchObject({ event: 'closed', error: 'protocol' });
  });

  it('is no end of a client that has more to say: its answer arrives', async () => {
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(`${get}\r\n`);
    void client.pour(8 * 1024 * 1024);
    expect((await readAnswer(client)).status).toBe(400);
    client.reset();
  });

  it('is half a head, too', async () => {
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(get);
    client.end();
    expect([(await readAnswer(client)).status, await client.ended()]).toEqual([400, 'fin']);
  });
});

describe('a flood of requests on one connection', () => {
  it('is served as far as it may wait, and then has to come again', async () => {
    let served = 0;
    const target = await httpTarget((_, answer) => answer.end(String((served += 1))));
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(`GET ${target.url}/ HTTP/1.1\r\n${host}\r\n`.repeat(2000));
    const all = (await client.rest()).toString();
    expect(client.ending).toBe('fin');
    expect(served).toBeGreaterThanOrEqual(100);
    expect(served).toBeLessThan(250);
    expect(all.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(served);
  });
});
