/** Ways through several real proxies, no two of a kind. */
import { describe, expect, it } from 'vitest';
import { dial, GeneralProxyError } from '../../index.js';
import { deadPort, startEcho } from '../support/targets.js';
import { authority, page, startWeb } from '../support/web.js';
import { dialerForTest } from '../support/client.js';
import { expectEchoed, pageAt, rejection, watched, type Watched } from './library.js';
import { realProxies, type RealProxyName } from './real-proxies.js';

/** The first is the one that is dialled from here. */
const chains: readonly (readonly [RealProxyName, RealProxyName, RealProxyName])[] = [
  ['dante, SOCKS5 with a password', 'tinyproxy', 'our remote'],
  ['ssh -D, SOCKS4a', 'microsocks', 'ss-server'],
  ['ss-server', 'dante, SOCKS4', 'our local, HTTP with a password'],
  ['our remote', 'ssh -D, SOCKS5', 'tinyproxy with a password'],
  ['microsocks with a password', 'our remote, as a Shadowsocks server', 'dante, SOCKS5'],
  ['our local, SOCKS5 with a password', 'ssh -D, SOCKS4', 'microsocks'],
  ['tinyproxy', 'our local, SOCKS4a', 'dante, SOCKS5 with a password'],
  ['our remote, as a Shadowsocks server', 'our local, SOCKS4', 'our remote'],
];

/** Starts them all, each behind a tap. */
function startChain(names: readonly RealProxyName[]): Promise<readonly Watched[]> {
  return Promise.all(names.map(async (name) => watched(await realProxies[name].start())));
}

const urisOf = (chain: readonly Watched[]): readonly string[] => chain.map(({ uri }) => uri);

describe.each(chains)('through %s, then %s, then %s', (...names) => {
  it('1 MB goes there and back, and TLS leads to the target, by each of them', async () => {
    const chain = await startChain(names);
    const echo = await startEcho();
    const socket = await dial(urisOf(chain), { host: 'localhost', port: echo.port });
    await expectEchoed(socket, 1_000_000);
    const web = await startWeb(page('only for you'));
    const { httpsAgent: agent } = dialerForTest(urisOf(chain));
    expect(await pageAt(web.origin, { agent, ca: authority })).toBe('only for you');
    // Ours may have opened a connection ahead, through all that come before.
    for (const { connections } of chain) expect(connections()).toBeGreaterThanOrEqual(2);
  });
});

it('the proxy that fails is the one that is named', async () => {
  const chain = await startChain(['ssh -D, SOCKS5', 'our remote', 'dante, SOCKS5']);
  const uris = urisOf(chain);
  const target = { host: '127.0.0.1', port: await deadPort() };
  const refused = await dial(uris, target).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: 'ECONNREFUSED', phase: 'request', reply: 5, proxy: uris[2] });
  const gone = `socks5://127.0.0.1:${await deadPort()}`;
  const [before = '', , behind = ''] = uris;
  const unreached = dial([before, uris[1] ?? '', gone, behind], target);
  expect(await rejection(unreached)).toEqual({
    kind: GeneralProxyError,
    code: 'ERR_PROXY_CONNECT',
    phase: 'connect',
    reply: undefined,
  });
});
