/**
 * The address ranges no remote dials for a stranger: all that the special-purpose registries of IANA list, and two
 * that clouds use for themselves. Addresses that carry an IPv4 address inside are taken apart first, since a
 * translator on the way would do the same.
 */
import { parseIp, unmapIp } from '../codec/ip.js';
import { inNetwork, type Network, parseNetwork } from '../codec/network.js';

interface Range {
  /** `loopback 127.0.0.0/8` */
  readonly name: string;
  readonly network: Network;
}

const ipv4Ranges = table([
  ['this network', '0.0.0.0/8'],
  ['private', '10.0.0.0/8'],
  ['carrier-grade NAT', '100.64.0.0/10'],
  ['loopback', '127.0.0.0/8'],
  ['Azure platform', '168.63.129.16/32'],
  ['link-local', '169.254.0.0/16'],
  ['private', '172.16.0.0/12'],
  ['IETF protocols', '192.0.0.0/24'],
  ['documentation', '192.0.2.0/24'],
  ['AS112', '192.31.196.0/24'],
  ['AMT', '192.52.193.0/24'],
  ['6to4 relay', '192.88.99.0/24'],
  ['private', '192.168.0.0/16'],
  ['AS112', '192.175.48.0/24'],
  ['benchmarking', '198.18.0.0/15'],
  ['documentation', '198.51.100.0/24'],
  ['documentation', '203.0.113.0/24'],
  ['multicast', '224.0.0.0/4'],
  ['reserved', '240.0.0.0/4'],
]);

const ipv6Ranges = table([
  ['unspecified', '::/128'],
  ['loopback', '::1/128'],
  ['NAT64', '64:ff9b::/96'],
  ['local NAT64', '64:ff9b:1::/48'],
  ['discard-only', '100::/64'],
  ['dummy', '100:0:0:1::/64'],
  ['IETF protocols', '2001::/23'],
  ['documentation', '2001:db8::/32'],
  ['6to4', '2002::/16'],
  ['AS112', '2620:4f:8000::/48'],
  ['documentation', '3fff::/20'],
  ['segment routing', '5f00::/16'],
  ['unique local', 'fc00::/7'],
  ['link-local', 'fe80::/10'],
  ['site-local', 'fec0::/10'],
  ['multicast', 'ff00::/8'],
]);

/** Where an IPv4 address sits inside an IPv6 one: the mark that says so, and the 4 bytes. */
interface Embedding {
  readonly name: string;
  readonly mark: (ip: Uint8Array) => boolean;
  readonly inside: (ip: Uint8Array) => Uint8Array;
}

const compatible = range('IPv4-compatible', '::/96');
const nat64 = range('NAT64', '64:ff9b::/96');
const sixToFour = range('6to4', '2002::/16');
const teredo = range('Teredo', '2001::/32');

const embeddings: readonly Embedding[] = [
  // RFC 4291 §2.5.5.1; `::` and `::1` have that form too and are no IPv4 addresses.
  {
    name: 'IPv4-compatible',
    mark: (ip) => inNetwork(compatible.network, ip) && !isTiny(ip),
    inside: (ip) => ip.subarray(12),
  },
  // RFC 6052 §2.1
  { name: 'NAT64', mark: (ip) => inNetwork(nat64.network, ip), inside: (ip) => ip.subarray(12) },
  // RFC 3056 §2
  { name: '6to4', mark: (ip) => inNetwork(sixToFour.network, ip), inside: (ip) => ip.subarray(2, 6) },
  // RFC 4380 §4: the client's address, every bit turned
  {
    name: 'Teredo',
    mark: (ip) => inNetwork(teredo.network, ip),
    inside: (ip) => ip.subarray(12).map((byte) => ~byte),
  },
  // RFC 5214 §6.1: 0000:5efe or, with the universal bit, 0200:5efe before the IPv4 address, under any prefix
  { name: 'ISATAP', mark: isIsatap, inside: (ip) => ip.subarray(12) },
];

/**
 * The name of the special range that holds `ip`, such as `loopback 127.0.0.0/8`, or undefined when the address is
 * public. What is no plain IP address, one with a zone id for instance, counts as special.
 */
export function refusedRange(ip: string): string | undefined {
  const bytes = parseIp(ip);
  if (bytes === undefined) return ip.includes('%') ? 'an address with a zone' : 'no IP address';
  const address = unmapIp(bytes);
  if (address.length === 4) return rangeOf(ipv4Ranges, address);
  for (const { name, mark, inside } of embeddings) {
    const found = mark(address) ? rangeOf(ipv4Ranges, inside(address)) : undefined;
    if (found !== undefined) return `${found} inside ${name}`;
  }
  return rangeOf(ipv6Ranges, address);
}

function rangeOf(ranges: readonly Range[], ip: Uint8Array): string | undefined {
  return ranges.find((each) => inNetwork(each.network, ip))?.name;
}

function isTiny(ip: Uint8Array): boolean {
  return ip.subarray(0, 15).every((byte) => byte === 0) && (ip[15] ?? 0) <= 1;
}

function isIsatap(ip: Uint8Array): boolean {
  return ((ip[8] ?? 0) & ~0x02) === 0 && ip[9] === 0 && ip[10] === 0x5e && ip[11] === 0xfe;
}

function table(rows: readonly (readonly [name: string, cidr: string])[]): readonly Range[] {
  return rows.map(([name, cidr]) => range(name, cidr));
}

function range(name: string, cidr: string): Range {
  const network = parseNetwork(cidr);
  if (network === undefined) throw new Error(`special range: expected ADDRESS/BITS, got ${cidr}`);
  return { name: `${name} ${cidr}`, network };
}
