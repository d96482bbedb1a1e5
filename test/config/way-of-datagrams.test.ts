import { describe, expect, it } from 'vitest';
import { checkForwards, parseLocalForward, parseVia } from '../../shared/config/forward-places.js';
import { stopsDatagrams } from '../../shared/config/way-of-datagrams.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { createResolver } from '../../shared/net/resolve.js';
import { HopError } from '../../shared/outbound/hop.js';
import { wayOut } from '../../shared/serve/way-out.js';

const udp = parseLocalForward('53:a:1/udp');

describe('a forward of UDP', () => {
  it.each([
    [['http://127.0.0.1:1'], 'an HTTP proxy'],
    [['socks5://127.0.0.1:1', 'https://127.0.0.1:2'], 'an HTTP proxy'],
    [['socks4a://127.0.0.1:1'], 'a SOCKS4 proxy'],
    [['http://127.0.0.1:1', 'socks5://127.0.0.1:2'], 'a SOCKS5 proxy behind another one'],
    [['http://127.0.0.1:1', 'ss://aes-256-gcm:x@127.0.0.1:2'], 'a Shadowsocks server behind a proxy'],
  ])('cannot go through %j, which never carry it', async (uris, got) => {
    const via = parseVia(uris);
    const message = `forward 127.0.0.1:53/udp: expected a way that carries UDP, got ${got}`;
    expect(() => {
      checkForwards([{ ...udp, via }], { way: [] });
    }).toThrow(message);
    expect(() => {
      checkForwards([udp], { way: via });
    }).toThrow(message);
    expect(() => {
      checkForwards([{ ...udp, transport: 'tcp' }], { way: via });
    }).not.toThrow();
    expect(await faultOf(uris)).toBe('unsupported');
  });

  it.each([
    [['socks5://127.0.0.1:1']],
    [['ss://aes-256-gcm:x@127.0.0.1:1']],
    [['http://127.0.0.1:1', 'halflight://aes-256-gcm:x@127.0.0.1:2']],
  ])('may go through %j', async (uris) => {
    expect(stopsDatagrams(parseVia(uris))).toBeUndefined();
    expect(await faultOf(uris)).not.toBe('unsupported');
  });

  it('of a local goes through servers that are not known here', () => {
    expect(() => {
      checkForwards([udp], {});
    }).not.toThrow();
  });
});

/** How the way fails that is put together of these, where nobody listens. */
async function faultOf(uris: readonly string[]): Promise<unknown> {
  const resolver = createResolver();
  const way = wayOut(parseVia(uris), { environment: systemEnvironment, resolver });
  try {
    (await way.datagrams({ signal: AbortSignal.timeout(5000) })).close();
    return undefined;
  } catch (error) {
    return error instanceof HopError ? error.fault : error;
  } finally {
    way.close();
    resolver.close();
  }
}
