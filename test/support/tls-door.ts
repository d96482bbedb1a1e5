/** TLS in front of what has none. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { onTestFinished } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { type Certificate, keyAndCertificate } from './web.js';

export interface DoorOptions {
  readonly certificate?: Certificate;
  /** Told of each name that somebody asked for; false for none. */
  readonly asked?: (name: unknown) => void;
}

/** A port of this host that speaks TLS until the test is over, and leads to another one. */
export async function secured(
  port: number,
  { certificate = 'server', asked }: DoorOptions = {},
): Promise<Target> {
  const door = tls.createServer({ ...keyAndCertificate(certificate), allowHalfOpen: true }, (near) => {
    asked?.((near as tls.TLSSocket & { readonly servername?: unknown }).servername);
    const far = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy());
    far.on('error', () => near.destroy());
  });
  door.on('tlsClientError', () => undefined);
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
  onTestFinished(() => {
    door.close();
  });
  return { host: 'localhost', port: (door.address() as net.AddressInfo).port };
}
