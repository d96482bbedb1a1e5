/** A web server with a certificate of test/support/certificates, on a free port of this machine. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import {
  createServer as createPlain,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createSecure } from 'node:https';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';

const folder = path.join(import.meta.dirname, 'certificates');
const pem = (name: string): string => readFileSync(path.join(folder, name), 'utf8');

/** Where the certificate of the authority is, which all but one of the servers' certificates are from. */
export const authorityPath: string = path.join(folder, 'ca.pem');
/** The same as PEM. */
export const authority: string = pem('ca.pem');

/** What a server with TLS shows. */
export function keyAndCertificate(name: Certificate): { readonly key: string; readonly cert: string } {
  return { key: pem('server.key'), cert: pem(`${name}.pem`) };
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface Web {
  readonly port: number;
  readonly server: Server;
  /** `https://localhost:PORT`, or `http:`. */
  readonly origin: string;
  /** What was asked for so far, as `/path`. */
  readonly asked: readonly string[];
  /** Answers differently from now on. */
  change(answer: Answer): void;
  /** Resets what is open and listens no more. */
  close(): Promise<void>;
}

/** Whose names are in it, or what is wrong with it. */
export type Certificate = 'server' | 'other-host' | 'expired' | 'self-signed' | 'examples';

export interface WebOptions {
  /** `none` speaks plain HTTP. */
  readonly certificate?: Certificate | 'none';
  readonly host?: string;
  readonly port?: number;
}

/** Starts a server that is gone after the test. */
export async function startWeb(answer: Answer, options: WebOptions = {}): Promise<Web> {
  const { certificate = 'server', host = '127.0.0.1', port = 0 } = options;
  const asked: string[] = [];
  let current = answer;
  const take: Answer = (request, response) => {
    asked.push(request.url ?? '');
    // Whoever asks may go away in the middle of an answer.
    response.on('error', () => undefined);
    current(request, response);
  };
  const server =
    certificate === 'none' ? createPlain(take) : createSecure(keyAndCertificate(certificate), take);
  server.listen(port, host);
  await once(server, 'listening');
  const close = async (): Promise<void> => {
    if (!server.listening) return;
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
  };
  onTestFinished(close);
  const taken = (server.address() as AddressInfo).port;
  return {
    port: taken,
    server,
    origin: `${certificate === 'none' ? 'http' : 'https'}://localhost:${taken}`,
    asked,
    change: (next) => {
      current = next;
    },
    close,
  };
}

/** An answer with this text. */
export function page(text: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Answer {
  return (_request, response) => {
    response.writeHead(200, headers);
    response.end(text);
  };
}
