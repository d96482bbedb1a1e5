/** What a caller says of proxies and targets, read. */
import { type ConnectionOptions, createSecureContext } from 'node:tls';
import type { Target } from '../shared/codec/address.js';
import { checkOptions } from '../shared/config/options.js';
import { parseDuration } from '../shared/config/duration.js';
import { ConfigError, messageOf } from '../shared/errors.js';
import type { ProxiedTarget } from '../shared/config/proxy-environment.js';
import { type Hop, parseHop } from '../shared/config/proxy-uri.js';
import { parseTarget, type TargetChoice, type TargetRules } from '../shared/config/target.js';
import { inputFailure } from './failure.js';

export type { ProxiedTarget } from '../shared/config/proxy-environment.js';
export type { TargetChoice } from '../shared/config/target.js';

/** A proxy as one line of text, such as `socks5://user:password@host:1080?timeout=5s`. */
export type ProxyUri = string | URL;

/** Says, for each target, which way leads to it. */
export type ProxyRule = (target: ProxiedTarget) => ProxyUri | readonly ProxyUri[];

/** One proxy, several in the order in which they are gone through, none of them (`[]`, `direct:`), or a rule. */
export type ProxyChoice = ProxyUri | readonly ProxyUri[] | ProxyRule;

/** Milliseconds, or text such as `5s`, `250ms`, `2m`. */
export type Duration = number | string;

/** What holds for each dial of a dialer. */
export interface ProxyOptions {
  /** For all stages of a dial together; 30 s by default. Each proxy may have one of its own in its query. */
  readonly timeout?: Duration | undefined;
  /** Where names are looked up: at the proxy, as by default, or here. */
  readonly dns?: 'remote' | 'local' | undefined;
  /** As PySocks has it: `false` is `dns: 'local'`. */
  readonly rdns?: boolean | undefined;
  /** TLS to targets, as far as this dialer begins it: for `connect` and `httpsAgent`. */
  readonly tls?: ConnectionOptions | undefined;
  /** TLS to proxies with `https://`. */
  readonly proxyTls?: ConnectionOptions | undefined;
}

/** What holds for one dial. */
export interface DialOptions {
  /** Gives up at once; the dial rejects with its reason. */
  readonly signal?: AbortSignal | null | undefined;
  /** For all stages together, in place of the dialer's. */
  readonly timeout?: Duration | undefined;
}

const defaultTimeoutMs = 30_000;

/** What `read` brings. Throws a GeneralProxyError in place of what is wrong with the input. */
export function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw inputFailure(error) ?? error;
  }
}

/** The proxies that a text, or a list of them, names. */
export function hopsIn(chosen: ProxyUri | readonly ProxyUri[], options: ProxyOptions): readonly Hop[] {
  // Not the other way round: callers without types may have chosen anything.
  const uris: readonly ProxyUri[] = Array.isArray(chosen) ? chosen : [chosen as ProxyUri];
  return reading(() => {
    // What was empty by mistake must not come to mean that nobody wanted a proxy.
    if (uris.length === 0) throw new ConfigError('proxy: expected at least one, got none (direct: is none)');
    const dns = namesIn(options);
    return uris.map((uri) => parseHop(uri, dns === undefined ? {} : { dns }));
  });
}

const dialOptions = { signal: 'any', timeout: 'any' } as const;
const proxyOptions = {
  timeout: 'any',
  dns: 'text',
  rdns: 'switch',
  tls: 'object',
  proxyTls: 'object',
} as const;

/** Checks what callers without types may have given. @throws GeneralProxyError */
export function checkProxyOptions(options: ProxyOptions): void {
  reading(() => {
    checkOptions(options, proxyOptions);
    for (const name of ['tls', 'proxyTls'] as const) checkTls(name, options[name]);
  });
}

/** The same for one dial. A signal may be null, as with fetch. @throws GeneralProxyError */
export function checkDialOptions(options: DialOptions): void {
  reading(() => {
    checkOptions(options, dialOptions);
    const signal: unknown = options.signal ?? undefined;
    if (signal === undefined || signal instanceof AbortSignal) return;
    throw new ConfigError('signal: expected an AbortSignal, got something else');
  });
}

/** What Node refuses is refused here, and not at every dial. */
function checkTls(name: string, options: ConnectionOptions | undefined): void {
  if (options === undefined) return;
  try {
    createSecureContext(options);
  } catch (error) {
    throw new ConfigError(`${name}: expected options that Node can use, got ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** Where a dial goes; a binding waits for any port when it names 0. */
export function targetIn(choice: TargetChoice, rules: TargetRules = {}): Target {
  return reading(() => {
    if (choice instanceof URL) throw new ConfigError('target: expected HOST:PORT, got a URL');
    return parseTarget(choice, 'target', rules);
  });
}

/** How long a dial may take, ms. */
export function timeoutIn(...said: readonly (Duration | undefined)[]): number {
  const first = said.find((duration) => duration !== undefined);
  return first === undefined ? defaultTimeoutMs : reading(() => parseDuration(first, 'timeout'));
}

function namesIn({ dns, rdns }: ProxyOptions): ProxyOptions['dns'] {
  const said = rdns === undefined ? dns : rdns ? 'remote' : 'local';
  const places: readonly unknown[] = [undefined, 'remote', 'local'];
  if (!places.includes(dns)) throw new ConfigError('dns: expected remote or local, got something else');
  if (dns !== undefined && said !== dns) {
    throw new ConfigError(`dns and rdns: expected them to agree, got dns ${dns} and rdns ${String(rdns)}`);
  }
  return said;
}
