/** Programs' own clients through real proxies: HTTP of Node and of undici, WebSocket, Redis. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AbstractConnector, Redis } from 'ioredis';
import { Agent, fetch as undiciFetch } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { install, type ProxyDialer } from '../../index.js';
import { authority, page, startWeb } from '../support/web.js';
import { content, digest, type Receipt } from './content.js';
import { dialerForTest } from '../support/client.js';
import { watched } from './library.js';
import { realProxies, type RealProxyName } from './real-proxies.js';
import { startRedis } from './redis.js';
import { startTarget } from './target.js';

const length = 5_000_000;
const names: readonly RealProxyName[] = [
  'dante, SOCKS5 with a password',
  'tinyproxy with a password',
  'ssh -D, SOCKS4a',
  'ss-server',
  'our remote',
];

/** A dialer through a proxy that counts. */
async function through(name: RealProxyName): Promise<{ dialer: ProxyDialer; connections: () => number }> {
  const { uri, connections } = await watched(await realProxies[name].start());
  return { dialer: dialerForTest(uri, { tls: { ca: authority } }), connections };
}

type Get = (url: string, options?: https.RequestOptions) => Promise<Receipt>;

const got =
  (client: Pick<typeof http, 'get'> | Pick<typeof https, 'get'>): Get =>
  async (url, options = {}) => {
    const [response] = (await once(client.get(url, options), 'response')) as [http.IncomingMessage];
    return digest(response);
  };

const said = (text: string): Promise<Receipt> => digest([Buffer.from(text)]);

async function bodyOf(response: Pick<Response, 'arrayBuffer'>): Promise<Receipt> {
  return digest([new Uint8Array(await response.arrayBuffer())]);
}

describe.each(names)('through %s', (name) => {
  it('node:http has its agent, which keeps connections, and 5 MB come and go', async () => {
    const { dialer, connections } = await through(name);
    const target = await startTarget();
    const origin = `http://localhost:${target.port}`;
    const { agent } = dialer;
    for (const seed of [1, 2]) {
      const answer = await got(http)(`${origin}/${length}/${seed}`, { agent });
      expect(answer).toEqual(await digest(content(length, seed)));
    }
    const request = http.request(origin, { agent, method: 'PUT' });
    const responded = once(request, 'response') as Promise<[http.IncomingMessage]>;
    await pipeline(Readable.from(content(length, 3)), request);
    const [response] = await responded;
    await digest(response);
    expect(target.uploads).toEqual([await digest(content(length, 3))]);
    expect(target.peers().length).toBe(1);
    expect(connections()).toBeGreaterThanOrEqual(1);
  });

  it('node:https has its agent', async () => {
    const { dialer, connections } = await through(name);
    const web = await startWeb(page('only for you'));
    for (const path of ['/1', '/2']) {
      const options = { agent: dialer.httpsAgent, ca: authority };
      expect(await got(https)(web.origin + path, options)).toEqual(await said('only for you'));
    }
    expect(web.asked).toEqual(['/1', '/2']);
    expect(connections()).toBeGreaterThanOrEqual(1);
  });

  it('fetch of undici goes by its connect', async () => {
    const { dialer, connections } = await through(name);
    const dispatcher = new Agent({ connect: dialer.connect });
    onTestFinished(() => dispatcher.destroy());
    const target = await startTarget();
    const plain = await undiciFetch(`http://localhost:${target.port}/${length}/1`, { dispatcher });
    expect(await bodyOf(plain)).toEqual(await digest(content(length, 1)));
    const web = await startWeb(page('only for you'));
    expect(await (await undiciFetch(web.origin, { dispatcher })).text()).toBe('only for you');
    const stranger = await startWeb(page('for anybody'), { certificate: 'other-host' });
    await expect(undiciFetch(stranger.origin, { dispatcher })).rejects.toMatchObject({
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    });
    expect(connections()).toBeGreaterThanOrEqual(3);
  });

  it('all that asks no agent of its own goes by what was installed, until it is uninstalled', async () => {
    const { uri, connections } = await watched(await realProxies[name].start());
    const target = await startTarget();
    const origin = `http://localhost:${target.port}`;
    const web = await startWeb(page('only for you'));
    const installed = install(uri, { tls: { ca: authority } });
    onTestFinished(() => installed.uninstall());
    const answers = [
      bodyOf(await fetch(`${origin}/${length}/1`)),
      bodyOf(await undiciFetch(`${origin}/${length}/1`)),
      got(http)(`${origin}/${length}/1`),
    ];
    for (const answer of answers) expect(await answer).toEqual(await digest(content(length, 1)));
    expect(await (await fetch(web.origin)).text()).toBe('only for you');
    expect(await got(https)(web.origin, { ca: authority })).toEqual(await said('only for you'));
    const had = connections();
    expect(had).toBeGreaterThanOrEqual(4);

    await installed.uninstall();
    await bodyOf(await fetch(`${origin}/1/1`));
    await bodyOf(await undiciFetch(`${origin}/1/1`));
    await got(http)(`${origin}/1/1`, { headers: { connection: 'close' } });
    expect(connections()).toBe(had);
  });

  it('ws has messages of every size both ways, in clear and by TLS', async () => {
    const { dialer, connections } = await through(name);
    const web = await startWeb(page(''));
    const site = await startWeb(page(''), { certificate: 'none' });
    for (const { server, origin } of [web, site]) {
      new WebSocketServer({ server }).on('connection', (there) => {
        there.on('message', (message, binary) => {
          there.send(message, { binary });
        });
      });
      const agent = origin.startsWith('https:') ? dialer.httpsAgent : dialer.agent;
      const socket = new WebSocket(origin.replace('http', 'ws'), { agent, ca: authority });
      await once(socket, 'open');
      for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
        const message = randomBytes(size);
        socket.send(message);
        const [back] = (await once(socket, 'message')) as [Buffer];
        expect(back.equals(message)).toBe(true);
      }
      socket.close();
      await once(socket, 'close');
    }
    expect(connections()).toBeGreaterThanOrEqual(2);
  });

  it('ioredis keeps its connection, for large values and for many small ones', async () => {
    const { dialer, connections } = await through(name);
    const redis = connectRedis(dialer, await startRedis());
    const value = randomBytes(1_000_000);
    await redis.set('value', value);
    expect((await redis.getBuffer('value'))?.equals(value)).toBe(true);
    const counts = await Promise.all(Array.from({ length: 1000 }, () => redis.incr('count')));
    expect(counts).toEqual(Array.from({ length: 1000 }, (_, at) => at + 1));
    await redis.quit();
    expect(connections()).toBeGreaterThanOrEqual(1);
  });
});

/** A client whose connections come from a dialer. */
function connectRedis(dialer: ProxyDialer, target: string): Redis {
  class Connector extends AbstractConnector {
    constructor() {
      super(1000);
    }

    override async connect(): Promise<typeof this.stream> {
      const socket = await dialer.dial(target);
      this.stream = socket as unknown as typeof this.stream;
      return this.stream;
    }
  }
  const redis = new Redis({ Connector, maxRetriesPerRequest: 0 });
  onTestFinished(() => {
    redis.disconnect();
  });
  return redis;
}
