import { describe, expect, it } from 'vitest';
import { credentialCheck } from '../../shared/serve/credentials.js';
import { httpTarget, readAnswer, readHead } from '../support/http.js';
import { httpDoor, type HttpDoor } from '../support/http-door.js';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';

const check = credentialCheck([
  { user: 'anna', password: 'right' },
  { user: 'b\u00f6b', password: 'p:w' },
]);
const challenge = 'Basic realm="halflight", charset="UTF-8"';

function closedDoor(deniedMs = 1): Promise<HttpDoor> {
  if (check === undefined) throw new Error('credentials: expected a check, got none');
  const page = { type: 'text/plain', body: 'own page' };
  return httpDoor({ check, deniedMs, own: (path) => (path === '/proxy.pac' ? page : undefined) });
}

function basic(user: string, password: string): string {
  return `Proxy-Authorization: Basic ${Buffer.from(`${user}:${password}`).toString('base64')}\r\n`;
}

describe('a request to a proxy that asks for credentials', () => {
  it.each([
    ['anna', 'right'],
    ['b\u00f6b', 'p:w'],
  ])('comes through with those of %s, which its target does not see', async (user, password) => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const door = await closedDoor();
    const client = await connect(door.port);
    const request = `GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n${basic(user, password)}\r\n`;
    void client.send(request + request);
    expect((await readAnswer(client)).body).toBe('page');
    expect((await readAnswer(client)).body).toBe('page');
    expect(JSON.stringify(target.asked.map(({ rawHeaders }) => rawHeaders))).not.toMatch(/authorization/i);
    expect(door.events.map(({ event }) => event)).not.toContain('denied');
  });

  it('is asked for them, and may come again on the same connection', async () => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const door = await closedDoor();
    const client = await connect(door.port);
    void client.send(`GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n\r\n`);
    const { status, header } = await readAnswer(client);
    expect([status, header('Proxy-Authenticate')]).toEqual([407, challenge]);
    void client.send(`GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n${basic('anna', 'right')}\r\n`);
    expect((await readAnswer(client)).body).toBe('page');
    void client.send(`GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n\r\n`);
    expect((await readAnswer(client)).status).toBe(407);
    expect(door.events.map(({ event }) => event)).not.toContain('denied');
  });

  it('is asked again when they are wrong, and that is told', async () => {
    const target = await httpTarget((_, answer) => answer.end('page'));
    const door = await closedDoor();
    const client = await connect(door.port);
    for (const wrong of [
      basic('anna', 'wrong'),
      basic('nobody', 'right'),
      'Proxy-Authorization: Bearer x\r\n',
      'Proxy-Authorization: Basic ?\r\n',
    ]) {
      void client.send(`GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n${wrong}\r\n`);
      const { status, header, body } = await readAnswer(client);
      expect([status, header('Proxy-Authenticate')]).toEqual([407, challenge]);
      expect(body).not.toMatch(/anna|wrong/);
    }
    expect(target.accepted).toBe(0);
    expect(door.events.filter(({ event }) => event === 'denied')).toHaveLength(4);
    expect(door.events[1]).toMatchObject({ event: 'denied', protocol: 'HTTP' });
  });

  it('is a 400 with two of them, even the same', async () => {
    const door = await closedDoor();
    const client = await connect(door.port);
    void client.send(
      `GET http://a.example/ HTTP/1.1\r\nHost: any\r\n${basic('anna', 'right').repeat(2)}\r\n`,
    );
    expect([(await readAnswer(client)).status, await client.ended()]).toEqual([400, 'fin']);
  });

  it('is answered in turn, whatever comes behind it while wrong ones are paused for', async () => {
    // Long enough for all of it to come meanwhile.
    const door = await closedDoor(300);
    const client = await connect(door.port);
    const request = 'POST http://a.example/ HTTP/1.1\r\nHost: any\r\n';
    const wrong = `${request}${basic('anna', 'wrong')}Content-Length: 0\r\n\r\n`;
    void client.send(`${wrong}${request}Content-Length: 0\r\n\r\n${request}Content-Length: 4\r\n\r\n`);
    client.end();
    const said = (await client.rest()).toString();
    expect(said.match(/^HTTP\/1.1 \d+/gm)).toEqual(['HTTP/1.1 407', 'HTTP/1.1 407', 'HTTP/1.1 400']);
    expect(client.ending).toBe('fin');
  });

  it('waits for nobody when the client leaves in the pause for wrong ones', async () => {
    const door = await closedDoor(3_600_000);
    const client = await connect(door.port);
    void client.send(`GET http://a.example/ HTTP/1.1\r\nHost: any\r\n${basic('anna', 'wrong')}\r\n`);
    while (!door.events.some(({ event }) => event === 'denied')) await new Promise(setImmediate);
    client.reset();
    while (!door.events.some(({ event }) => event === 'closed')) await new Promise(setImmediate);
  });
});

describe('a tunnel through a proxy that asks for credentials', () => {
  it('is opened with the right ones', async () => {
    const [door, echo] = await Promise.all([closedDoor(), startEcho()]);
    const client = await connect(door.port);
    void client.send(
      `CONNECT 127.0.0.1:${echo.port} HTTP/1.1\r\nHost: any\r\n${basic('anna', 'right')}\r\necho`,
    );
    await readHead(client);
    expect((await client.read(4)).toString()).toBe('echo');
  });

  it.each([
    ['none', '', 407, 0],
    ['wrong ones', basic('anna', 'wrong'), 407, 1],
    ['two of them', basic('anna', 'right').repeat(2), 400, 0],
  ])('is refused with %s, and the connection ends', async (_, header, status, denied) => {
    const door = await closedDoor();
    const client = await connect(door.port);
    void client.send(`CONNECT a.example:443 HTTP/1.1\r\nHost: any\r\n${header}\r\nearly`);
    const answer = await readAnswer(client);
    expect([answer.status, answer.header('Proxy-Authenticate')]).toEqual([
      status,
      status === 407 ? challenge : undefined,
    ]);
    expect([(await client.rest()).length, client.ending]).toEqual([0, 'fin']);
    expect(door.events.filter(({ event }) => event === 'denied')).toHaveLength(denied);
  });
});

describe('a page of the port itself', () => {
  it('is for everybody, for a browser shows no credentials for it', async () => {
    const door = await closedDoor();
    for (const method of ['GET', 'HEAD'] as const) {
      const client = await connect(door.port);
      void client.send(`${method} /proxy.pac HTTP/1.1\r\nHost: any\r\n\r\n`);
      const { status, header, body } = await readAnswer(client, method);
      expect([status, header('Content-Type'), header('Content-Length'), body]).toEqual([
        200,
        'text/plain',
        '8',
        method === 'GET' ? 'own page' : '',
      ]);
      // What comes next may be for another half than this one.
      expect(header('Connection')).toBe('close');
    }
    const client = await connect(door.port);
    void client.send('GET /proxy.pac?x HTTP/1.1\r\nHost: any\r\n\r\n');
    expect((await readAnswer(client)).status).toBe(404);
  });

  it('is made for the host that it was asked of', async () => {
    const door = await httpDoor({ own: (_, host) => ({ type: 'text/plain', body: host }) });
    const client = await connect(door.port);
    void client.send('GET /a HTTP/1.1\r\nHost: 127.0.0.1:1080\r\n\r\n');
    expect((await readAnswer(client)).body).toBe('127.0.0.1:1080');
  });
});
