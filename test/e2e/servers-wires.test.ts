import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { httpTarget, readAnswer } from '../support/http.js';
import { connect } from '../support/peer.js';
import { choice, nameServer } from '../support/servers.js';
import { startTap } from '../support/tap.js';
import { startEcho, startTarget } from '../support/targets.js';
import { ask, localAmong, type LocalChanges, remoteHalf } from '../support/tunnel.js';
import { askBy, ways } from '../support/ways.js';

type Wire = NonNullable<LocalChanges['wire']>;
const pairs: readonly (readonly [Wire, Wire])[] = [
  ['raw', 'raw'],
  ['raw', 'shadowsocks'],
  ['shadowsocks', 'raw'],
  ['shadowsocks', 'shadowsocks'],
];

describe.each(pairs)('a server on the %s wire before one on the %s wire', (one, other) => {
  it.each(ways)('serves those who ask by %s, before and after its loss', async (way) => {
    const [first, second, target, probeTarget] = await Promise.all([
      remoteHalf(),
      remoteHalf(),
      httpTarget((_asked, answer) => answer.end('hello')),
      nameServer(),
    ]);
    const servers = [choice(first, 0, { wire: one }), choice(second, 1, { wire: other })];
    const local = await localAmong(servers, { probeTarget });
    const code = { SOCKS4: 90, SOCKS5: 0, CONNECT: 200, GET: 200 }[way];
    expect((await askBy[way](local.port, target)).code).toBe(code);
    await first.service.stop(0);
    expect((await askBy[way](local.port, target)).code).toBe(code);
    expect(local.seen('through').map(({ server }) => server)).toEqual(['tokyo', 'osaka']);
    expect(local.seen('denied')).toEqual([]);
  });

  it('sends no body twice, whatever breaks after it was sent', async () => {
    let bodies = 0;
    let broken = (): void => undefined;
    const target = await httpTarget((asked) => {
      asked.on('data', () => undefined);
      asked.on('end', () => {
        bodies += 1;
        broken();
      });
    });
    const [first, second, probeTarget] = await Promise.all([remoteHalf(), remoteHalf(), nameServer()]);
    const tap = await startTap(first.port);
    broken = () => {
      for (const connection of tap.connections) connection.cut('reset');
    };
    const servers = [choice(first, 0, { wire: one, port: tap.port }), choice(second, 1, { wire: other })];
    const local = await localAmong(servers, { probeTarget });
    const client = await connect(local.port);
    const body = randomBytes(3_000).toString('hex');
    void client.send(
      `POST ${target.url}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    );
    const heard = await client.rest();
    // An end, or a page of ours that says so.
    if (heard.length > 0) expect(heard.toString()).toMatch(/^HTTP\/1\.1 50[0-9] /);
    expect([bodies, target.asked.length]).toEqual([1, 1]);
    // The next one goes on: by the other when the loss has been noticed.
    const next = await connect(local.port);
    broken = () => undefined;
    void next.send(`GET ${target.url}/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`);
    target.server.removeAllListeners('request');
    target.server.on('request', (_asked, answer: { end: (text: string) => void }) => {
      answer.end('still here');
    });
    expect((await readAnswer(next)).body).toBe('still here');
  });
});

describe('words that a server took and did not answer', () => {
  it('are said to the next one, with nothing behind them', async () => {
    const [first, second, echo] = await Promise.all([remoteHalf(), remoteHalf(), startEcho()]);
    // It hears the whole handshake, and then it is gone.
    const tap = await startTap(first.port, {
      up: async (pieces) => {
        for await (const piece of pieces) throw new Error(`gone with ${piece.length} bytes`);
      },
    });
    const local = await localAmong([choice(first, 0, { port: tap.port }), choice(second, 1)]);
    const { client, reply } = await ask(local.port, echo);
    expect(reply.code).toBe(0);
    void client.send('hello');
    expect((await client.read(5)).toString()).toBe('hello');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['osaka']);
  });

  it('are not said again when the client has sent something behind them', async () => {
    const [first, second, target] = await Promise.all([remoteHalf(), remoteHalf(), startTarget()]);
    let deaf = false;
    const tap = await startTap(first.port, {
      down: async (pieces, near) => {
        for await (const piece of pieces) {
          // What the remote answers never arrives.
          if (deaf) throw new Error('gone');
          near.write(piece);
        }
      },
    });
    const local = await localAmong([choice(first, 0, { port: tap.port }), choice(second, 1)], {
      timeouts: { attemptMs: 9_000 },
    });
    expect(await local.service.check()).toMatchObject({ ok: true });
    deaf = true;
    const client = await connect(local.port);
    const { port } = target;
    void client.send(Uint8Array.of(4, 1, port >>> 8, port & 0xff, 127, 0, 0, 1, 0, ...Buffer.from('once')));
    const reply = await client.rest();
    expect(reply[1]).toBe(91);
    expect(target.accepted).toBe(1);
    expect((await (await target.next()).rest()).toString()).toBe('once');
    expect(local.seen('through')).toEqual([]);
  });
});
