/** The environment variables by which programs find a proxy. No standard has them; what each program reads differs. */
import { formatTarget } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import type { Credential } from './credentials.js';
import { parseListen } from './listen.js';
import { reachable } from './service-address.js';
import type { ListenAddress } from './settings.js';
import { escapeText } from './uri-text.js';

/** A variable and its value. */
export type Variable = readonly [name: string, value: string];

/** What is on this machine is not behind the proxy. */
const notProxied = 'localhost,127.0.0.1,::1';

const names = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'] as const;

/** In both cases: curl reads `http_proxy` in small letters only, others read capitals only. */
export const proxyVariableNames: readonly string[] = names.flatMap((name) => [name, name.toUpperCase()]);

/**
 * What programs are told of the local at `port`: by HTTP where they know it (npm ignores all_proxy, wget has no SOCKS),
 * by SOCKS5 with names looked up at the remote for all else.
 */
export function proxyVariables(port: ListenAddress, credential: Credential | undefined): readonly Variable[] {
  const login =
    credential === undefined ? '' : `${escapeText(credential.user)}:${escapeText(credential.password)}@`;
  const authority = `${login}${formatTarget(port)}`;
  const values: Readonly<Record<(typeof names)[number], string>> = {
    http_proxy: `http://${authority}`,
    https_proxy: `http://${authority}`,
    all_proxy: `socks5h://${authority}`,
    no_proxy: notProxied,
  };
  return names.flatMap((name) => [
    [name, values[name]],
    [name.toUpperCase(), values[name]],
  ]);
}

/** Where a local that runs is to be found: `text` as its `--listen` had it, 127.0.0.1:1080 by default. */
export function readLocalPort(text: string | undefined): ListenAddress {
  const port = reachable(parseListen(text ?? '1080', '127.0.0.1'));
  if (port.port === 0) throw new ConfigError('local port: expected 1 to 65535, got 0');
  return port;
}
