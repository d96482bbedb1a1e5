import { expect, it, onTestFinished } from 'vitest';
import { dialer } from '../../client/dial.js';
import { GeneralProxyError } from '../../client/proxy-error.js';
import { formatServerUri } from '../../shared/config/uri.js';
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
