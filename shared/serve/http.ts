/**
 * Clients that speak HTTP: tunnels (CONNECT), requests in absolute form, and the pages of the port itself.
 *
 * The parser is Node's own: an `http.Server` that never listens and is handed the clients' streams. It is one for all of
 * them. What only a listening server does has no effect on it, its own timeouts above all, so a conversation keeps
 * the time itself.
 */
import { createServer, type RequestListener } from 'node:http';
import type { Duplex } from 'node:stream';
import { PushDuplex } from '../net/duplex.js';
import { longestHead } from '../proxy/http-lines.js';
import type { CredentialCheck } from '../proxy/request.js';
import { Conversation } from './http/conversation.js';
import type { Inbound } from './serve.js';

const nothing = new Uint8Array(0);

/** A page of the port itself. */
export interface OwnPage {
  readonly type: string;
  readonly body: string;
}

/** How clients that speak HTTP are served. */
export interface HttpOptions {
  /** From the first byte of a head to the last, ms. */
  readonly deadlineMs: number;
  /** Between two requests, and in an exchange in which no byte moves, ms. */
  readonly idleMs: number;
  /** The pause before a client with wrong credentials hears so, ms. */
  readonly deniedMs: number;
  /** Who may come in; absent: everybody. Asked for every request. */
  readonly check?: CredentialCheck;
  /** Aborted when the service stops: what has begun may end, and nothing more is begun. */
  readonly stopping: AbortSignal;
  /** What the port itself answers to a request for `path`, made of `host`; absent: nothing. */
  readonly own?: (path: string, host: string) => OwnPage | undefined;
}

/** Serves the clients of one half that speak HTTP. */
export function httpInbound(options: HttpOptions): Inbound {
  const conversations = new Map<Duplex, Conversation>();
  const server = createServer({
    maxHeaderSize: longestHead,
    insecureHTTPParser: false,
    // Both are judged by us, so that a client is told what is wrong.
    requireHostHeader: false,
    keepAliveTimeout: 0,
  });
  // None is dropped in silence: how many there may be is judged by us.
  server.maxHeadersCount = 0;
  // A client that has ended its direction still hears the answer. Node has no typings for this.
  Object.assign(server, { httpAllowHalfOpen: true });
  const request: RequestListener = (asked, answer) => conversations.get(asked.socket)?.request(asked, answer);
  server.on('request', request).on('checkContinue', request).on('checkExpectation', request);
  server.on('connect', (asked, client, ahead) => conversations.get(client)?.connect(asked, ahead));
  server.on('clientError', (error, client) => {
    if (!client.destroyed) conversations.get(client)?.unreadable(error);
  });
  server.on('timeout', (client: Duplex) => conversations.get(client)?.quiet());
  options.stopping.addEventListener('abort', () => {
    for (const conversation of conversations.values()) conversation.stop();
  });

  return async (driver, caller) => {
    const client = new PushDuplex(driver.handOver());
    const conversation = new Conversation(client, caller, options);
    conversations.set(client, conversation);
    server.emit('connection', client);
    if (options.stopping.aborted) conversation.stop();
    try {
      const request = await conversation.converse();
      if (request !== undefined) driver.takeBack(nothing);
      return request;
    } finally {
      conversations.delete(client);
    }
  };
}
