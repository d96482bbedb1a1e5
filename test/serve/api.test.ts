import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { startApi } from '../../shared/serve/api/api.js';
import { apiToken, askApi, runningApi, tellApi } from '../support/api.js';
import { memoryUsage, memoryUsers } from '../support/memory-users.js';
import { connect } from '../support/peer.js';

const stern = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'",
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
const eve = { username: 'eve', uPSK: 'key-of-eve' };

describe('the management API over HTTP', () => {
  it('lets users come, change and go, on one connection and on many', async () => {
    const { port, users } = await runningApi();
    expect(await askApi(port, 'GET /')).toMatchObject({ status: 200, json: { apiVersion: 'v1' } });
    expect(await askApi(port, 'POST /users', { json: eve })).toMatchObject({ status: 201, json: eve });
    const changed = await askApi(port, 'PATCH /users/eve', { json: { uPSK: 'another' } });
    expect(changed).toMatchObject({ status: 204, json: undefined });
    expect(await users.list()).toContainEqual({ name: 'eve', secret: 'another' });
    expect(await askApi(port, 'DELETE /users/eve')).toMatchObject({ status: 204 });
    expect(await askApi(port, 'GET /users/eve')).toMatchObject({ status: 404 });
    expect(await askApi(port, 'GET /stats')).toMatchObject({
      status: 200,
      json: { users: [{ username: 'ann' }] },
    });
  });

  it('tells the log who came, got another key and went, by name, and no key', async () => {
    const { port, events } = await runningApi();
    await askApi(port, 'POST /users', { json: eve });
    await askApi(port, 'POST /users', { json: eve });
    await askApi(port, 'PATCH /users/eve', { json: { uPSK: 'another' } });
    await askApi(port, 'PATCH /users/mal', { json: { uPSK: 'a-third' } });
    await askApi(port, 'DELETE /users/eve');
    await askApi(port, 'DELETE /users/eve');
    expect(events).toEqual([
      { event: 'user-changed', user: 'eve', change: 'added' },
      { event: 'user-changed', user: 'eve', change: 'key replaced' },
      { event: 'user-changed', user: 'eve', change: 'removed' },
    ]);
  });

  it('answers one request after another', async () => {
    const { port } = await runningApi();
    const head = ['Host: 127.0.0.1:' + String(port), `Authorization: Bearer ${apiToken}`];
    const both = ['GET / HTTP/1.1', ...head, '', 'GET /users HTTP/1.1', ...head, 'Connection: close'];
    expect((await tellApi(port, both)).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
  });

  it('does what is asked at once in the order in which it is asked', async () => {
    const { port, users } = await runningApi();
    const head = ['Host: 127.0.0.1:' + String(port), `Authorization: Bearer ${apiToken}`];
    const body = JSON.stringify(eve);
    const post = ['POST /users HTTP/1.1', ...head, 'Content-Type: application/json'];
    const lines = [
      ...[...post, `Content-Length: ${body.length}`, '', `${body}DELETE /users/ann HTTP/1.1`, ...head],
      ...['', 'DELETE /users/eve HTTP/1.1', ...head, '', 'GET /users HTTP/1.1', ...head, 'Connection: close'],
    ];
    const answers = (await tellApi(port, lines)).match(/HTTP\/1\.1 \d+|\{"users".*/g);
    expect(answers).toEqual(['HTTP/1.1 201', 'HTTP/1.1 204', 'HTTP/1.1 204', 'HTTP/1.1 200', '{"users":[]}']);
    expect(await users.list()).toEqual([]);
  });

  it.each([
    ['GET /', {}],
    ['GET /none', {}],
    ['PUT /users', {}],
    ['DELETE /users/ann', {}],
    ['GET /', { authorization: 'Bearer no' }],
    ['GET /', { host: 'evil.example' }],
    ['GET /', { origin: 'http://evil.example' }],
    ['POST /users', { 'content-type': 'text/plain' }],
    ['OPTIONS /users', { origin: 'null', 'access-control-request-method': 'POST' }],
  ])('wears the same headers in whatever it answers: %s %j', async (line, headers) => {
    const { port } = await runningApi();
    const answer = await askApi(port, line, { headers });
    expect(answer.headers).toMatchObject(stern);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('asks for the token', async () => {
    const { port } = await runningApi();
    const answer = await askApi(port, 'GET /users', {
      headers: { authorization: 'Bearer another-token-0123' },
    });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="halflight"');
    expect(JSON.stringify(answer.json)).not.toContain('key-of-ann');
  });

  it('says nothing of an error of its own but that there was one', async () => {
    const users = { ...memoryUsers(), list: () => Promise.reject(new Error('EACCES: /etc/users')) };
    const { port, events } = await runningApi({ users });
    const answer = await askApi(port, 'GET /users');
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.json)).not.toContain('/etc/users');
    expect(events).toEqual([
      { event: 'warning', detail: 'api: expected to do as asked, got EACCES: /etc/users' },
    ]);
  });

  it('does not listen where somebody else does, and says so', async () => {
    const { port } = await runningApi();
    const listen = { host: '127.0.0.1', port };
    const managed = { users: memoryUsers(), usage: memoryUsage() };
    const again = startApi(managed, { listen, token: apiToken, observer: () => undefined });
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('stops at once with nobody there, and lets go of those who linger', async () => {
    const { service, port } = await runningApi();
    const lingering = await connect(port);
    void lingering.send('GET / HTTP/1.1\r\n');
    await vi.waitFor(() => {
      expect(lingering.socket.bytesWritten).toBeGreaterThan(0);
    });
    const slow = service.stop(60_000);
    await service.stop(0);
    await slow;
    await lingering.ended();
    await expect(connect(port)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('the management API withstands', () => {
  const host = (port: number): string => `Host: 127.0.0.1:${port}`;
  const bearer = `Authorization: Bearer ${apiToken}`;

  it.each([
    ['no Host', ['GET /users HTTP/1.1', bearer], 400],
    ['no Host, before HTTP/1.1', ['GET /users HTTP/1.0', bearer], 400],
    ['two Hosts', ['GET /users HTTP/1.1', 'HOST', 'Host: evil.example', bearer], 400],
    ['two equal Hosts', ['GET /users HTTP/1.1', 'HOST', 'HOST', bearer], 400],
    ['another Host', ['GET /users HTTP/1.1', 'Host: evil.example', bearer], 421],
    ['a target of somebody else', ['GET http://evil.example/users HTTP/1.1', 'HOST', bearer], 400],
    ['two tokens', ['GET /users HTTP/1.1', 'HOST', bearer, bearer], 401],
    ['CONNECT', ['CONNECT 127.0.0.1:80 HTTP/1.1', 'HOST', bearer], 405],
    [
      'an upgrade without the token',
      ['GET /users HTTP/1.1', 'HOST', 'Upgrade: websocket', 'Connection: upgrade'],
      401,
    ],
    ['an expectation', ['POST /users HTTP/1.1', 'HOST', bearer, 'Expect: wonders', 'Content-Length: 0'], 417],
    ['a bare line feed', ['GET /users HTTP/1.1\nHost: evil.example', 'HOST', bearer], 400],
    ['a folded header', ['GET /users HTTP/1.1', 'HOST', 'X: 1', ' 2', bearer], 400],
    ['two lengths', ['POST /users HTTP/1.1', 'HOST', bearer, 'Content-Length: 2', 'Content-Length: 3'], 400],
    [
      'a length and chunks',
      ['POST /users HTTP/1.1', 'HOST', bearer, 'Content-Length: 2', 'Transfer-Encoding: chunked'],
      400,
    ],
    ['a head without end', ['GET /users HTTP/1.1', 'HOST', `X: ${'x'.repeat(9000)}`], 431],
    ['something else', ['\x16\x03\x01\x02\x00\x01\x00'], 400],
    ['the greeting of a browser that was fooled', ['PRI * HTTP/2.0', '', 'SM'], 400],
  ])('%s', async (_, lines, status) => {
    const { port } = await runningApi();
    const told = lines.map((line) => (line === 'HOST' ? host(port) : line));
    const answer = await tellApi(port, [...told, 'Connection: close']);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    for (const [name, value] of Object.entries(stern))
      expect(answer.toLowerCase()).toContain(`${name}: ${value}`.toLowerCase());
    expect(answer).toMatch(/\{"error":".+"\}$/);
    expect(answer).not.toContain('key-of-ann');
  });

  it.each(['Content-Length: 70000', 'Transfer-Encoding: chunked'])(
    'a body that is too long, %s',
    async (length) => {
      const { port, users } = await runningApi();
      const text = JSON.stringify({ ...eve, more: 'x'.repeat(70_000) }).slice(0, 70_000);
      const body = length.startsWith('T') ? `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n` : text;
      const head = [
        'POST /users HTTP/1.1',
        host(port),
        bearer,
        'Content-Type: application/json',
        'Connection: close',
      ];
      expect(await tellApi(port, [...head, length], body)).toMatch(/^HTTP\/1\.1 413 /);
      expect(await users.list()).toHaveLength(1);
    },
  );

  it('a body of a megabyte behind a wrong token, which is not kept, and the answer arrives', async () => {
    const { port } = await runningApi();
    const head = ['POST /users HTTP/1.1', host(port), 'Content-Length: 1000000', 'Connection: close'];
    expect(await tellApi(port, head, 'x'.repeat(1_000_000))).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('somebody who goes away in the middle of a body', async () => {
    const { port, users, events } = await runningApi();
    const peer = await connect(port);
    const head = [
      'POST /users HTTP/1.1',
      host(port),
      bearer,
      'Content-Type: application/json',
      'Content-Length: 90',
    ];
    await peer.send(`${head.join('\r\n')}\r\n\r\n{"username":"eve",`);
    peer.reset();
    expect(await askApi(port, 'GET /')).toMatchObject({ status: 200 });
    expect(await users.list()).toHaveLength(1);
    expect(events).toEqual([]);
  });

  it('a second Host and an Origin behind more headers than Node counts', async () => {
    const { port } = await runningApi();
    const many = Array.from({ length: 1995 }, () => 'a:');
    const head = ['GET /users HTTP/1.1', host(port), bearer, ...many];
    expect(await tellApi(port, [...head, host(port), 'Connection: close'])).toMatch(/^HTTP\/1\.1 400 /);
    expect(await tellApi(port, [...head, 'Origin: null', 'Connection: close'])).toMatch(/^HTTP\/1\.1 403 /);
  });

  it('strangers who are refused and never end: their places are given back, and it can stop', async () => {
    const { port, service } = await runningApi();
    const strangers = await Promise.all(
      Array.from({ length: 64 }, async () => {
        const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        onTestFinished(() => {
          socket.destroy();
        });
        socket.on('error', () => undefined);
        socket.resume();
        socket.write('CONNECT x:1 HTTP/1.1\r\n\r\n');
        await once(socket, 'end');
        return socket;
      }),
    );
    await vi.waitFor(
      async () => {
        expect(await askApi(port, 'GET /')).toMatchObject({ status: 200 });
      },
      { timeout: 4_000 },
    );
    expect(strangers.every((socket) => socket.writable)).toBe(true);
    const late = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    onTestFinished(() => {
      late.destroy();
    });
    late.resume();
    late.write('CONNECT x:1 HTTP/1.1\r\n\r\n');
    await once(late, 'end');
    await service.stop(60_000);
  });

  it('more connections than it takes: the first of them are served', async () => {
    const { port } = await runningApi();
    const peers = await Promise.all(Array.from({ length: 64 }, () => connect(port)));
    const late = net.connect(port, '127.0.0.1');
    const turnedAway = await new Promise((resolve) => {
      late.on('error', () => undefined);
      late.once('close', () => {
        resolve(true);
      });
    });
    expect(turnedAway).toBe(true);
    void peers[63]?.send(`GET / HTTP/1.1\r\n${host(port)}\r\n${bearer}\r\nConnection: close\r\n\r\n`);
    expect((await peers[63]?.rest())?.toString()).toMatch(/^HTTP\/1\.1 200 /);
  });
});
