/** What the library makes of the variables that name a proxy, and what curl makes of them, where both know the form. */
import { expect, it } from 'vitest';
import { formatTarget } from '../../shared/codec/address.js';
import { environmentProxy, type ProxiedTarget } from '../../shared/config/proxy-environment.js';
import { startTarget } from '../support/targets.js';
import { startPeer } from './programs.js';

type Variables = Readonly<Record<string, string>>;
type Way = 'a' | 'b' | 'direct';

/** Whom both of them turn to; in the values, PA and PB stand for two proxies. */
async function ways(template: Variables, target: ProxiedTarget): Promise<Record<'curl' | 'ours', Way>> {
  const [a, b, direct] = await Promise.all([hangUp(), hangUp(), hangUp()]);
  const filled = Object.entries(template).map(([name, value]) => [
    name,
    value.replace('PA', formatTarget(a)).replace('PB', formatTarget(b)),
  ]);
  const variables = Object.fromEntries(filled) as Variables;
  const url = `${target.protocol ?? 'http:'}//${formatTarget(target)}/`;
  // Whatever is asked for directly is on this machine.
  const here = `::${formatTarget(direct)}`;
  const curl = await startPeer('curl', ['-q', '--silent', '--connect-to', here, url], variables);
  curl.output.resume();
  await curl.ended;
  const asked = Object.entries({ a, b, direct }).filter(([, { accepted }]) => accepted > 0);
  expect(asked).toHaveLength(1);
  const proxy = environmentProxy(variables)(target);
  const ours = proxy.includes(formatTarget(a)) ? 'a' : proxy.includes(formatTarget(b)) ? 'b' : 'direct';
  return { curl: asked[0]?.[0] as Way, ours };
}

function hangUp(): ReturnType<typeof startTarget> {
  return startTarget({ serve: ({ socket }) => socket.destroy() });
}

it.each([
  ['*', 'a.example', 'direct'],
  ['example.com', 'example.com', 'direct'],
  ['example.com', 'a.b.example.com', 'direct'],
  ['example.com', 'notexample.com', 'a'],
  ['example.com', 'example.com.evil.test', 'a'],
  ['.example.com', 'example.com', 'direct'],
  ['.example.com', 'a.example.com', 'direct'],
  ['.example.com', 'notexample.com', 'a'],
  ['com', 'example.com', 'direct'],
  ['EXAMPLE.Com', 'example.cOM', 'direct'],
  ['example.com.', 'example.com', 'direct'],
  ['example.com', 'example.com.', 'direct'],
  ['a.example,b.example', 'b.example', 'direct'],
  ['a.example b.example', 'b.example', 'direct'],
  [',, a.example,\tb.example ,', 'b.example', 'direct'],
  ['.', 'a.example', 'a'],
  ['192.0.2.7', '192.0.2.7', 'direct'],
  ['192.0.2.7', '192.0.2.70', 'a'],
  ['2.7', '192.0.2.7', 'a'],
  ['10.0.0.0/8', '10.1.2.3', 'direct'],
  ['10.0.0.1/8', '10.1.2.3', 'direct'],
  ['10.0.0.0/8', '11.1.2.3', 'a'],
  ['10.0.0.0/33', '10.0.0.0', 'a'],
  ['192.0.2.7/32', '192.0.2.7', 'direct'],
  ['127.0.0.0/8', 'localhost', 'a'],
  ['localhost', '127.0.0.1', 'a'],
  ['::1', '::1', 'direct'],
  ['::1', '::2', 'a'],
] as const)('NO_PROXY %j and %s: %s', async (list, host, way) => {
  const target = { host, port: 80, protocol: 'http:' } as const;
  expect(await ways({ http_proxy: 'http://PA', no_proxy: list }, target)).toEqual({ curl: way, ours: way });
});

it.each([
  ['http', { http_proxy: 'http://PA', https_proxy: 'http://PB' }, 'a'],
  ['https', { http_proxy: 'http://PA', https_proxy: 'http://PB' }, 'b'],
  ['http', { all_proxy: 'http://PA', https_proxy: 'http://PB' }, 'a'],
  ['https', { all_proxy: 'http://PA', http_proxy: 'http://PB' }, 'a'],
  ['https', { http_proxy: 'http://PA' }, 'direct'],
  ['http', { http_proxy: 'http://PA', all_proxy: 'http://PB' }, 'a'],
  ['https', { HTTPS_PROXY: 'http://PA' }, 'a'],
  ['https', { https_proxy: 'http://PA', HTTPS_PROXY: 'http://PB' }, 'a'],
  ['http', { all_proxy: 'http://PA', ALL_PROXY: 'http://PB' }, 'a'],
  ['https', { https_proxy: '', HTTPS_PROXY: 'http://PB' }, 'b'],
  ['https', { https_proxy: '', all_proxy: 'http://PA' }, 'a'],
  ['http', { http_proxy: 'PA' }, 'a'],
  ['http', { http_proxy: 'joe:pw@PA' }, 'a'],
  ['http', { all_proxy: 'socks5h://PA' }, 'a'],
  ['http', { HTTP_PROXY: 'http://PA', REQUEST_METHOD: 'GET' }, 'direct'],
  ['http', { HTTP_PROXY: 'http://PA', all_proxy: 'http://PB', REQUEST_METHOD: 'GET' }, 'b'],
  ['https', { https_proxy: 'http://PA', NO_PROXY: 'a.example' }, 'direct'],
  ['https', { https_proxy: 'http://PA', no_proxy: 'b.example', NO_PROXY: 'a.example' }, 'a'],
] as readonly (readonly ['http' | 'https', Variables, Way])[])(
  '%s and %j: %s',
  async (kind, variables, way) => {
    const target = { host: 'a.example', port: 80, protocol: `${kind}:` } as const;
    expect(await ways(variables, target)).toEqual({ curl: way, ours: way });
  },
);
