import type { Environment } from '../environment.js';

/**
 * What separates the two wires above the seal. On the raw wire each direction opens with padding and ends with an
 * authenticated end mark (docs/raw-wire.md §2); on the standard wire a direction ends with the FIN of its TCP connection.
 */
export type Wire = 'raw' | 'shadowsocks';

/** What a direction opens with: one length byte N and N random bytes (docs/raw-wire.md §2); nothing on the standard wire. */
export function paddingOn(wire: Wire, environment: Environment): Uint8Array[] {
  if (wire === 'shadowsocks') return [];
  const length = environment.randomBytes(1);
  return [length, environment.randomBytes(length[0] ?? 0)];
}
