/** The library's first words: dial through anything. */
import { environmentProxy } from '../shared/config/proxy-environment.js';
import {
  type DialOptions,
  hopsIn,
  type ProxyChoice,
  type ProxyOptions,
  type ProxyRule,
  type TargetChoice,
} from './choice.js';
import { dialerFor, dialOnce, type ProxyDialer } from './dialer.js';
import { type Installed, installDialer } from './install.js';
import type { ConnectedSocket } from './socket.js';

/** What stands where no proxy is named. */
let defaultProxy: ProxyChoice | undefined;

/**
 * One connection to `target` through `proxy`: a URI, several in the order in which they are gone through, or a rule. It
 * is there when the target has been reached, as far as the proxy says so. Rejects with a ProxyError, or with the reason
 * of `options.signal`.
 */
export async function dial(
  proxy: ProxyChoice,
  target: TargetChoice,
  options: ProxyOptions & DialOptions = {},
): Promise<ConnectedSocket> {
  return dialOnce(proxy, target, options);
}

/**
 * A dialer for many connections: through `proxy`, or the default proxy as it is now.
 * @throws GeneralProxyError for a proxy or an option that cannot be used.
 */
export function dialer(proxy: ProxyChoice = theDefault(), options: ProxyOptions = {}): ProxyDialer {
  return dialerFor(proxy, options);
}

/**
 * What dialers and `install` take that are told none. Undefined: what the environment names, as before.
 * @throws GeneralProxyError for a proxy that cannot be used.
 */
export function setDefaultProxy(proxy: ProxyChoice | undefined): void {
  if (proxy !== undefined && typeof proxy !== 'function') hopsIn(proxy, {});
  defaultProxy = proxy;
}

/**
 * What `ALL_PROXY`, `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` say, in small letters or capitals, read at once; as the
 * `proxy` of a dialer it is asked for each target.
 */
export function proxyFromEnvironment(
  variables: Readonly<Record<string, string | undefined>> = process.env,
): ProxyRule {
  return environmentProxy(variables);
}

/**
 * Has code that knows nothing of proxies go through one: Node's global agents of `http` and `https`, and `fetch`, be it
 * Node's own or that of an undici which the program has installed. Without a proxy, through the default one.
 * @throws GeneralProxyError for a proxy or an option that cannot be used.
 */
export function install(proxy?: ProxyChoice, options: ProxyOptions = {}): Installed {
  return installDialer(dialer(proxy, options));
}

function theDefault(): ProxyChoice {
  return defaultProxy ?? proxyFromEnvironment();
}
