/**
 * The proxy that a program's environment names. No standard has these variables. Where programs differ they are read here
 * as curl reads them; what only others know (`host:port`, `*.suffix`) is known besides.
 */
import type { Target } from '../codec/address.js';
import { canonicalIp, parseIp, unmapIp } from '../codec/ip.js';
import { inNetwork, type Network, parseNetwork } from '../codec/network.js';
import { type HostAndPort, readPort, splitHostPort } from './host-port.js';
import { nonEmpty, type Variables } from './variables.js';

/** A target, and what is going to be spoken with it, where that is known: it tells whose variables are meant. */
export interface ProxiedTarget extends Target {
  readonly protocol?: 'http:' | 'https:';
}

/** Whose variables count, first one first. A proxy for https takes any target: it is asked by CONNECT. */
const variablesOf = {
  'http:': ['http_proxy', 'all_proxy'],
  'https:': ['https_proxy', 'all_proxy'],
  other: ['all_proxy', 'https_proxy'],
} as const satisfies Readonly<Record<string, readonly Name[]>>;

/** A variable's name in small letters. */
type Name = 'http_proxy' | 'https_proxy' | 'all_proxy' | 'no_proxy';

const direct = 'direct:';

/**
 * The URI of the proxy for a target, or `direct:`; it is not judged here. `variables` are read once.
 *
 * Small letters win over capitals, and an empty variable counts as none. A value without a scheme is a proxy that speaks
 * HTTP. `NO_PROXY` is a list, with commas or blanks between: names (with all that lie below them), `.suffixes`, IP
 * addresses, each of these with or without a port, networks (`10.0.0.0/8`), or `*`. No name is looked up to see whether
 * its address is in there, and what makes no sense is passed over.
 */
export function environmentProxy(variables: Variables): (target: ProxiedTarget) => string {
  // Where the system does not tell capitals from small letters, a plain object does.
  const own = { ...variables };
  const exemptions = readExemptions(valueOf(own, 'no_proxy') ?? '');
  return (target) => {
    if (exemptions.some((exempts) => exempts(target))) return direct;
    const names = variablesOf[target.protocol ?? 'other'];
    const value = names.map((name) => valueOf(own, name)).find((each) => each !== undefined);
    return value === undefined ? direct : withScheme(value);
  };
}

function valueOf(variables: Variables, name: Name): string | undefined {
  const small = nonEmpty(variables[name]);
  // To a CGI program, HTTP_PROXY is what a stranger sent as the header `Proxy` (CVE-2016-5385).
  if (small !== undefined || (name === 'http_proxy' && variables['REQUEST_METHOD'] !== undefined))
    return small;
  return nonEmpty(variables[name.toUpperCase()]);
}

function withScheme(value: string): string {
  return value.includes('://') || value.toLowerCase() === direct ? value : `http://${value}`;
}

type Exemption = (target: Target) => boolean;

function readExemptions(list: string): readonly Exemption[] {
  return list
    .split(/[\s,]+/)
    .map(readExemption)
    .filter((exemption) => exemption !== undefined);
}

function readExemption(entry: string): Exemption | undefined {
  const network = parseNetwork(entry);
  if (network !== undefined) return ({ host }) => within(network, host);
  // An IPv6 address without brackets is one, whatever its last group looks like.
  const address: HostAndPort = { host: entry, bracketed: false };
  const split = parseIp(entry) === undefined ? splitHostPort(entry) : address;
  const names = split === undefined ? undefined : readHost(split.host);
  if (split === undefined || names === undefined) return undefined;
  if (split.port === undefined) return ({ host }) => names(host);
  const only = readPort(split.port);
  return ({ host, port }) => port === only && names(host);
}

function within(network: Network, host: string): boolean {
  const ip = parseIp(host);
  return ip !== undefined && inNetwork(network, unmapIp(ip));
}

function readHost(text: string): ((host: string) => boolean) | undefined {
  if (text === '*') return () => true;
  if (parseIp(text) !== undefined) {
    const ip = canonicalIp(text);
    return (host) => canonicalIp(host) === ip;
  }
  const suffix = plainName(text.replace(/^\*?\./, ''));
  if (suffix === '') return undefined;
  return (host) => {
    const name = plainName(host);
    return name === suffix || (name.endsWith(`.${suffix}`) && parseIp(host) === undefined);
  };
}

function plainName(name: string): string {
  return name.toLowerCase().replace(/\.$/, '');
}
