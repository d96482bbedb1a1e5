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

/** Starts an `ss-server`; its HOST:PORT, where the plugin listens if it has one (`NAME;OPTIONS`). */
export function startSsServer(agreement: Agreement, plugin?: string): Promise<string> {
  return startListening('ss-server', (port) => [
    '-s',
    '127.0.0.1',
    '-p',
    port,
    ...both,
    ...agreed(agreement),
    ...dressed(plugin),
  ]);
}

/** Starts an `ss-local` that leads to the server on `port` of 127.0.0.1, by way of a plugin if it has one; its HOST:PORT. */
export function startSsLocal(port: string, agreement: Agreement, plugin?: string): Promise<string> {
  const words = [...both, ...agreed(agreement), ...dressed(plugin)];
  return startListening('ss-local', (own) => [...wayTo(port), '-l', own, ...words]);
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

/** libev wants in two words what SIP002 has in one. */
function dressed(plugin: string | undefined): readonly string[] {
  if (plugin === undefined) return [];
  const [name = '', ...options] = plugin.split(';');
  return ['--plugin', name, ...(options.length === 0 ? [] : ['--plugin-opts', options.join(';')])];
}

function agreed({ method, password }: Agreement): readonly string[] {
  return ['-m', method, '-k', password];
}
