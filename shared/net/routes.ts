/**
 * Which of several addresses a datagram is sent to. Nothing ever comes back from an address that leads nowhere, so
 * there is no race as for connections (dial.ts): all that can be asked is whether this host knows a way.
 */
import { createSocket } from 'node:dgram';

/**
 * The first IPv4 address, unless this host has no route to it and there is an IPv6 one; undefined for none. IPv4
 * first: many a host has IPv6 addresses that lead nowhere, and hardly one such IPv4 addresses.
 */
export async function routedAddress(addresses: readonly string[]): Promise<string | undefined> {
  const ipv4 = addresses.find((ip) => !ip.includes(':'));
  const ipv6 = addresses.find((ip) => ip.includes(':'));
  if (ipv4 === undefined || ipv6 === undefined) return ipv4 ?? ipv6;
  return (await hasRoute(ipv4)) ? ipv4 : ipv6;
}

/** Connecting a UDP socket sends nothing, but needs a route. */
function hasRoute(ip: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const settle = (found: boolean): void => {
      socket.close();
      resolve(found);
    };
    socket.once('error', () => {
      settle(false);
    });
    // Any port: nobody hears of it. Errors of the connection go to the callback, those of the socket to its event.
    socket.connect(9, ip, (error?: Error) => {
      settle(error === undefined);
    });
  });
}
