// A program of somebody else that has the package installed, as an ES module.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import {
  createLocal,
  createRemote,
  dial,
  dialer,
  type DialOptions,
  install,
  ProxyError,
  type ProxyErrorCode,
  proxyFromEnvironment,
  type ProxySocket,
  setDefaultProxy,
} from 'halflight';

const site = http.createServer((request, response) => response.end(`hello ${request.headers.host}`));
site.listen(0, '127.0.0.1');
await once(site, 'listening');
const { port } = site.address() as AddressInfo;
const target = `127.0.0.1:${port}`;

const remote = await createRemote({ listen: '127.0.0.1:0', allowPrivate: true }).start();
const local = await createLocal({ server: remote.uri({ host: '127.0.0.1' }), listen: 0 }).start();
const seen: string[] = [];
local.on('closed', ({ event, up }) => seen.push(`${event} ${typeof up}`));
const proxy = `socks5://127.0.0.1:${local.address().port}`;

// One connection.
const options: DialOptions = { timeout: '10s', signal: AbortSignal.timeout(10_000) };
const socket: ProxySocket = await dial(proxy, target, options);
socket.end('GET / HTTP/1.0\r\nHost: dialled\r\n\r\n');
assert.match(await text(socket), /\r\n\r\nhello dialled$/);
const asAnyOther: Socket = socket;
assert.ok(asAnyOther.bytesRead > 0);
assert.deepEqual(socket.route?.target, { host: '127.0.0.1', port });

// Straight into the tunnel, and what others ask for.
const tunnel = dialer(remote.uri({ host: '127.0.0.1' }));
const request = http.get(`http://${target}/`, { agent: tunnel.agent });
const [response] = (await once(request, 'response')) as [http.IncomingMessage];
assert.equal(await text(response), `hello ${target}`);
await tunnel.close();

// fetch, by the default proxy.
setDefaultProxy(proxyFromEnvironment({ ALL_PROXY: proxy }));
const installed = install();
assert.equal(await (await fetch(`http://${target}/`)).text(), `hello ${target}`);
await installed.uninstall();

// What goes wrong.
const closed: ProxyErrorCode = 'ECONNREFUSED';
await assert.rejects(
  dial(proxy, '127.0.0.1:1'),
  (error) => error instanceof ProxyError && error.code === closed,
);
// @ts-expect-error: a number is no proxy.
await assert.rejects(dial(1080, target), { code: 'ERR_PROXY_INPUT' });

await local.stop();
await remote.stop();
site.close();
site.closeAllConnections();
assert.ok(seen.includes('closed number'));
console.log('ok');
