import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ConnectorOptions } from '../../client/connector.js';
import type { ProxyDialer } from '../../client/dialer.js';
import { formatServerUri } from '../../shared/config/uri.js';
import { dialerForTest, failureOfDial } from '../support/client.js';
import { scriptedProxy } from '../support/scripted-proxy.js';
import { startEcho } from '../support/targets.js';
import { remoteHalf, uriOf } from '../support/tunnel.js';

/** What the connector of undici brings. */
function connected(through: ProxyDialer, wanted: ConnectorOptions): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    through.connect(wanted, (...[error, socket]) => {
      if (error === null) resolve(socket);
      else reject(error);
    });
  });
}

describe('what a dialer keeps', () => {
  /** A remote, and how many connections lead to it. */
  async function watchedRemote(): Promise<{ readonly uri: string; readonly open: () => number }> {
    const remote = await remoteHalf();
    let open = 0;
    const door = net.createServer({ allowHalfOpen: true }, (near) => {
      const far = net.connect({ port: remote.port, host: '127.0.0.1', allowHalfOpen: true });
      open += 1;
      near.on('close', () => (open -= 1));
      near.on('error', () => far.destroy()).pipe(far);
      far.on('error', () => near.destroy()).pipe(near);
    });
    door.listen(0, '127.0.0.1');
    await once(door, 'listening');
    onTestFinished(() => {
      door.close();
    });
    const { port } = door.address() as net.AddressInfo;
    return { uri: formatServerUri(uriOf(remote, { port })), open: () => open };
  }

  async function talk(through: ProxyDialer): Promise<void> {
    const echo = await startEcho();
    const socket = await through.dial(echo);
    socket.resume().end('hello');
    await once(socket, 'close');
  }

  it('are connections to halflight remotes, until it is closed', async () => {
    const { uri, open } = await watchedRemote();
    const through = dialerForTest(uri);
    await talk(through);
    await expect.poll(open).toBeGreaterThan(0);
    await through.close();
    await expect.poll(open).toBe(0);
  });

  it('makes room when a rule names ever new ways', async () => {
    const { uri, open } = await watchedRemote();
    let choice = uri;
    const through = dialerForTest(() => choice);
    await talk(through);
    await expect.poll(open).toBeGreaterThan(0);
    for (let way = 1; way <= 64; way += 1) {
      choice = `socks5://127.0.0.1:1?timeout=${way}s`;
      await failureOfDial(through.dial('target.example:80'));
    }
    await expect.poll(open).toBe(0);
  });
});

describe('a rule', () => {
  it.each<readonly [string, unknown]>([
    ['null', null],
    ['nothing', undefined],
    ['a number', 0n],
    ['a list of numbers', [5]],
    ['no proxy at all', []],
    ['an object', {}],
  ])('that names %s is bad input', async (_, named) => {
    const through = dialerForTest(() => named as string);
    expect(await failureOfDial(through.dial('target.example:80'))).toMatchObject({ code: 'ERR_PROXY_INPUT' });
  });

  it('that throws rejects with just that', async () => {
    const reason = new Error('no way today');
    const through = dialerForTest(() => {
      throw reason;
    });
    await expect(through.dial('target.example:80')).rejects.toBe(reason);
  });

  it('is told what is going to be spoken by those who know', async () => {
    const asked: unknown[] = [];
    const through = dialerForTest((target) => {
      asked.push(target);
      return 'gopher://nowhere';
    });
    await failureOfDial(through.dial('[::1]:7'));
    await failureOfDial(connected(through, { protocol: 'https:', hostname: '[::1]', port: '' }));
    through.agent.createConnection({ host: 'a.example', port: 80 })?.on('error', () => undefined);
    expect(asked).toEqual([
      { host: '::1', port: 7 },
      { host: '::1', port: 443, protocol: 'https:' },
      { host: 'a.example', port: 80, protocol: 'http:' },
    ]);
  });
});

it.each(['dial', 'udp', 'bind', 'connect'] as const)(
  'close() gives up a %s that is under way',
  async (what) => {
    const proxy = await scriptedProxy([{ hears: '05 01 00' }]);
    const through = dialerForTest(`socks5://127.0.0.1:${proxy.at.port}`);
    const begun = {
      dial: () => through.dial('target.example:80'),
      udp: () => through.udp(),
      bind: () => through.bind('target.example:0'),
      connect: () => connected(through, { protocol: 'http:', hostname: 'target.example', port: '80' }),
    }[what]();
    const failed = failureOfDial(begun);
    const peer = await proxy.played();
    await through.close();
    expect(await failed).toMatchObject({ code: 'ERR_PROXY_DISPOSED' });
    await peer.ended();
  },
);

it.each(['udp', 'bind', 'createConnection'] as const)('%s ends at the timeout, too', async (what) => {
  const proxy = await scriptedProxy([{ hears: '05 01 00' }]);
  const through = dialerForTest(`socks5://127.0.0.1:${proxy.at.port}`, { timeout: 200 });
  const begun = {
    udp: () => through.udp(),
    bind: () => through.bind('target.example:0'),
    createConnection: () => once(through.createConnection(80, 'target.example'), 'connect'),
  }[what]();
  expect(await failureOfDial(begun)).toMatchObject({ code: 'ERR_PROXY_TIMEOUT', phase: 'handshake' });
  await (await proxy.played()).ended();
});

it('a socket dials once', async () => {
  const echo = await startEcho();
  const socket = dialerForTest('direct:').createConnection();
  expect(socket.route).toBeUndefined();
  socket.connect(echo.port, echo.host);
  expect(() => socket.connect(echo.port, echo.host)).toThrow('expected one that has not been connected');
  await once(socket, 'connect');
  expect(socket.route).toMatchObject({ proxies: [], target: { host: echo.host, port: echo.port } });
  socket.destroy();
});

it('a halflight remote whose answer is not authentic is no halflight remote', async () => {
  const key = encodeURIComponent(Buffer.alloc(32, 7).toString('base64'));
  const proxy = await scriptedProxy([{ hears: Buffer.alloc(0), says: Buffer.alloc(200, 1) }]);
  const uri = `halflight://2022-blake3-aes-256-gcm:${key}@127.0.0.1:${proxy.at.port}`;
  const error = await failureOfDial(dialerForTest(uri).dial('target.example:80'));
  expect(error).toMatchObject({ name: 'GeneralProxyError', code: 'ERR_PROXY_PROTOCOL', phase: 'handshake' });
});
