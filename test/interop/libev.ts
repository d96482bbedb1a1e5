/** Debian's shadowsocks-libev on loopback. */
import { startListening } from './listening.js';

/** What both ends have agreed on. */
export interface Agreement {
  readonly method: string;
  readonly password: string;
}

/** The methods of 2017 that libev has: all of ours. */
export const libevMethods: readonly string[] = [
  'aes-128-gcm',
  'aes-256-gcm',
  'chacha20-ietf-poly1305',
  'xchacha20-ietf-poly1305',
];

/** It carries datagrams as well as streams only when it is told to. */
const both = ['-u'];

/** Starts an `ss-server`; its HOST:PORT. */
export function startSsServer(agreement: Agreement): Promise<string> {
  return startListening('ss-server', (port) => [
    '-s',
    '127.0.0.1',
    '-p',
    port,
    ...both,
    ...agreed(agreement),
  ]);
}

/** Starts an `ss-local` that leads to the server on `port` of 127.0.0.1; its HOST:PORT. */
export function startSsLocal(port: string, agreement: Agreement): Promise<string> {
  return startListening('ss-local', (own) => [...wayTo(port), '-l', own, ...both, ...agreed(agreement)]);
}

/** Starts an `ss-tunnel` that leads to `target` (HOST:PORT) by the server on `port` of 127.0.0.1; its HOST:PORT. */
export function startSsTunnel(port: string, target: string, agreement: Agreement): Promise<string> {
  const words = ['-L', target, ...both, ...agreed(agreement)];
  return startListening('ss-tunnel', (own) => [...wayTo(port), '-l', own, ...words]);
}

/** SIP002: method and password in base64url. */
export function uriOf({ method, password }: Agreement, server: string): string {
  return `ss://${Buffer.from(`${method}:${password}`).toString('base64url')}@${server}`;
}

export function portOf(listen: string): string {
  return new URL(`tcp://${listen}`).port;
}

function wayTo(port: string): readonly string[] {
  return ['-s', '127.0.0.1', '-p', port, '-b', '127.0.0.1'];
}

function agreed({ method, password }: Agreement): readonly string[] {
  return ['-m', method, '-k', password];
}
