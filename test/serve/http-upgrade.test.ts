import { describe, expect, it } from 'vitest';
import { httpDoor, type HttpDoor } from '../support/http-door.js';
import { readAnswer, readHead } from '../support/http.js';
import { connect, type Peer } from '../support/peer.js';
import { startTarget } from '../support/targets.js';
import { settle } from '../support/turns.js';

interface Asking {
  readonly door: HttpDoor;
  readonly client: Peer;
  readonly there: Peer;
  /** The head that the target got. */
  readonly head: string;
  readonly url: string;
}

async function asking(more = 'Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n'): Promise<Asking> {
  const [door, target] = await Promise.all([httpDoor(), startTarget()]);
  const client = await connect(door.port);
  const url = `http://127.0.0.1:${target.port}/`;
  void client.send(`GET ${url} HTTP/1.1\r\nHost: any\r\n${more}Sec-WebSocket-Key: eA==\r\n\r\n`);
  const there = await target.next();
  return { door, client, there, head: await readHead(there), url };
}

const switching =
  'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nUPGRADE: websocket\r\nSec-WebSocket-Accept: eA==\r\n\r\n';

describe('a request to go on in another protocol', () => {
  it('says so to the target', async () => {
    const { head } = await asking();
    expect(head.split('\r\n').slice(2)).toEqual([
      'Sec-WebSocket-Key: eA==',
      'Connection: Upgrade',
      'Upgrade: websocket',
    ]);
  });

  it('that is granted makes a tunnel of the connection, both ways, from the first byte', async () => {
    const { client, there } = await asking();
    void there.send(`${switching}hello`);
    expect(await readHead(client)).toBe(
      [
        'HTTP/1.1 101 Switching Protocols',
        'Sec-WebSocket-Accept: eA==',
        'Connection: Upgrade',
        'Upgrade: websocket',
      ].join('\r\n'),
    );
    expect((await client.read(5)).toString()).toBe('hello');
    void client.send('GET / not HTTP any more\r\n\r\n');
    expect((await there.read(27)).toString()).toBe('GET / not HTTP any more\r\n\r\n');
    client.end();
    expect(await there.ended()).toBe('fin');
    void there.send('goodbye');
    there.end();
    expect([(await client.rest()).toString(), client.ending]).toEqual(['goodbye', 'fin']);
  });

  it('that is granted breaks when one side does', async () => {
    const { client, there } = await asking();
    void there.send(switching);
    await readHead(client);
    client.reset();
    expect(await there.ended()).toBe('reset');
    const again = await asking();
    void again.there.send(switching);
    await readHead(again.client);
    again.there.reset();
    expect(await again.client.ended()).toBe('reset');
  });

  it('that is refused has an answer like any other', async () => {
    const { client, there } = await asking();
    void there.send('HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\npage');
    const { status, body, header } = await readAnswer(client);
    expect([status, body, header('Upgrade')]).toEqual([200, 'page', undefined]);
    expect(await client.ended()).toBe('fin');
  });

  it('is not one when it is not said to this hop', async () => {
    const { client, there, head } = await asking('Upgrade: websocket\r\n');
    expect(head).not.toMatch(/upgrade/i);
    void there.send(switching);
    const { status, header } = await readAnswer(client);
    expect([status, header('Proxy-Status')]).toEqual([502, 'halflight; error=http_protocol_error']);
    expect(await there.ended()).toBe('reset');
  });

  it('may have a body, and breaks off when that does', async () => {
    const { client, there } = await asking('Connection: Upgrade\r\nUpgrade: x\r\nContent-Length: 8\r\n');
    void client.send('half');
    await there.read(4);
    client.end();
    expect([await there.ended(), (await readAnswer(client)).status]).toEqual(['reset', 400]);
    expect(await client.ended()).toBe('fin');
  });

  it('breaks when the client has gone on in HTTP meanwhile', async () => {
    const { client, there, url } = await asking();
    void client.send(`GET ${url} HTTP/1.1\r\nHost: any\r\n\r\n`);
    await settle();
    void there.send(switching);
    expect([await there.ended(), await client.ended()]).toEqual(['reset', 'reset']);
  });
});
