/** The first packets that a local sends for a link, made but not sent. */
import { concat } from '../shared/bytes.js';
import { reservedTarget } from '../shared/codec/address.js';
import { clientCipher } from '../shared/codec/session.js';
import { RequestSealer } from '../shared/codec/stream.js';
import type { ServerUri } from '../shared/config/uri.js';
import type { Environment } from '../shared/environment.js';
import { paddingOn } from '../shared/net/sealed.js';

/**
 * What is asked for most: a page over HTTPS. On the standard wire the target and the browser's ClientHello are in the
 * first packet; on the raw wire it is the greeting of the program, and the rest follows. Sealed, one byte is like another.
 */
const typical = {
  raw: { target: reservedTarget, payload: Uint8Array.of(5, 1, 0) },
  shadowsocks: { target: { host: 'www.example.com', port: 443 }, payload: new Uint8Array(517) },
} as const;

/** The bytes of one, all that goes out in the first write. */
export function firstPacket(uri: ServerUri, environment: Environment): Uint8Array {
  const { method, secret, wire, saltPrefix } = uri;
  const { target, payload } = typical[wire];
  const cipher = clientCipher(method, secret, 'native');
  const sealer = new RequestSealer(cipher, target, environment, { saltPrefix });
  const pieces: Uint8Array[] = [];
  sealer.seal(concat([...paddingOn(wire, environment), payload]), pieces);
  return concat(pieces);
}
