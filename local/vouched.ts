/**
 * How a local receives the clients of a remote that asks for credentials itself (`halflight://…?auth=remote`): it
 * answers nothing. Greeting and credentials go to the remote one by one, and its answers come back; only then does the
 * client say what it wants. It is a round trip for each.
 */
import { ProtocolError } from '../shared/errors.js';
import type { DialerOptions } from '../shared/outbound/outbound.js';
import { answer, converse, type RawConversation } from '../shared/outbound/conversation.js';
import type { Tunnel } from '../shared/outbound/reach.js';
import { passThrough } from '../shared/outbound/tunnel.js';
import { peek, read } from '../shared/proxy/handshake.js';
import { readCredentials } from '../shared/proxy/socks5-auth.js';
import { readSocks5Reply } from '../shared/proxy/socks5-client.js';
import { readGreeting, readRequest } from '../shared/proxy/socks5.js';
import { countdown, type Newcomer } from '../shared/serve/inbound.js';
import type { Caller, Inbound, ProxyRequest } from '../shared/serve/serve.js';
import { ahead, type PassingDoor, passWords } from './passing.js';

const socks5 = 5;
const byPassword = 2;
const noneAcceptable = 0xff;

/** A conversation in which the remote has answered the greeting. */
export interface Greeted {
  readonly tunnel: Tunnel;
  readonly conversation: RawConversation;
  /** Its answer: two bytes, owned. */
  readonly reply: Uint8Array;
}

/** Passes a greeting on to a remote. Rejects as a `Dialer` does. */
export type Greeter = (greeting: Uint8Array, options: DialerOptions) => Promise<Greeted>;

/** Greets the far end of a tunnel. */
export function rawGreeter(tunnel: Tunnel): Greeter {
  return (greeting, { signal }) =>
    converse(tunnel, { signal }, async (conversation) => {
      const { driver } = conversation;
      // What is said is given away, and this may have to be said again elsewhere.
      driver.say(greeting.slice());
      const talk = driver.run(read(2), tunnel.timeouts.replyMs, { signal });
      return { tunnel, conversation, reply: await answer(tunnel, conversation, talk) };
    });
}

/** A door to a remote that knows who may come in. */
export interface VouchedDoor extends PassingDoor {
  readonly greet: Greeter;
}

/** Receives the clients of such a door. SOCKS4 and HTTP say who they are in their request, which is passed on anyhow. */
export function vouchedDoor(door: VouchedDoor): Inbound {
  return async (driver, caller, signal) => {
    const newcomer = { driver, caller, signal };
    const left = countdown(door.deadlineMs);
    const [first] = await driver.run(peek(1), left(), { signal });
    if (first !== socks5) return passWords({ ...door, deadlineMs: left(), vouched: true }, newcomer);
    const greeting = await driver.run(readGreeting(), left(), { signal });
    const greeted = await door.greet(greeting, {
      signal,
      through: (server) => {
        caller.through(server);
      },
    });
    try {
      return await letIn({ ...newcomer, ...greeted, door, left });
    } catch (error) {
      greeted.conversation.stream.abort();
      throw error;
    }
  };
}

interface Between extends Newcomer, Greeted {
  readonly door: VouchedDoor;
  /** What the client has left for all that it says up to its request, ms. */
  readonly left: () => number;
}

/** The client's way past the remote's door, up to its request. */
async function letIn(between: Between): Promise<ProxyRequest> {
  const { tunnel, door, driver, caller, conversation, reply, left, signal } = between;
  const [, method] = reply;
  // What was read is ours, and what is said is given away.
  driver.say(reply.slice());
  if (method === byPassword) {
    const credentials = await driver.run(readCredentials(), left(), { signal });
    const [, status] = await hear(between, credentials);
    if (status !== 0) throw denied(caller);
  } else if (method === noneAcceptable) throw denied(caller);
  const request = await driver.run(readRequest(), left(), { signal });
  if (request.command === 'associate') {
    // The datagrams take another way, and the remote has nothing more to say to this.
    conversation.stream.abort();
    return request;
  }
  const { target, words, refused } = request;
  const spoken = { words, takeAhead: ahead(door, driver), reply: readSocks5Reply };
  return {
    command: 'pass',
    asks: request.command,
    protocol: request.protocol,
    target,
    refused,
    passOn: (options) => passThrough(tunnel, conversation, { ...spoken, ...options }),
  };
}

/** Passes on what the client says, and the remote's answer to it, which is two bytes here and returned. */
async function hear(
  { tunnel, driver, conversation, signal }: Between,
  words: Uint8Array,
): Promise<Uint8Array> {
  conversation.driver.say(words);
  const reply = await conversation.driver.run(read(2), tunnel.timeouts.replyMs, { signal });
  driver.say(reply.slice());
  return reply;
}

function denied(caller: Caller): ProtocolError {
  caller.denied('SOCKS5');
  return new ProtocolError('remote: expected it to let the client in, got a refusal', 'denied');
}
