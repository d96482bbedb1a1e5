import { describe, expect, it } from 'vitest';
import { dial, dialer, setDefaultProxy } from '../../client/dial.js';
import { GeneralProxyError } from '../../client/proxy-error.js';
import { expectNothingLeft, failureOfDial, remains } from '../support/client.js';
import { deadPort } from '../support/targets.js';

const password = 'Zebra-77';
const target = { host: 'target.example', port: 80 };

describe('what cannot be dialled', () => {
  it.each([
    ['gopher://127.0.0.1:1', 'ERR_PROXY_TYPE'],
    ['127.0.0.1:1080', 'ERR_PROXY_INPUT'],
    ['', 'ERR_PROXY_INPUT'],
    ['socks5://', 'ERR_PROXY_INPUT'],
    ['socks5://127.0.0.1:99999', 'ERR_PROXY_INPUT'],
    ['socks5://127.0.0.1:1?tiemout=5s', 'ERR_PROXY_INPUT'],
    [`socks4://a:${password}@127.0.0.1`, 'ERR_PROXY_INPUT'],
    [`ss://aes-256-gcm:${password}@`, 'ERR_PROXY_INPUT'],
  ])('the proxy %j: %s', async (uri, code) => {
    const error = await failureOfDial(dial(uri, target));
    expect(error).toBeInstanceOf(GeneralProxyError);
    expect(error).toMatchObject({ code, phase: undefined, reply: undefined, proxy: undefined });
  });

  it.each(['target.example', 'target.example:0', ':80', 'a b:80', '::1:80', ''])(
    'the target %j',
    async (asked) => {
      const error = await failureOfDial(dial('direct:', asked));
      expect(error).toMatchObject({ name: 'GeneralProxyError', code: 'ERR_PROXY_INPUT' });
    },
  );

  it.each([{ timeout: 'soon' }, { timeout: -1 }, { timeout: 0 }, { timeout: Number.NaN }])(
    'the options %j',
    async (options) => {
      const error = await failureOfDial(dial('direct:', target, options));
      expect(error).toMatchObject({ name: 'GeneralProxyError', code: 'ERR_PROXY_INPUT' });
    },
  );

  it.each([
    ['an empty list of proxies', () => dial([], target)],
    ['an option that nobody knows', () => dial('direct:', target, { tiemout: '5s' } as object)],
    ['a signal that is none', () => dial('direct:', target, { signal: 5 as unknown as AbortSignal })],
    ['a target that is a URL', () => dial('direct:', new URL('http://target.example:80/'))],
    [
      'TLS options that Node refuses',
      () => dial('https://127.0.0.1:1', target, { proxyTls: { key: 'none' } }),
    ],
    ['a bad host to wait for', () => dialer('direct:').bind('a..b:1')],
    [
      'a default that is no proxy',
      () =>
        Promise.resolve().then(() => {
          setDefaultProxy('nope');
        }),
    ],
  ])('%s', async (_, dialled) => {
    const before = remains();
    expect(await failureOfDial(dialled())).toMatchObject({
      name: 'GeneralProxyError',
      code: 'ERR_PROXY_INPUT',
    });
    await expectNothingLeft(before);
  });

  it('a signal of null is none, as with fetch', async () => {
    const dialled = dial('direct:', { host: '127.0.0.1', port: await deadPort() }, { signal: null });
    expect(await failureOfDial(dialled)).toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('dns and rdns that contradict each other', async () => {
    const error = await failureOfDial(dial('direct:', target, { dns: 'remote', rdns: false }));
    expect(error).toMatchObject({ code: 'ERR_PROXY_INPUT' });
  });
});
