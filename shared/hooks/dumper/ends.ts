/** The two ends of a conversation as packets name them. */
import { createHash } from 'node:crypto';
import { type Target, unspecifiedTarget } from '../../codec/address.js';
import { parseIp, unmapIp } from '../../codec/ip.js';
import type { ConnectionFacts } from '../../observe/connection.js';
import type { Endpoint } from './packets.js';
import type { NamedAddress } from './pcapng.js';

export interface ConversationEnds {
  readonly client: Endpoint;
  readonly target: Endpoint;
  /** What stands for a name, or for the path of a unix socket. */
  readonly names: readonly NamedAddress[];
}

/**
 * The client's address and the target's. What has none, for it is a name that others look up or a unix socket, gets one out of the
 * ranges for documentation (RFC 5737, RFC 3849), always the same one for the same name. Where one end has IPv4 and the other IPv6,
 * the first is written as IPv4-mapped (RFC 4291 §2.5.5.2).
 */
export function endsOf({ client, target = unspecifiedTarget }: ConnectionFacts): ConversationEnds {
  const known = [addressOf(client.remote), addressOf(target)] as const;
  const wide = known.some((address) => address?.length === 16);
  const names: NamedAddress[] = [];
  const [from, to] = [client.remote, target].map(({ host, port }, index) => {
    const address = known[index];
    // Programs that read captures take port 0 for a mistake.
    const endpoint = { address: inFamily(address ?? madeUp(host, wide), wide), port: port === 0 ? 1 : port };
    if (address === undefined) names.push({ address: endpoint.address, name: host === '' ? 'unix' : host });
    return endpoint;
  }) as [Endpoint, Endpoint];
  return { client: from, target: to, names };
}

function addressOf({ host }: Target): Uint8Array | undefined {
  const address = parseIp(host);
  return address && unmapIp(address);
}

function inFamily(address: Uint8Array, wide: boolean): Uint8Array {
  if (!wide || address.length === 16) return address;
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...address);
}

/** 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24. */
const networks = [
  [192, 0, 2],
  [198, 51, 100],
  [203, 0, 113],
] as const;

function madeUp(name: string, wide: boolean): Uint8Array {
  const chance = createHash('sha256').update(name.toLowerCase()).digest();
  if (wide) return Uint8Array.of(0x20, 0x01, 0x0d, 0xb8, ...chance.subarray(4, 16));
  const [network = networks[0]] = networks.slice((chance[0] ?? 0) % networks.length);
  return Uint8Array.of(...network, 1 + ((chance[1] ?? 0) % 254));
}
