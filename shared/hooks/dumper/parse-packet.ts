/** Takes apart the packets that packets.ts puts together. */

/** What a packet carries. */
export interface Carried {
  readonly transport: 'tcp' | 'udp';
  /** A sum of `tcpFlags`; 0 of UDP. */
  readonly flags: number;
  readonly payload: Buffer;
}

/** What such a packet carries; undefined when it is none of ours. */
export function parsePacket(packet: Buffer): Carried | undefined {
  const version = (packet[0] ?? 0) >>> 4;
  const wide = version === 6;
  const headerLength = wide ? 40 : 4 * ((packet[0] ?? 0) & 0x0f);
  if ((version !== 4 && !wide) || headerLength < 20 || packet.length < headerLength + 8) return undefined;
  const length = wide ? 40 + packet.readUInt16BE(4) : packet.readUInt16BE(2);
  if (length !== packet.length) return undefined;
  const protocol = packet[wide ? 6 : 9] ?? 0;
  const inner = packet.subarray(headerLength);
  return protocols.get(protocol)?.(inner);
}

const protocols: ReadonlyMap<number, (inner: Buffer) => Carried | undefined> = new Map([
  [6, parseTcp],
  [17, parseUdp],
]);

function parseTcp(segment: Buffer): Carried | undefined {
  const headerLength = 4 * ((segment[12] ?? 0) >>> 4);
  if (headerLength < 20 || segment.length < headerLength) return undefined;
  return { transport: 'tcp', flags: segment[13] ?? 0, payload: segment.subarray(headerLength) };
}

function parseUdp(datagram: Buffer): Carried {
  return { transport: 'udp', flags: 0, payload: datagram.subarray(8) };
}
