import { concat } from '../bytes.js';
import { type Target, unspecifiedTarget } from '../codec/address.js';
import { messageOf } from '../errors.js';
import { RequestSealer, ResponseOpener } from '../codec/stream.js';
import { EarlyStream } from '../net/early.js';
import { dismiss } from '../net/relay.js';
import { SealedStream } from '../net/sealed.js';
import type { TcpStream } from '../net/tcp.js';
import { type Handshake, write } from '../proxy/handshake.js';
import type { Command, FarReply } from '../proxy/request.js';
import { methodAndReply, proveSocks5, socks5Greeting, socks5Request } from '../proxy/socks5-client.js';
import { answer, converse, openConversation, type RawConversation, wasDead } from './conversation.js';
import {
  DeadCarrier,
  type Dialer,
  type DialerOptions,
  type EarlyDialer,
  FarRefusal,
  type Passed,
  type Passer,
  type Spoken,
} from './outbound.js';
import { type Doubting, judgeSilence, reach, type Tunnel } from './reach.js';

/** A handshake of more bytes than this is not said twice. */
const mostRepeated = 64 * 1024;

/**
 * Through a halflight remote, over the raw wire: what the client said travels as it was spoken, and the reply that
 * comes back is the remote's own (docs/raw-wire.md §4, "honest").
 */
export function rawPasser(tunnel: Tunnel): Passer {
  return (spoken, { signal }) => {
    // What the client says behind its handshake may act when it is said, and what nobody answers, at once.
    let repeatable = spoken.reply !== undefined && spoken.words.length <= mostRepeated;
    const takeAhead = (): Uint8Array => {
      const ahead = spoken.takeAhead();
      repeatable &&= ahead.length === 0;
      return ahead;
    };
    return converse(tunnel, { signal, repeatable: () => repeatable }, (conversation) =>
      passThrough(tunnel, conversation, { ...spoken, takeAhead, signal }),
    );
  };
}

/** The same in a conversation in which something has been said before. */
export async function passThrough(
  tunnel: Tunnel,
  conversation: RawConversation,
  { words, takeAhead, reply, signal }: Omit<Spoken, 'target'> & DialerOptions,
): Promise<Passed> {
  const { stream, driver, carrier } = conversation;
  stream.write([concat([words, takeAhead()])]);
  if (reply === undefined) {
    const signed = expectSign(tunnel, conversation);
    carrier.whenOver(() => {
      signed();
      conversation.firstWord?.over();
    });
    return {
      stream: driver.handOver(),
      bound: unspecifiedTarget,
      carrier: carrier.id,
      reply: new Uint8Array(0),
      refusal: undefined,
    };
  }
  const talk = driver.run(reply(), tunnel.timeouts.replyMs, { signal });
  const { refusal, bound, bytes } = await answer(tunnel, conversation, talk);
  return { stream: driver.handOver(), bound, carrier: carrier.id, reply: bytes, refusal };
}

/** The same for a target that no client has named in words of its own: this half asks for it, by SOCKS5. */
export function rawDialer(tunnel: Tunnel): Dialer {
  return (target, { signal }) =>
    converse(tunnel, { signal }, async (conversation) => {
      const { stream, driver, carrier } = conversation;
      const talk = driver.run(askFor('connect', target), tunnel.timeouts.replyMs, { signal });
      const { refusal, bound } = await answer(tunnel, conversation, talk);
      if (refusal === undefined) return { stream: driver.handOver(), bound, carrier: carrier.id };
      dismiss(stream);
      throw new FarRefusal(refusal);
    });
}

/**
 * The same for a client that has been told that it has its target: the stream is there as soon as the request is on its
 * way, and the remote's answer goes to `heard` alone. Where it is a refusal, the stream breaks.
 */
export function earlyDialer(tunnel: Tunnel): EarlyDialer {
  return async (target, { signal, heard }) => {
    const conversation = await openConversation(tunnel, { signal });
    const { stream, driver, carrier } = conversation;
    const nowhere = { bound: unspecifiedTarget, carrier: carrier.id };
    const early = new EarlyStream(stream, driver);
    const talk = driver.run(askFor('connect', target), tunnel.timeouts.replyMs, { signal: early.signal });
    void answer(tunnel, conversation, talk)
      .finally(expectSign(tunnel, conversation))
      .then(({ refusal, bound }) => {
        if (refusal !== undefined) throw new FarRefusal(refusal);
        heard(undefined, { bound, carrier: carrier.id });
        early.open();
      })
      .catch((error: unknown) => {
        if (early.signal.aborted) return;
        // The client has been told that it is connected, and may have said anything: nothing is said twice.
        const dead = wasDead(tunnel, conversation, error);
        heard(dead ? new DeadCarrier(tunnel.remote, error.cause) : error, nowhere);
        stream.abort();
        early.fail(error instanceof Error ? error : new Error(messageOf(error)));
      });
    return { ...nowhere, stream: early };
  };
}

/** Greeting and request leave together: the remote's answer to the first is known, and waiting for it costs a round trip. */
export function* askFor(command: Command, target: Target): Handshake<FarReply> {
  yield* write(concat([socks5Greeting, socks5Request(command, target)]));
  return yield* methodAndReply();
}

/**
 * Through any Shadowsocks server, over the standard wire. It answers nothing, so the connection counts as made once
 * the server is reached. The header waits for the client's first bytes, to leave with them in one write.
 */
export function shadowsocksDialer(tunnel: Tunnel): Dialer {
  return async (target, { signal }) => {
    const { cipher, saltPrefix, environment } = tunnel;
    const tcp = await reach(tunnel, { signal });
    const sealer = new RequestSealer(cipher, target, environment, { saltPrefix });
    const opener = new ResponseOpener(cipher, sealer.salt, environment, { endMarks: false });
    const header = (out: Uint8Array[]): void => {
      sealer.open(out);
    };
    const stream = new SealedStream(tcp, { sealer, opener }, { wire: 'shadowsocks', environment, header });
    if (tunnel.doubting !== undefined) missAnswer(tunnel, tcp, tunnel.doubting);
    setTimeout(() => {
      stream.speakUp();
    }, tunnel.timeouts.firstPayloadMs);
    return { stream, bound: unspecifiedTarget };
  };
}

/**
 * Has one authenticated conversation with the remote that asks for nothing: a SOCKS5 greeting. Settles when the
 * remote has proved to hold the key, with whether it lets clients in without credentials. Rejects with a DialError whose cause says what was wrong; when `signal` fires,
 * that is its reason.
 */
export async function probe(tunnel: Tunnel, signal: AbortSignal): Promise<{ readonly open: boolean }> {
  // A carrier of its own: it is to find out whether one can be had.
  const conversation = await openConversation({ ...tunnel, carriers: undefined }, { signal });
  const proof = conversation.driver.run(proveSocks5(), tunnel.timeouts.replyMs, { signal });
  const open = await answer(tunnel, conversation, proof);
  dismiss(conversation.stream);
  return { open };
}

/**
 * Where no reply is waited for, a remote that holds another key, or is gone, looks like a target that takes its time: it
 * is silent. When its first byte has not come in the time of a reply, or, where others could take the next
 * conversations, of an attempt, the path is asked about. What is returned ends that.
 */
function expectSign(tunnel: Tunnel, { stream, carrier }: RawConversation): () => void {
  const { doubting, timeouts } = tunnel;
  let over = false;
  const late = setTimeout(
    () => {
      if (!stream.heard) void judgeSilence(tunnel, carrier.tcp, () => !over);
    },
    doubting?.others() === true ? doubting.afterMs : timeouts.replyMs,
  );
  return () => {
    over = true;
    clearTimeout(late);
  };
}

function missAnswer(tunnel: Tunnel, tcp: TcpStream, { afterMs, others, unanswered }: Doubting): void {
  const late = setInterval(() => {
    if (tcp.received > 0) clearInterval(late);
    else if (others()) void judgeSilence(tunnel, tcp);
  }, afterMs);
  tcp.onClosed(() => {
    clearInterval(late);
    if (tcp.received === 0) unanswered();
  });
}
