/**
 * How a local receives the clients whose words it passes on: it listens to the handshake as it goes by, answers what
 * nobody else has to answer (the greeting of SOCKS5), and keeps what is its own: UDP ASSOCIATE, and the pages of the
 * port itself.
 */
import type { Target } from '../shared/codec/address.js';
import type { HandshakeDriver } from '../shared/net/drive.js';
import type { Passer } from '../shared/outbound/outbound.js';
import { replyReaders } from '../shared/proxy/mixed.js';
import type { ReplyReader } from '../shared/proxy/request.js';
import { countdown, type FrontDoor, greet, type Newcomer } from '../shared/serve/inbound.js';
import type { Inbound, PassedRequest, ProxyRequest } from '../shared/serve/serve.js';

export const nothing: Uint8Array = new Uint8Array(0);

/** A door whose clients' words go to the remote as they are; `door.http` serves what only the local can answer. */
export interface PassingDoor extends FrontDoor {
  readonly pass: Passer;
  /** Connections are asked for by the local itself, whose clients are answered early. */
  readonly optimistic: boolean;
  /** Hooks are to see all that is for targets: nothing of it goes with the request. */
  readonly hooked: boolean;
  /** The remote asks clients who they are: what one asks for nobody else can. */
  readonly vouched?: true;
}

/** Receives the clients of such a door. */
export function passingDoor(door: PassingDoor): Inbound {
  return (driver, caller, signal) => passWords(door, { driver, caller, signal });
}

/** What a client wants of the remote, in its own words, or of the local itself. */
export async function passWords(door: PassingDoor, newcomer: Newcomer): Promise<ProxyRequest | undefined> {
  const { driver, caller, signal } = newcomer;
  const left = countdown(door.deadlineMs);
  const request = await greet(newcomer, door);
  if (request === 'http') {
    const { passHttp } = await import('./passing-http.js');
    const passed = await passHttp(door, newcomer, left);
    return passed ?? door.http(driver, caller, signal);
  }
  if (request.command === 'associate' || (door.optimistic && request.command === 'connect')) return request;
  const { command: asks, target, words, refused, protocol } = request;
  const reply = replyReaders[protocol];
  return passOn({ door, driver, target }, { asks, protocol, said: words, reply, refused });
}

interface Passing {
  readonly door: PassingDoor;
  readonly driver: HandshakeDriver;
  readonly target: Target;
}

interface Said extends Pick<PassedRequest, 'asks' | 'protocol' | 'refused'> {
  /** What the client has said up to its request. */
  readonly said: Uint8Array;
  readonly reply: ReplyReader | undefined;
}

/** What the client sends behind its request belongs to the conversation, and goes with it. */
export function passOn({ door, driver, target }: Passing, { said, reply, ...asked }: Said): PassedRequest {
  const spoken = { target, words: said, takeAhead: ahead(door, driver), reply };
  return { command: 'pass', target, passOn: (options) => door.pass(spoken, options), ...asked };
}

/** How what the client has sent behind its request is taken along. */
export function ahead({ hooked }: Pick<PassingDoor, 'hooked'>, driver: HandshakeDriver): () => Uint8Array {
  return () => (hooked ? nothing : driver.takeAhead());
}
