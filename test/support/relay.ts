/** The local's side of UDP alone: an association, and the client that asked for it. */
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import type { Cipher } from '../../shared/codec/stream.js';
import type { Environment } from '../../shared/environment.js';
import { createResolver } from '../../shared/net/resolve.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { tunnelAssociator } from '../../shared/outbound/associate.js';
import type { Association, AssociationClient } from '../../shared/outbound/outbound.js';
import { readUdpHeader, writeUdpHeader } from '../../shared/proxy/udp-header.js';
import { type UdpPeer, udpPeer } from './udp.js';

/** Whom packets are sent to. */
export interface FarEnd extends Target {
  readonly cipher: Cipher;
}

export type RelayChanges = Partial<AssociationClient> & { readonly environment?: Environment };

/** An association of a client on 127.0.0.1 that has announced nothing; closed when the test is over. */
export async function openRelay(remote: FarEnd, changes: RelayChanges = {}): Promise<Association> {
  const { environment = systemEnvironment, ...client } = changes;
  const resolver = createResolver();
  onTestFinished(() => {
    resolver.close();
  });
  const { host, port, cipher } = remote;
  const associate = tunnelAssociator({
    remote: { host, port },
    cipher,
    environment,
    resolver,
    timeouts: { dialMs: 5000 },
    crowded: () => undefined,
  });
  const association = await associate(
    { near: { host: '127.0.0.1', port: 1 }, host: '127.0.0.1', announced: unspecified, ...client },
    { signal: new AbortController().signal },
  );
  onTestFinished(() => {
    association.close();
  });
  return association;
}

/** What a client announces that does not know yet. */
export const unspecified: Target = { host: '0.0.0.0', port: 0 };

/** A datagram as a SOCKS5 client sends it; `fragment` is its FRAG byte. */
export function socksDatagram(target: Target, payload: Uint8Array | string, fragment = 0): Uint8Array {
  const datagram = writeUdpHeader(target, Buffer.from(payload));
  datagram[2] = fragment;
  return datagram;
}

/** The next answer that a client hears. Rejects when it is none. */
export async function socksAnswer(
  client: UdpPeer,
): Promise<{ readonly source: Target; readonly text: string }> {
  const { payload } = await client.next();
  const header = readUdpHeader(payload);
  if (header?.fragment !== 0) throw new Error(`answer: got ${payload.toString('hex')}`);
  return { source: header.target, text: Buffer.from(header.payload).toString() };
}

/** A client's socket. */
export function socksClient(host = '127.0.0.1', port = 0): Promise<UdpPeer> {
  return udpPeer({ host, port });
}
