/**
 * Shadowsocks datagrams from both ends: a local seals what an application sends and opens what comes back, a remote
 * opens the first and seals the second. Pure: who sends packets where, and for how long, is the caller's business.
 */
import type { Environment } from '../environment.js';
import type { Method } from './methods.js';
import type { PacketClient, PacketEdition, PacketServer } from './packets-edition.js';
import { sip004Packets } from './packets-sip004.js';
import { sip022Packets } from './packets-sip022.js';
import type { Cipher, Roster } from './session.js';

export type {
  OpenedAnswer,
  OpenedPacket,
  PacketClient,
  PacketSealer,
  PacketServer,
  PacketSession,
} from './packets-edition.js';

const editions = { 2017: sip004Packets, 2022: sip022Packets } satisfies Record<
  Method['edition'],
  PacketEdition
>;

/** The local's side of a new association. */
export function packetClient(cipher: Cipher, environment: Environment): PacketClient {
  return editions[cipher.method.edition].client(cipher, environment);
}

/**
 * The remote's side; one for all clients of a key, because they share its memory of packets seen. With `users`, even
 * with none, only these may ask, and `cipher` is the remote's own.
 */
export function packetServer(cipher: Cipher, environment: Environment, users?: Roster): PacketServer {
  return editions[cipher.method.edition].server(cipher, environment, users);
}
