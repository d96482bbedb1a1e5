import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatServerUri } from '../../index.js';
import { startWeb } from '../support/web.js';
import { remoteHalf, startTunnel, uriOf } from '../support/tunnel.js';

const built = path.resolve(import.meta.dirname, '../../dist');

/** Gets `/` of a server behind the proxies twice, on a connection that is kept, says what it got, and has nothing else to do. */
const program = `
  const [directory, port, secure, ...uris] = process.argv.slice(1);
  const of = (name) => import(directory + '/shared/' + name + '.js');
  const http = await import(secure === 'tls' ? 'node:https' : 'node:http');
  const { wayOut } = await of('serve/way-out');
  const { parseHop } = await of('config/proxy-uri');
  const { StreamSocket } = await of('net/stream-socket');
  const { secureSocket } = await of('net/secure-socket');
  const { LateStream } = await of('net/late');
  const { systemEnvironment: environment } = await of('net/system');
  const { createResolver } = await of('net/resolve');
  const way = wayOut(uris.map((uri) => parseHop(uri)), { environment, resolver: createResolver() });
  let opened = 0;
  const createConnection = () => {
    opened += 1;
    const late = new LateStream();
    way.dial({ host: '127.0.0.1', port: Number(port) }, { signal: late.signal })
      .then(({ stream }) => late.opened(stream), (error) => late.failed(error));
    const socket = new StreamSocket(late);
    return secure === 'tls' ? secureSocket(socket, { host: 'localhost', rejectUnauthorized: false }) : socket;
  };
  const agent = new http.Agent({ keepAlive: true });
  agent.createConnection = createConnection;
  const get = () => new Promise((resolve, reject) => {
    http.get({ agent, host: 'localhost' }, async (answer) => resolve((await answer.toArray()).join(''))).on('error', reject);
  });
  console.log(await get(), await get(), opened);
`;

async function ran(...words: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, built, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  let said = '';
  child.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return `${said.trim()} (${code})`;
}

describe('a process with nothing but connections that rest', () => {
  it.each<[string, (known: { proxy: number; remote: string; other: string }) => readonly string[]]>([
    ['straight', () => []],
    ['through a proxy', ({ proxy }) => [`socks5://127.0.0.1:${proxy}`]],
    ['through a tunnel, with its carriers', ({ remote }) => [remote]],
    ['through a chain', ({ proxy, remote, other }) => [remote, `http://127.0.0.1:${proxy}`, other]],
  ])('ends by itself: %s', async (_how, through) => {
    const [{ local }, remote, other] = await Promise.all([startTunnel(), remoteHalf(), remoteHalf()]);
    const plain = createServer((_request, response) => response.end('plain')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    onTestFinished(() => {
      plain.close().closeAllConnections();
    });
    const secure = await startWeb((_request, response) => response.end('secure'));
    const uris = through({
      proxy: local.port,
      remote: formatServerUri(uriOf(remote)),
      other: formatServerUri(uriOf(other)),
    });
    const { port } = plain.address() as { port: number };
    expect(await ran(String(port), 'plain', ...uris)).toBe('plain plain 1 (0)');
    expect(await ran(String(secure.port), 'tls', ...uris)).toBe('secure secure 1 (0)');
  });
});
