import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { httpTarget, readAnswer, readHead } from '../support/http.js';
import { httpDoor } from '../support/http-door.js';
import { connect, type Peer, stalled } from '../support/peer.js';
import { startTarget, type TestTarget } from '../support/targets.js';

const MiB = 1024 * 1024;

/** A client that has sent a request, and the target that has got its head. */
async function asking(
  request: string,
): Promise<{ readonly client: Peer; readonly there: Peer; readonly head: string }> {
  const [door, target] = await Promise.all([httpDoor(), startTarget()]);
  const client = await connect(door.port);
  void client.send(request.replace('URL', urlOf(target)));
  const there = await target.next();
  return { client, there, head: await readHead(there) };
}

function urlOf({ port }: TestTarget): string {
  return `http://127.0.0.1:${port}/`;
}

const get = 'GET URL HTTP/1.1\r\nHost: any\r\n\r\n';

describe('the body of a request', () => {
  it.each([5, 64 * 1024, 5 * MiB])('of %i bytes arrives whole', async (size) => {
    const { client, there, head } = await asking(
      `PUT URL HTTP/1.1\r\nHost: any\r\nContent-Length: ${size}\r\n\r\n`,
    );
    expect(head).toContain(`Content-Length: ${size}`);
    expect(head).not.toContain('chunked');
    const sent = client.pour(size);
    const body = await there.read(size);
    expect(body.length).toBe((await sent).length);
    void there.send('HTTP/1.1 204 No Content\r\n\r\n');
    expect((await readAnswer(client)).status).toBe(204);
  });

  it('arrives in chunks when it was sent in chunks, with what stands behind them', async () => {
    const { client, there, head } = await asking(
      'POST URL HTTP/1.1\r\nHost: any\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nbody\r\n',
    );
    expect(head).toContain('Transfer-Encoding: chunked');
    expect(head).not.toContain('Content-Length');
    expect((await there.read(9)).toString()).toBe('4\r\nbody\r\n');
    void client.send('0\r\nX-Behind: 1\r\n\r\n');
    expect(await readHead(there)).toBe('0\r\nX-Behind: 1');
  });

  it('that breaks off reaches nobody as a whole one', async () => {
    for (const how of ['end', 'reset'] as const) {
      const { client, there } = await asking(
        'POST URL HTTP/1.1\r\nHost: any\r\nContent-Length: 9\r\n\r\nhalf',
      );
      await there.read(4);
      client[how]();
      expect(await there.ended()).toBe('reset');
    }
  });

  it('that makes no sense is a 400, and its target is left', async () => {
    const { client, there } = await asking(
      'POST URL HTTP/1.1\r\nHost: any\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    void client.send('nonsense\r\n');
    expect(await there.ended()).toBe('reset');
    expect([(await readAnswer(client)).status, await client.ended()]).toEqual([400, 'fin']);
  });

  it('waits for a target that does not read it', async () => {
    const { client, there } = await asking(
      `PUT URL HTTP/1.1\r\nHost: any\r\nContent-Length: ${32 * MiB}\r\n\r\n`,
    );
    there.socket.pause();
    const sent = client.pour(32 * MiB);
    await stalled(client);
    expect(client.socket.bytesWritten).toBeLessThan(32 * MiB);
    there.socket.resume();
    const [{ length }, body] = [await sent, await there.read(32 * MiB)];
    expect(body.length).toBe(length);
  });
});

describe('the body of an answer', () => {
  it('of 5 MiB arrives as it was, however it is framed', async () => {
    for (const [version, framing] of [
      ['1.1', `Content-Length: ${5 * MiB}\r\n`],
      ['1.0', ''],
    ] as const) {
      const { client, there } = await asking(get.replace('1.1', version));
      void there.send(`HTTP/1.1 200 OK\r\n${framing}\r\n`);
      const sent = there.pour(5 * MiB).then((digest) => {
        there.end();
        return digest;
      });
      await readHead(client);
      client.end();
      expect(await client.digest()).toEqual(await sent);
      expect(client.ending).toBe('fin');
    }
  });

  it('comes in chunks when its length is not known, with what stands behind them', async () => {
    const { client, there } = await asking(get);
    void there.send(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Behind\r\n\r\n4\r\nbody\r\n0\r\n' +
        'X-Behind: 1\r\nHost: other\r\nConnection: close\r\nProxy-Authenticate: Basic\r\n\r\n',
    );
    expect(await readHead(client)).toContain('Transfer-Encoding: chunked');
    expect((await client.read(9)).toString()).toBe('4\r\nbody\r\n');
    expect(await readHead(client)).toBe('0\r\nX-Behind: 1');
  });

  it('comes without them to HTTP/1.0, which ends with the connection', async () => {
    const { client, there } = await asking(get.replace('1.1', '1.0'));
    void there.send(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\nX-Behind: 1\r\n\r\n',
    );
    const { body, header } = await readAnswer(client);
    expect([body, header('Transfer-Encoding'), client.ending]).toEqual(['body', undefined, 'fin']);
  });

  it('may end with the connection of the target, and the client’s goes on', async () => {
    const { client, there } = await asking(get);
    void there.send('HTTP/1.0 200 OK\r\n\r\nbody');
    there.end();
    const { body, header } = await readAnswer(client);
    expect([body, header('Connection')]).toEqual(['body', 'keep-alive']);
  });

  it.each([
    ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n'],
    ['HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'],
    ['GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['GET', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n'],
  ])('of %s with %j is none, and the next answer is the next', async (method, answer) => {
    const { client, there } = await asking(get.replace('GET', method));
    void there.send(answer);
    const { status, header } = await readAnswer(client, method);
    expect([status, header('Content-Length')]).toEqual([
      Number(answer.slice(9, 12)),
      /Length: (\d+)/.exec(answer)?.[1],
    ]);
    void client.send('GET / HTTP/1.1\r\nHost: any\r\n\r\n');
    expect((await readAnswer(client)).status).toBe(404);
  });

  it.each([
    ['a length', 'Content-Length: 1000\r\n', '1.1'],
    ['chunks', 'Transfer-Encoding: chunked\r\n', '1.1'],
    ['a length', 'Content-Length: 1000\r\n', '1.0'],
    ['chunks', 'Transfer-Encoding: chunked\r\n', '1.0'],
  ])('with %s that breaks off is cut off, never ended', async (_, framing, version) => {
    for (const how of ['end', 'reset'] as const) {
      const { client, there } = await asking(get.replace('1.1', version));
      void there.send(`HTTP/1.1 200 OK\r\n${framing}\r\n4\r\nhalf\r\n`);
      await client.read(30);
      there[how]();
      expect([(await client.rest()).toString().includes('half'), client.ending]).toEqual([true, 'reset']);
    }
  });

  it('whose end would be that of the connection is cut off by a reset, too', async () => {
    for (const version of ['1.0', '1.1']) {
      const { client, there } = await asking(get.replace('1.1', version));
      void there.send('HTTP/1.1 200 OK\r\n\r\nhalf');
      await client.read(30);
      there.reset();
      expect([(await client.rest()).toString().includes('half'), client.ending]).toEqual([true, 'reset']);
    }
  });

  it('waits for a client that does not read it', async () => {
    const { client, there } = await asking(get);
    client.socket.pause();
    void there.send(`HTTP/1.1 200 OK\r\nContent-Length: ${32 * MiB}\r\n\r\n`);
    const sent = there.pour(32 * MiB);
    await stalled(there);
    expect(there.socket.bytesWritten).toBeLessThan(32 * MiB);
    client.socket.resume();
    await readHead(client);
    expect((await client.read(32 * MiB)).length).toBe((await sent).length);
  });
});

describe('an answer that cannot be passed on', () => {
  it.each([
    ['has a body in another coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nbody'],
    [
      'is framed twice',
      'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['has no status', 'HTTP/1.1 000 \r\nContent-Length: 0\r\n\r\n'],
    ['is no HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['has too long a head', `HTTP/1.1 200 OK\r\nX-A: ${'b'.repeat(16 * 1024)}\r\n\r\n`],
  ])('because it %s is a page of ours, and its target is left', async (_, answer) => {
    const { client, there } = await asking(get);
    void there.send(answer);
    const { status, header, body } = await readAnswer(client);
    expect([status, header('Proxy-Status')]).toEqual([502, 'halflight; error=http_protocol_error']);
    expect(body).toMatch(/127\.0\.0\.1:\d+: expected an HTTP answer, got something else\./);
    expect(await there.ended()).toBe('reset');
  });
});

describe('an answer that comes early', () => {
  it('arrives though the client still sends and the target has closed', async () => {
    const target = await httpTarget((_, answer) => {
      answer.writeHead(413, { Connection: 'close' }).end('too large');
    });
    const door = await httpDoor();
    const client = await connect(door.port);
    void client.send(`POST ${target.url}/ HTTP/1.1\r\nHost: any\r\nContent-Length: ${64 * MiB}\r\n\r\n`);
    const pouring = client.pour(64 * MiB);
    const { status, body, header } = await readAnswer(client);
    expect([status, body, header('Connection')]).toEqual([413, 'too large', 'close']);
    client.reset();
    await pouring;
  });

  it('is heard while the request goes on', async () => {
    const { client, there } = await asking(
      'POST URL HTTP/1.1\r\nHost: any\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nup\r\n',
    );
    await there.read(7);
    void there.send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\ndown\r\n');
    await readHead(client);
    expect((await client.read(9)).toString()).toBe('4\r\ndown\r\n');
    void client.send('3\r\nend\r\n0\r\n\r\n');
    expect((await there.read(13)).toString()).toBe('3\r\nend\r\n0\r\n\r\n');
    void there.send('0\r\n\r\n');
    expect([(await client.rest()).toString(), client.ending]).toEqual(['0\r\n\r\n', 'fin']);
  });
});

describe('100-continue', () => {
  const expecting = 'POST URL HTTP/1.1\r\nHost: any\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n';

  it('is asked of the target, and never promised in its place', async () => {
    const { client, there, head } = await asking(expecting);
    expect([head.includes('Expect: 100-continue'), client.waiting]).toEqual([true, 0]);
    void there.send('HTTP/1.1 100 Continue\r\n\r\n');
    expect(await readHead(client)).toBe('HTTP/1.1 100 Continue');
    void client.send('body');
    expect((await there.read(4)).toString()).toBe('body');
    void there.send('HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n');
    const { status, header } = await readAnswer(client);
    expect([status, header('Connection')]).toEqual([201, 'keep-alive']);
  });

  it('that the target does not want is its answer, and the last one', async () => {
    const { client, there } = await asking(expecting);
    void there.send('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n');
    const { status, header } = await readAnswer(client);
    expect([status, header('Connection'), await client.ended()]).toEqual([417, 'close', 'fin']);
  });
});

describe('an interim answer', () => {
  const hint = 'HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nConnection: x\r\nX: 1\r\n\r\n';

  it('is passed on, without what belongs to the hop', async () => {
    const { client, there } = await asking(get);
    void there.send(`${hint}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`);
    expect(await readHead(client)).toBe('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload');
    expect((await readAnswer(client)).status).toBe(200);
  });

  it('is not for HTTP/1.0', async () => {
    const { client, there } = await asking(get.replace('1.1', '1.0'));
    void there.send(`${hint}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`);
    expect((await readAnswer(client)).status).toBe(200);
  });
});

it('a head comes before the body that is still to be made', async () => {
  const target = await httpTarget((_, answer) => {
    answer.flushHeaders();
  });
  const door = await httpDoor();
  const client = await connect(door.port);
  void client.send(`GET ${target.url}/ HTTP/1.1\r\nHost: any\r\n\r\n`);
  expect(await readHead(client)).toContain('200 OK');
  const [asked] = target.asked;
  client.reset();
  if (asked?.destroyed === false) await once(asked, 'close').catch(() => undefined);
});
