/** Which ways can never carry datagrams, whoever the proxies on them are (shared/serve/way-out.ts puts them together). */
import type { DirectHop, Hop } from './proxy-uri.js';

type Proxy = Exclude<Hop, DirectHop>;

/** What stands at the end of the way and takes no datagrams there, in words; undefined where they may go through. */
export function stopsDatagrams(way: readonly Hop[]): string | undefined {
  const proxies = way.filter((hop): hop is Proxy => hop.kind !== 'direct');
  const last = proxies.at(-1);
  if (last === undefined) return undefined;
  const { alone, behind } = stops[last.kind === 'tunnel' ? last.uri.wire : last.kind];
  return proxies.length > 1 ? behind : alone;
}

/** What cannot, as the only proxy and behind others: packets go to the first alone, and one remote takes them in a stream. */
const stops: Readonly<
  Record<
    Exclude<Proxy['kind'], 'tunnel'> | 'raw' | 'shadowsocks',
    { readonly alone?: string; readonly behind?: string }
  >
> = {
  http: { alone: 'an HTTP proxy', behind: 'an HTTP proxy' },
  socks4: { alone: 'a SOCKS4 proxy', behind: 'a SOCKS4 proxy' },
  socks5: { behind: 'a SOCKS5 proxy behind another one' },
  shadowsocks: { behind: 'a Shadowsocks server behind a proxy' },
  raw: {},
};
