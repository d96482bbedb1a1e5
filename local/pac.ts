/** The one page of a local's own: a script that tells a browser to use this very port (PAC). */
import type { OwnPage } from '../shared/serve/http.js';

const path = '/proxy.pac';
/** A host, and a port unless it is 80, and nothing that could be more than that inside a script. */
const authority = /^(?:[A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:.]{2,45}\])(?::\d{1,5})?$/;

/** What the script offers a browser. */
export interface PacChoices {
  /** A browser whose tunnel is gone goes on without it; otherwise it shows an error. */
  readonly direct: boolean;
  /** Somebody asks for credentials on the way: no browser sends any by SOCKS5. */
  readonly asksForCredentials: boolean;
}

/**
 * The page at `asked`, for whoever asked `host` (`127.0.0.1:1080`) for it; undefined when there is none.
 *
 * `SOCKS5` comes first because it costs no head for each connection; `PROXY` is for those that know no SOCKS.
 */
export function pacPage({
  direct,
  asksForCredentials,
}: PacChoices): (asked: string, host: string) => OwnPage | undefined {
  return (asked, host) => {
    if (asked.split('?')[0] !== path || !authority.test(host)) return undefined;
    const port = /:\d+$/.test(host) ? host : `${host}:80`;
    const socks = asksForCredentials ? [] : [`SOCKS5 ${port}`];
    const ways = [...socks, `PROXY ${port}`, ...(direct ? ['DIRECT'] : [])].join('; ');
    return { type: 'application/x-ns-proxy-autoconfig', body: script(ways) };
  };
}

/** What is on this computer is not for the tunnel: to the remote those names mean itself. */
function script(ways: string): string {
  return `function FindProxyForURL(url, host) {
  var here = ["127.0.0.1", "::1", "[::1]"];
  if (isPlainHostName(host) || here.indexOf(host) >= 0 || dnsDomainIs(host, ".localhost")) return "DIRECT";
  return "${ways}";
}
`;
}
