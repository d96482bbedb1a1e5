import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { httpTarget, readAnswer, readHead } from '../support/http.js';
import { connect } from '../support/peer.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { startTunnel, type Tunnel } from '../support/tunnel.js';

const MiB = 1024 * 1024;

const people = { credentials: [{ user: 'anna', password: 'right' }] };

/** The ways in which a client's HTTP may reach the half that answers it. */
const wirings: readonly (readonly [
  answering: 'local' | 'remote',
  how: string,
  Parameters<typeof startTunnel>[0],
])[] = [
  ['remote', 'over the raw wire', {}],
  ['local', 'over the standard wire', { local: { wire: 'shadowsocks' } }],
  ['local', 'which asks for credentials', { local: people }],
  ['remote', 'which asks for credentials', { remote: people }],
];

const authorization = `Basic ${Buffer.from('anna:right').toString('base64')}`;
const credentials = `Proxy-Authorization: ${authorization}\r\n`;

interface Told {
  readonly status: number;
  readonly body: Buffer;
}

/** Asks as a program does that uses an HTTP library with a proxy. */
async function fetched(
  { local }: Tunnel,
  url: string,
  options: Pick<http.RequestOptions, 'method' | 'agent'> & {
    readonly body?: Buffer;
    readonly headers?: Readonly<Record<string, string>>;
  } = {},
): Promise<Told> {
  const { body, ...others } = options;
  const request = http.request({
    host: '127.0.0.1',
    port: local.port,
    path: url,
    ...others,
    headers: { Host: new URL(url).host, 'Proxy-Authorization': authorization, ...others.headers },
  });
  request.end(body);
  const [answer] = (await once(request, 'response')) as [http.IncomingMessage];
  const pieces: Buffer[] = [];
  for await (const piece of answer) pieces.push(piece as Buffer);
  return { status: answer.statusCode ?? 0, body: Buffer.concat(pieces) };
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

describe.each(wirings)('HTTP, answered by the %s, %s', (answering, _, wiring) => {
  it('brings requests to different targets over one connection, and their answers back', async () => {
    const tunnel = await startTunnel(wiring);
    const one = await httpTarget(({ url }, answer) => answer.end(`one ${url ?? ''}`));
    const other = await httpTarget(({ method }, answer) => answer.end(`other ${method ?? ''}`));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => {
      agent.destroy();
    });
    const told: Told[] = [];
    for (const url of [`${one.url}/a?b`, `${other.url}/`, `${one.url}/c`]) {
      told.push(await fetched(tunnel, url, { agent }));
    }
    expect(told.map(({ body }) => body.toString())).toEqual(['one /a?b', 'other GET', 'one /c']);
    expect([one.accepted, other.accepted]).toEqual([1, 1]);
    expect(tunnel.local.seen('opened')).toHaveLength(1);
    expect(JSON.stringify(one.asked.map(({ rawHeaders }) => rawHeaders))).not.toMatch(/proxy|via|forwarded/i);
  });

  it('carries 5 MiB up and down as they were', async () => {
    const tunnel = await startTunnel(wiring);
    const target = await httpTarget((asked, answer) => {
      asked.pipe(answer);
    });
    const body = randomBytes(5 * MiB);
    const answers = await Promise.all([
      fetched(tunnel, target.url, { method: 'POST', body, agent: false }),
      fetched(tunnel, target.url, { method: 'PUT', body, headers: { 'Transfer-Encoding': 'chunked' } }),
    ]);
    expect(answers.map((answer) => digest(answer.body))).toEqual([digest(body), digest(body)]);
  });

  it('opens a tunnel, early bytes and all', async () => {
    const { local } = await startTunnel(wiring);
    const echo = await startEcho();
    const client = await connect(local.port);
    void client.send(`CONNECT 127.0.0.1:${echo.port} HTTP/1.1\r\nHost: any\r\n${credentials}\r\nearly `);
    expect(await readHead(client)).toBe('HTTP/1.1 200 Connection established');
    const sent = await client.pour(MiB);
    client.end();
    expect((await client.read(6)).toString()).toBe('early ');
    expect(await client.digest()).toEqual(sent);
    expect(client.ending).toBe('fin');
  });

  it('answers pipelined requests in turn, a dead target among them', async () => {
    const { local } = await startTunnel(wiring);
    const target = await httpTarget(({ url }, answer) => answer.end(url));
    const client = await connect(local.port);
    const urls = [`${target.url}/1`, `http://127.0.0.1:${await deadPort()}/`, `${target.url}/2`];
    void client.send(urls.map((url) => `GET ${url} HTTP/1.1\r\nHost: any\r\n${credentials}\r\n`).join(''));
    const [first, dead, second] = [
      await readAnswer(client),
      await readAnswer(client),
      await readAnswer(client),
    ];
    expect([first.body, dead.status, second.body]).toEqual(['/1', 502, '/2']);
    client.end();
    expect(await client.ended()).toBe('fin');
  });

  it('lets a WebSocket through', async () => {
    const { local } = await startTunnel(wiring);
    const target = await httpTarget((_, answer) => answer.writeHead(404).end());
    target.server.on('upgrade', (_, socket, head) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      socket.write(head);
      socket.pipe(socket);
    });
    const client = await connect(local.port);
    void client.send(
      `GET ${target.url}/ HTTP/1.1\r\nHost: any\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${credentials}\r\n`,
    );
    expect(await readHead(client)).toMatch(/^HTTP\/1\.1 101 [^]*Upgrade: websocket$/);
    const sent = await client.pour(MiB);
    client.end();
    expect(await client.digest()).toEqual(sent);
  });

  it('cuts off what its target cuts off', async () => {
    const { local } = await startTunnel(wiring);
    const target = await startTarget();
    const client = await connect(local.port);
    void client.send(`GET http://127.0.0.1:${target.port}/ HTTP/1.0\r\n${credentials}\r\n`);
    const there = await target.next();
    void there.send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf');
    await readHead(client);
    expect((await client.read(4)).toString()).toBe('half');
    there.end();
    expect(await client.ended()).toBe('reset');
  });

  it('leaves the target of a client that leaves', async () => {
    const { local } = await startTunnel(wiring);
    const target = await startTarget();
    const client = await connect(local.port);
    void client.send(`GET http://127.0.0.1:${target.port}/ HTTP/1.1\r\nHost: any\r\n${credentials}\r\n`);
    const there = await target.next();
    await readHead(there);
    client.reset();
    expect(await there.ended()).toBe('reset');
  });

  it.each(['local', 'remote'] as const)('ends between two requests when the %s stops', async (half) => {
    const tunnel = await startTunnel(wiring);
    const target = await httpTarget((_, answer) =>
      answer.writeHead(200, { Connection: 'close' }).end('page'),
    );
    const client = await connect(tunnel.local.port);
    void client.send(`GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n${credentials}\r\n`);
    expect((await readAnswer(client)).body).toBe('page');
    const stopping = tunnel[half].service.stop(1000);
    // Whose conversation it is not has nothing to end: it waits for the other, or for the client.
    if (half === answering) expect(await client.ended()).toBe('fin');
    client.end();
    await stopping;
  });
});

describe('a client without credentials', () => {
  it.each(['local', 'remote'] as const)('is asked for them by the %s that wants some', async (who) => {
    const { local, [who]: half } = await startTunnel({
      [who]: { credentials: [{ user: 'a', password: 'b' }] },
    });
    for (const line of ['GET http://a.example/ HTTP/1.1', 'CONNECT a.example:443 HTTP/1.1']) {
      const client = await connect(local.port);
      void client.send(`${line}\r\nHost: a.example\r\n\r\n`);
      const { status, header } = await readAnswer(client);
      expect([status, header('Proxy-Authenticate')]).toEqual([407, expect.stringMatching(/^Basic realm=/)]);
    }
    expect(half.seen('granted')).toEqual([]);
  });
});

describe('a page of the local itself', () => {
  it('is served at once, whatever the wire', async () => {
    for (const wire of ['raw', 'shadowsocks'] as const) {
      const { local, remote } = await startTunnel({ local: { wire } });
      const client = await connect(local.port);
      void client.send(`GET /proxy.pac HTTP/1.1\r\nHost: 127.0.0.1:${local.port}\r\n\r\n`);
      const { status, body } = await readAnswer(client);
      expect([status, body.includes(`SOCKS5 127.0.0.1:${local.port}`)]).toEqual([200, true]);
      expect(remote.seen('opened')).toEqual([]);
    }
  });
});
