import { getEventListeners, once } from 'node:events';
import net from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { ProxyBinding } from '../../client/binding.js';
import type { DialOptions } from '../../client/choice.js';
import { dialer } from '../../client/dial.js';
import type { ProxyDialer } from '../../client/dialer.js';
import { GeneralProxyError } from '../../client/proxy-error.js';
import { formatServerUri } from '../../shared/config/uri.js';
import { failureOfDial } from '../support/client.js';
import { connect } from '../support/peer.js';
import { startTunnel, uriOf } from '../support/tunnel.js';

it.each(['socks4', 'socks5', 'halflight'])(
  'a binding by %s that is closed says so to whoever waits for its connection',
  async (scheme) => {
    const { remote, local } = await startTunnel({ remote: { allowBind: true } });
    const uri = formatServerUri(uriOf(remote));
    const through = dialer(scheme === 'halflight' ? uri : `${scheme}://127.0.0.1:${local.port}`);
    onTestFinished(() => through.close());
    const binding = await through.bind({ host: '127.0.0.1', port: 0 });
    binding.close();
    const error = await binding.accepted.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(GeneralProxyError);
    expect(error).toMatchObject({ code: 'ERR_PROXY_DISPOSED' });
  },
);

describe('a binding whose connection has not come', () => {
  async function waiting(
    options: DialOptions = {},
  ): Promise<{ readonly through: ProxyDialer; readonly binding: ProxyBinding }> {
    const { local } = await startTunnel({ remote: { allowBind: true } });
    const through = dialer(`socks5://127.0.0.1:${local.port}`);
    onTestFinished(() => through.close());
    return { through, binding: await through.bind({ host: '127.0.0.1', port: 0 }, options) };
  }

  it('is given up when its signal is aborted, with the reason of that', async () => {
    const giving = new AbortController();
    const { binding } = await waiting({ signal: giving.signal, timeout: '5s' });
    const reason = new Error('the user has gone home');
    giving.abort(reason);
    await expect(binding.accepted).rejects.toBe(reason);
    expect(getEventListeners(giving.signal, 'abort')).toEqual([]);
  });

  it('is given up when its dialer is closed', async () => {
    const { through, binding } = await waiting();
    await through.close();
    await expect(binding.accepted).rejects.toMatchObject({
      name: 'GeneralProxyError',
      code: 'ERR_PROXY_DISPOSED',
    });
  });

  it('outlives the time of the dial', async () => {
    const { binding } = await waiting({ timeout: 300 });
    await new Promise((resolve) => setTimeout(resolve, 400));
    const caller = await connect(binding.bound.port);
    const socket = await binding.accepted;
    expect(socket.route).toMatchObject({ target: { host: '127.0.0.1' }, bound: binding.bound });
    await caller.send('I was told to call');
    const [words] = (await once(socket, 'data')) as [Buffer];
    expect(String(words)).toBe('I was told to call');
    socket.destroy();
  });

  it('hears in a ProxyError that another host has come', async () => {
    const { binding } = await waiting();
    const stranger = net.connect({ port: binding.bound.port, host: '127.0.0.1', localAddress: '127.0.0.7' });
    stranger.on('error', () => undefined);
    onTestFinished(() => {
      stranger.destroy();
    });
    const error = await failureOfDial(binding.accepted);
    expect(error).toMatchObject({ name: 'Socks5Error', code: 'ERR_PROXY_NOT_ALLOWED', reply: 2 });
  });
});
