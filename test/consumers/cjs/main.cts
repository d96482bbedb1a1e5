// A program of somebody else that has the package installed, and no ES module: it gets one by require().
import assert = require('node:assert/strict');
import events = require('node:events');
import http = require('node:http');
import type net = require('node:net');
import consumers = require('node:stream/consumers');
import halflight = require('halflight');

async function main(): Promise<void> {
  const site = http.createServer((_request, response) => response.end('hello'));
  site.listen(0, '127.0.0.1');
  await events.once(site, 'listening');
  const target = { host: '127.0.0.1', port: (site.address() as net.AddressInfo).port };

  const remote = await halflight.createRemote({ listen: '127.0.0.1:0', allowPrivate: true }).start();
  const uri: string = remote.uri({ host: '127.0.0.1' });
  const local = await halflight.createLocal({ server: uri, listen: 0 }).start();
  const proxy = `http://127.0.0.1:${local.address().port}`;

  const chain: readonly string[] = [proxy, proxy.replace('http', 'socks5')];
  const dialer: halflight.ProxyDialer = halflight.dialer(chain, { timeout: 10_000 });
  const socket = await dialer.dial(target);
  socket.end('GET / HTTP/1.0\r\n\r\n');
  assert.match(await consumers.text(socket), /\r\n\r\nhello$/);
  await dialer.close();

  await assert.rejects(halflight.dial(proxy, '127.0.0.1:1'), (error) => {
    assert.ok(error instanceof halflight.HttpProxyError);
    return error.code === 'ECONNREFUSED' && error.reply === 502;
  });

  await local.stop();
  await remote.stop();
  site.close();
  site.closeAllConnections();
}

void main().then(() => console.log('ok'));
