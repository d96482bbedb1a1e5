import { describe, expect, it } from 'vitest';
import type { Connected } from '../../shared/outbound/outbound.js';
import { httpTarget, readAnswer, readHead } from '../support/http.js';
import { httpDoor } from '../support/http-door.js';
import { connect } from '../support/peer.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';

describe('CONNECT', () => {
  it('opens a tunnel, and what came behind the head goes first', async () => {
    const [door, target] = await Promise.all([httpDoor(), startTarget()]);
    const client = await connect(door.port);
    void client.send(`CONNECT 127.0.0.1:${target.port} HTTP/1.1\r\nHost: any\r\n\r\nearly `);
    expect(await readHead(client)).toBe('HTTP/1.1 200 Connection established');
    void client.send('GET / HTTP/1.1\r\n\r\n');
    const there = await target.next();
    expect((await there.read(24)).toString()).toBe('early GET / HTTP/1.1\r\n\r\n');
    client.end();
    void there.send('answer');
    there.end();
    expect([await there.ended(), (await client.rest()).toString(), client.ending]).toEqual([
      'fin',
      'answer',
      'fin',
    ]);
  });

  it('is served in HTTP/1.0 without a Host, too', async () => {
    const [door, echo] = await Promise.all([httpDoor(), startEcho()]);
    const client = await connect(door.port);
    void client.send(`CONNECT 127.0.0.1:${echo.port} HTTP/1.0\r\n\r\n`);
    expect(await readHead(client)).toBe('HTTP/1.1 200 Connection established');
  });

  it('may come behind other requests on one connection, even in one piece with them', async () => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const [door, echo] = await Promise.all([httpDoor(), startEcho()]);
    const client = await connect(door.port);
    void client.send(
      `GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n\r\n`.repeat(2) +
        `CONNECT 127.0.0.1:${echo.port} HTTP/1.1\r\nHost: any\r\n\r\nechoed`,
    );
    expect((await readAnswer(client)).body).toBe('page');
    expect((await readAnswer(client)).body).toBe('page');
    expect(await readHead(client)).toBe('HTTP/1.1 200 Connection established');
    expect((await client.read(6)).toString()).toBe('echoed');
    client.end();
    expect(await client.ended()).toBe('fin');
  });

  it('is refused with a whole answer, and the connection ends', async () => {
    const door = await httpDoor();
    const client = await connect(door.port);
    const port = await deadPort();
    void client.send(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: any\r\n\r\n`);
    const { status, header, body } = await readAnswer(client);
    expect([status, header('Proxy-Status'), header('Connection')]).toEqual([
      502,
      'halflight; error=connection_refused',
      'close',
    ]);
    expect(body).toContain(`127.0.0.1:${port} could not be reached: connection refused.`);
    expect([(await client.rest()).length, client.ending]).toEqual([0, 'fin']);
  });
});

describe('a request in absolute form', () => {
  it('arrives as it was sent, without what belongs to the hop', async () => {
    const target = await httpTarget((_, answer) => answer.end());
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(
      Buffer.from(
        [
          `GET ${target.url}/a/../b//%2e?c=%zz&d HTTP/1.1`,
          'X-Before: 1',
          'hOST: else.example:1',
          'Cookie: caf\u00c3\u00a9=1',
          'COOKIE: two',
          'Connection: keep-alive, x-hop',
          'X-Hop: secret',
          'Proxy-Connection: keep-alive',
          'Proxy-Authorization: Basic c2VjcmV0',
          'Keep-Alive: 300',
          'TE: trailers',
          'Authorization: Basic eA==',
          '',
          '',
        ].join('\r\n'),
        'latin1',
      ),
    );
    expect((await readAnswer(client)).status).toBe(200);
    const [asked] = target.asked;
    expect([asked?.method, asked?.url]).toEqual(['GET', '/a/../b//%2e?c=%zz&d']);
    expect(asked?.rawHeaders.slice(0, -2)).toEqual([
      ...['X-Before', '1', 'hOST', `127.0.0.1:${target.port}`, 'Cookie', 'caf\u00c3\u00a9=1'],
      ...['COOKIE', 'two', 'Authorization', 'Basic eA=='],
    ]);
    expect(asked?.rawHeaders.slice(-2)).toEqual(['Connection', 'keep-alive']);
  });

  it('gets the answer as it was given, without what belongs to the hop', async () => {
    const [door, target] = await Promise.all([httpDoor(), startTarget()]);
    const client = await connect(door.port);
    void client.send(`GET http://127.0.0.1:${target.port}/ HTTP/1.1\r\nHost: any\r\n\r\n`);
    const there = await target.next();
    const sent = [
      'Content-Length: 4',
      'set-COOKIE: a=\u00e9',
      'Set-Cookie: b',
      'content-disposition: attachment; filename="caf\u00c3\u00a9"',
      'Via: 1.1 else.example',
    ];
    const hop = [
      'Connection: X-Hop',
      'X-Hop: 1',
      'Keep-Alive: timeout=5',
      'Proxy-Authenticate: Basic realm="x"',
    ];
    void there.send(
      Buffer.from(`HTTP/1.1 299 Quite \u00e9\r\n${[...sent, ...hop].join('\r\n')}\r\n\r\nbody`, 'latin1'),
    );
    const { status, lines, body } = await readAnswer(client);
    expect([status, body]).toEqual([299, 'body']);
    expect([...lines].sort()).toEqual([...sent, 'Connection: keep-alive'].sort());
    expect(lines.filter((line) => /^set/i.test(line))).toEqual(sent.slice(1, 3));
  });

  it('gets all headers of the answer, however many there are', async () => {
    const [door, target] = await Promise.all([httpDoor(), startTarget()]);
    const client = await connect(door.port);
    void client.send(`GET http://127.0.0.1:${target.port}/ HTTP/1.1\r\nHost: any\r\n\r\n`);
    const there = await target.next();
    void there.send(`HTTP/1.1 204 No Content\r\n${'A: b\r\n'.repeat(2500)}\r\n`);
    expect((await readAnswer(client)).lines.filter((line) => line === 'A: b')).toHaveLength(2500);
  });

  it('keeps the connection for the next one, to whatever target', async () => {
    const one = await httpTarget((_, answer) => answer.end('one'));
    const other = await httpTarget((_, answer) => answer.end('other'));
    const door = await httpDoor();
    const client = await connect(door.port);
    const bodies: string[] = [];
    for (const { url } of [one, other, one, other, one]) {
      void client.send(`GET ${url}/ HTTP/1.1\r\nHost: any\r\n\r\n`);
      bodies.push((await readAnswer(client)).body);
    }
    expect(bodies).toEqual(['one', 'other', 'one', 'other', 'one']);
    expect([one.accepted, other.accepted]).toEqual([1, 1]);
  });

  it('is answered in turn when others came before it, whoever is slow', async () => {
    const slow = await startTarget();
    const quick = await httpTarget(({ url }, answer) => answer.end(url));
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(
      [
        `http://127.0.0.1:${slow.port}/`,
        `${quick.url}/1`,
        `http://127.0.0.1:${await deadPort()}/`,
        `${quick.url}/2`,
      ]
        .map((url) => `GET ${url} HTTP/1.1\r\nHost: any\r\n\r\n`)
        .join(''),
    );
    const there = await slow.next();
    expect((await readHead(there)).split('\r\n')[0]).toBe('GET / HTTP/1.1');
    expect([client.waiting, quick.accepted]).toEqual([0, 0]);
    void there.send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow');
    const answers = [];
    for (let at = 0; at < 4; at++) answers.push(await readAnswer(client));
    expect(answers.map(({ status, body }) => (status === 200 ? body : status))).toEqual([
      'slow',
      '/1',
      502,
      '/2',
    ]);
  });

  it('ends the connection when the client says so, or speaks HTTP/1.0', async () => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const door = await httpDoor();
    for (const [version, more] of [
      ['1.1', 'Connection: close\r\n'],
      ['1.0', ''],
    ] as const) {
      const client = await connect(door.port);
      void client.send(`GET ${target.url}/ HTTP/${version}\r\nHost: any\r\n${more}\r\n`);
      const answer = await readAnswer(client);
      expect([answer.body, answer.header('Connection'), await client.ended()]).toEqual([
        'page',
        'close',
        'fin',
      ]);
    }
  });

  it('is answered when the client has ended its direction', async () => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(`GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n\r\n`.repeat(2));
    client.end();
    expect((await readAnswer(client)).body).toBe('page');
    expect((await readAnswer(client)).body).toBe('page');
    expect(await client.ended()).toBe('fin');
  });

  it('leaves the connection usable when its target cannot be reached', async () => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const door = await httpDoor();
    const client = await connect(door.port);
    const dead = `http://127.0.0.1:${await deadPort()}/`;
    void client.send(`POST ${dead} HTTP/1.1\r\nHost: any\r\nContent-Length: 4\r\n\r\nbody`);
    const { status, header, body } = await readAnswer(client);
    expect([status, header('Proxy-Status')]).toEqual([502, 'halflight; error=connection_refused']);
    expect(body).toContain('connection refused');
    void client.send(
      `HEAD ${dead} HTTP/1.1\r\nHost: any\r\n\r\nGET ${target.url}/ HTTP/1.1\r\nHost: any\r\n\r\n`,
    );
    expect((await readAnswer(client, 'HEAD')).status).toBe(502);
    expect((await readAnswer(client)).body).toBe('page');
  });

  it('gives up its target when the client leaves', async () => {
    const [door, target] = await Promise.all([httpDoor(), startTarget()]);
    const client = await connect(door.port);
    void client.send(`GET http://127.0.0.1:${target.port}/ HTTP/1.1\r\nHost: any\r\n\r\n`);
    const there = await target.next();
    await readHead(there);
    client.reset();
    expect(await there.ended()).toBe('reset');
  });

  it('gives up the dial of its target when the client leaves', async () => {
    const dialled: AbortSignal[] = [];
    const asked = new Promise<void>((resolve) => {
      dialled.push = (signal) => {
        resolve();
        return Array.prototype.push.call(dialled, signal);
      };
    });
    const door = await httpDoor({
      dial: (_, { signal }) => {
        dialled.push(signal);
        return new Promise<Connected>((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(signal.reason as Error);
          });
        });
      },
    });
    const client = await connect(door.port);
    void client.send('GET http://a.example/ HTTP/1.1\r\nHost: any\r\n\r\n');
    await asked;
    client.reset();
    const [signal] = dialled;
    await new Promise<void>((resolve) => {
      signal?.addEventListener('abort', () => {
        resolve();
      });
    });
    expect(door.events.filter(({ event }) => event === 'refused')).toEqual([]);
  });
});

describe('a service that stops', () => {
  it('ends a connection between two requests, and after the answer that is under way', async () => {
    const [door, target] = await Promise.all([httpDoor(), startTarget()]);
    const [idle, busy] = await Promise.all([connect(door.port), connect(door.port)]);
    const request = `GET http://127.0.0.1:${target.port}/ HTTP/1.1\r\nHost: any\r\n\r\n`;
    const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    void idle.send(request);
    void (await target.next()).send(answer);
    expect((await readAnswer(idle)).body).toBe('ok');
    void busy.send(request + request);
    const there = await target.next();
    await readHead(there);
    door.stop();
    expect([await idle.ended(), busy.ending]).toEqual(['fin', undefined]);
    void there.send(answer);
    expect([(await readAnswer(busy)).body, await busy.ended()]).toEqual(['ok', 'fin']);
  });
});
