/**
 * How a local receives the clients whose words it passes on: it listens to the handshake as it goes by, answers what
 * nobody else has to answer (the greeting of SOCKS5), and keeps what is its own: UDP ASSOCIATE, and the pages of the
 * port itself.
 */
import { concat } from '../shared/bytes.js';
import type { Target } from '../shared/codec/address.js';
import type { HandshakeDriver } from '../shared/net/drive.js';
import type { Passer } from '../shared/outbound/outbound.js';
import { readUntil } from '../shared/proxy/handshake.js';
import { httpRefusal } from '../shared/proxy/http-refusal.js';
import { readHttpReply } from '../shared/proxy/http-reply.js';
import { readRequestLine } from '../shared/proxy/http-target.js';
import { replyReaders } from '../shared/proxy/mixed.js';
import type { ReplyReader } from '../shared/proxy/request.js';
import { type FrontDoor, greet } from '../shared/serve/inbound.js';
import type { Caller, Inbound, PassedRequest, ProxyRequest } from '../shared/serve/serve.js';

/** The longest first line of an HTTP request that is passed on. Longer ones are refused here. */
const longestLine = 16 * 1024;
const lineFeed = 0x0a;

/** A door whose clients' words go to the remote as they are; `door.http` serves what only the local can answer. */
export interface PassingDoor extends FrontDoor {
  readonly pass: Passer;
}

/** Receives the clients of such a door. */
export function passingDoor(door: PassingDoor): Inbound {
  return (driver, caller) => passWords(door, driver, caller);
}

/** What a client wants of the remote, in its own words, or of the local itself. */
export async function passWords(
  door: PassingDoor,
  driver: HandshakeDriver,
  caller: Caller,
): Promise<ProxyRequest | undefined> {
  const request = await greet(driver, caller, door);
  if (request === 'http') return (await passHttp(door, driver)) ?? door.http(driver, caller);
  if (request.command === 'associate') return request;
  const { target, words, refused, protocol } = request;
  return passOn({ door, driver, target }, { said: words, reply: replyReaders[protocol], refused });
}

/** Undefined for a request that is not for the remote; nothing has been taken of it then. */
async function passHttp(door: PassingDoor, driver: HandshakeDriver): Promise<PassedRequest | undefined> {
  const said = await driver.run(readUntil(lineFeed, longestLine), door.deadlineMs);
  const line = readRequestLine(said);
  if (line === undefined) {
    driver.putBack(said);
    return undefined;
  }
  const { method, target } = line;
  const reply = method === 'CONNECT' ? readHttpReply : undefined;
  return passOn({ door, driver, target }, { said, reply, refused: (reason) => httpRefusal(target, reason) });
}

interface Passing {
  readonly door: PassingDoor;
  readonly driver: HandshakeDriver;
  readonly target: Target;
}

interface Said extends Pick<PassedRequest, 'refused'> {
  /** What the client has said up to its request. */
  readonly said: Uint8Array;
  readonly reply: ReplyReader | undefined;
}

/** What the client sends behind its request belongs to the conversation, and goes with it. */
function passOn({ door, driver, target }: Passing, { said, reply, refused }: Said): PassedRequest {
  const words = (): Uint8Array => concat([said, driver.takeAhead()]);
  return { command: 'pass', target, passOn: (options) => door.pass({ words, reply }, options), refused };
}
