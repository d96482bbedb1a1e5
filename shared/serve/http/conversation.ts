import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, ProtocolError } from '../../errors.js';
import type { PushDuplex } from '../../net/duplex.js';
import { dismiss } from '../../net/relay.js';
import { fault, judgeHead, judgeRequest, type RequestHead } from '../../proxy/http-head.js';
import { type Answer, answerBytes, httpRefusal } from '../../proxy/http-refusal.js';
import { httpGranted } from '../../proxy/http-reply.js';
import { readAuthority } from '../../proxy/http-target.js';
import type { HttpOptions } from '../http.js';
import type { AskedRequest, Caller } from '../serve.js';
import { admit, ownAnswer } from './door.js';
import { type Exchange, forward, type Outcome, respond, type Upgraded } from './exchange.js';
import { Pool } from './pool.js';
import { switchOver } from './switch.js';

/** Requests that may wait behind the one that is answered. Whoever sends more has to send the rest again. */
const mostWaiting = 100;
/** How long a client that has ended its direction may wait for a byte, ms: most have simply gone. */
const halfClosedMs = 30_000;

interface RequestTurn {
  readonly kind: 'request';
  readonly asked: IncomingMessage;
  readonly answer: ServerResponse;
}

interface ConnectTurn {
  readonly kind: 'connect';
  readonly asked: IncomingMessage;
  /** What came behind the head. */
  readonly ahead: Uint8Array;
}

/** What came is no request; nothing that comes behind it is looked at. */
interface FaultTurn {
  readonly kind: 'fault';
  readonly answer: Answer;
}

/** What a client does next. Turns are taken one by one, in the order in which they came, so answers are in order. */
type Turn = RequestTurn | ConnectTurn | FaultTurn;

/** The conversation with one client: requests and answers, until one of them asks for something else or for the end. */
export class Conversation {
  readonly #client: PushDuplex;
  readonly #caller: Caller;
  readonly #options: HttpOptions;
  readonly #turns: Turn[] = [];
  #pool: Pool | undefined;
  /** The last request that came, whose body may still be coming. */
  #latest: IncomingMessage | undefined;
  /** What is being served, and what gives it up. */
  #current: { readonly asked: IncomingMessage; readonly leaving: AbortController } | undefined;
  /** Nothing more that comes is listened to. */
  #deaf = false;
  #failure: Error | undefined;
  /** The stream comes to its end by itself: it has been truncated, or relayed. */
  #left = false;
  #deadline: NodeJS.Timeout | undefined;
  #wake: (() => void) | undefined;

  constructor(client: PushDuplex, caller: Caller, options: HttpOptions) {
    this.#client = client;
    this.#caller = caller;
    this.#options = options;
    this.#expectHead();
    client.setTimeout(options.idleMs);
    client.on('data', (piece: Buffer) => {
      // An empty line between two requests means nothing (RFC 9112 §2.2).
      if (this.#latest?.complete !== false && !/^[\r\n]*$/.test(piece.toString('latin1'))) this.#expectHead();
    });
    client.on('end', () => {
      // Node's parser says so itself, but not of a request that could have switched protocols.
      if (this.#latest?.complete === false) this.unreadable(new Error('the end in its body'));
      client.setTimeout(Math.min(halfClosedMs, options.idleMs));
    });
    client.on('error', (error) => {
      this.#failure ??= error;
    });
    client.on('finish', () => this.#wake?.());
    client.on('close', () => {
      this.#current?.leaving.abort(
        client.errored ?? new ProtocolError('client: expected it to wait, got its end'),
      );
      this.#wake?.();
    });
  }

  /** A request has come, its body not yet. */
  request(asked: IncomingMessage, answer: ServerResponse): void {
    this.#arrived({ kind: 'request', asked, answer });
  }

  /** A CONNECT has come; nobody but us listens to the client any more. */
  connect(asked: IncomingMessage, ahead: Uint8Array): void {
    this.#arrived({ kind: 'connect', asked, ahead });
  }

  /** Something has come that is not HTTP, or not all of it has. */
  unreadable(error: Error & { readonly code?: string }): void {
    const tooLong = error.code === 'HPE_HEADER_OVERFLOW';
    const answer = tooLong
      ? fault(431, 'head: expected at most 16 KiB, got more')
      : fault(400, 'request: expected HTTP/1.1, got something else');
    this.#refuse(answer, new ProtocolError(`HTTP request: expected one, got ${messageOf(error)}`));
  }

  /** No byte has moved for too long. */
  quiet(): void {
    const error = new ProtocolError('HTTP: expected a byte in time, got none', 'silence');
    if (this.#client.writableEnded) this.#client.destroy(error);
    else if (this.#current === undefined) this.#client.end();
    else this.#cut(error);
    this.#client.setTimeout(halfClosedMs);
  }

  /** Begins nothing more; what has begun may end. */
  stop(): void {
    this.#listenNoMore();
    this.#turns.length = 0;
    this.#wake?.();
  }

  /**
   * Answers what the client asks, until it asks for a tunnel (which is returned, with the stream released) or the
   * conversation is over: then undefined. Rejects when the client broke off or broke the protocol.
   */
  async converse(): Promise<AskedRequest | undefined> {
    try {
      for (let turn = await this.#next(); turn !== undefined; turn = await this.#next()) {
        if (turn.kind === 'request') await this.#serve(turn);
        else if (turn.kind === 'fault') this.#client.end(answerBytes(turn.answer));
        else {
          const request = await this.#tunnel(turn);
          if (request !== undefined) return request;
        }
      }
    } finally {
      this.#listenNoMore();
      this.#pool?.destroy();
    }
    const stream = this.#client.release();
    if (this.#failure !== undefined) throw this.#failure;
    if (!this.#left) dismiss(stream);
    return undefined;
  }

  #arrived(turn: RequestTurn | ConnectTurn): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    if (this.#deaf) return;
    if (this.#turns.length >= mostWaiting) {
      this.#discard();
      return;
    }
    this.#latest = turn.asked;
    this.#turns.push(turn);
    this.#wake?.();
  }

  /** From its first byte a head has so long to be complete. */
  #expectHead(): void {
    if (this.#deaf) return;
    const { deadlineMs } = this.#options;
    this.#deadline ??= setTimeout(() => {
      const complaint = `HTTP head: expected all of it within ${deadlineMs / 1000} s, got a part`;
      this.#refuse(fault(408, complaint), new ProtocolError(complaint, 'silence'));
    }, deadlineMs);
  }

  #refuse(answer: Answer, error: Error): void {
    if (this.#deaf) return;
    this.#failure ??= error;
    this.#discard();
    if (this.#current?.asked.complete === false) this.#current.leaving.abort(error);
    this.#turns.push({ kind: 'fault', answer });
    this.#wake?.();
  }

  #listenNoMore(): void {
    this.#deaf = true;
    clearTimeout(this.#deadline);
  }

  /** Takes the client's words away from the parser, which would make requests of them without end. */
  #discard(): void {
    this.#listenNoMore();
    this.#client.removeAllListeners('data').on('data', () => undefined);
  }

  /** Undefined when no turn will be taken any more, and all that was said has been sent. */
  async #next(): Promise<Turn | undefined> {
    const client = this.#client;
    while (!client.destroyed && !client.writableFinished) {
      if (!client.writableEnded) {
        const turn = this.#turns.shift();
        if (turn !== undefined) return turn;
        if (this.#deaf) client.end();
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return undefined;
  }

  async #serve({ asked, answer }: RequestTurn): Promise<void> {
    // Broken off before its turn came: what is wrong with it is said in the next one.
    if (this.#failure !== undefined && !asked.complete) return;
    const leaving = new AbortController();
    this.#current = { asked, leaving };
    const outcome = await this.#exchange({ asked, answer, signal: leaving.signal });
    this.#current = undefined;
    if (outcome === 'answered') return;
    if (outcome !== 'broken') await this.#switch(outcome);
    else if (answer.headersSent) this.#cut();
  }

  async #exchange(exchange: Exchange): Promise<Outcome> {
    const { asked, answer, signal } = exchange;
    const head = headOf(asked);
    const judged =
      judgeHead(head) ??
      ownAnswer(head, this.#options.own) ??
      (await this.#admit(head, signal)) ??
      judgeRequest(head);
    if (signal.aborted) return 'broken';
    if (!('target' in judged)) {
      // Only who is asked for credentials goes on talking. Of others it is doubtful what they will say next, and a page
      // of the port is not for the half that the rest is for.
      if (judged.status !== 407) answer.shouldKeepAlive = false;
      await respond(exchange, judged);
      return 'answered';
    }
    this.#pool ??= new Pool();
    this.#pool.reach = (target) => this.#caller.dial(target, signal);
    return forward(exchange, judged, this.#pool);
  }

  /** The request for a tunnel, with the stream released; undefined when it was answered here, and that was all. */
  async #tunnel({ asked, ahead }: ConnectTurn): Promise<AskedRequest | undefined> {
    const client = this.#client;
    const leaving = new AbortController();
    this.#current = { asked, leaving };
    const head = headOf(asked);
    const denied = judgeHead(head) ?? (await this.#admit(head, leaving.signal));
    if (client.destroyed) return undefined;
    const target = readAuthority(head.url);
    if (denied !== undefined || 'complaint' in target) {
      client.end(answerBytes(denied ?? fault(400, 'complaint' in target ? target.complaint : '')));
      return undefined;
    }
    if (ahead.length > 0) client.unshift(ahead);
    client.release();
    return {
      command: 'connect',
      protocol: 'HTTP',
      target,
      granted: () => httpGranted,
      refused: (reason) => httpRefusal(target, reason),
    };
  }

  #admit(head: RequestHead, signal: AbortSignal): Promise<Answer | undefined> {
    const { check, deniedMs } = this.#options;
    const denied = async (): Promise<void> => {
      this.#caller.denied('HTTP');
      await sleep(deniedMs, undefined, { signal }).catch(() => undefined);
    };
    return admit(head, check, denied);
  }

  /** From now on the two speak what they have agreed on (RFC 9110 §7.8). */
  async #switch(upgraded: Upgraded): Promise<void> {
    const client = this.#client;
    // What the client said too early has been taken for HTTP, and is lost.
    if (this.#deaf || this.#turns.length > 0 || client.destroyed) {
      upgraded.connection.destroy();
      this.#cut();
      return;
    }
    await switchOver(client, upgraded, this.#options.idleMs);
    this.#left = true;
  }

  /** Shows the client that what it got is not all, once it has got it. */
  #cut(reason = new ProtocolError('HTTP: expected the exchange to end, got a break', 'truncated')): void {
    this.#left = true;
    this.#current?.leaving.abort(reason);
    this.#client.truncate();
  }
}

function headOf({ method = '', url = '', httpVersion, rawHeaders }: IncomingMessage): RequestHead {
  return { method, url, httpVersion, rawHeaders };
}
