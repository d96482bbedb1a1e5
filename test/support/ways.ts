/** The ways in which a program may ask the one port for a target, and what each hears of the outcome. */
import type { Target } from '../../shared/codec/address.js';
import { parseIp } from '../../shared/codec/ip.js';
import { connect, type Peer } from './peer.js';
import { ask } from './tunnel.js';

export type Way = 'SOCKS4' | 'SOCKS5' | 'CONNECT' | 'GET';

export const ways: readonly Way[] = ['SOCKS4', 'SOCKS5', 'CONNECT', 'GET'];

/** What the program was told. */
export interface Told {
  readonly client: Peer;
  /** CD, REP or status. */
  readonly code: number;
  /** The bound address of a SOCKS reply. */
  readonly bound?: Target;
  /** The first word for programs in an HTTP answer: the error of its Proxy-Status (RFC 9209). */
  readonly error?: string;
}

/** The codes of one row of docs/raw-wire.md §6, and the error beside the status. */
export type Row = Readonly<Record<Way, number>> & { readonly error?: string };

/** The rows that a target can be the reason of. */
export type RowName =
  | 'connected'
  | 'not allowed'
  | 'ENETUNREACH'
  | 'EHOSTUNREACH'
  | 'no such name'
  | 'ECONNREFUSED'
  | 'timed out'
  | 'anything else';

/** docs/raw-wire.md §6, as it is written there. */
export const rows: Readonly<Record<RowName, Row>> = {
  connected: { SOCKS4: 90, SOCKS5: 0, CONNECT: 200, GET: 200 },
  'not allowed': { SOCKS4: 91, SOCKS5: 2, CONNECT: 403, GET: 403, error: 'destination_ip_prohibited' },
  ENETUNREACH: { SOCKS4: 91, SOCKS5: 3, CONNECT: 502, GET: 502, error: 'destination_ip_unroutable' },
  EHOSTUNREACH: { SOCKS4: 91, SOCKS5: 4, CONNECT: 502, GET: 502, error: 'destination_ip_unroutable' },
  'no such name': { SOCKS4: 91, SOCKS5: 4, CONNECT: 502, GET: 502, error: 'dns_error' },
  ECONNREFUSED: { SOCKS4: 91, SOCKS5: 5, CONNECT: 502, GET: 502, error: 'connection_refused' },
  'timed out': { SOCKS4: 91, SOCKS5: 6, CONNECT: 504, GET: 504, error: 'connection_timeout' },
  'anything else': { SOCKS4: 91, SOCKS5: 1, CONNECT: 500, GET: 500, error: 'proxy_internal_error' },
};

/** What a program is told in that row. */
export function expected(
  way: Way,
  row: RowName,
): Pick<Told, 'code'> & { readonly error: string | undefined } {
  const http = way === 'CONNECT' || way === 'GET';
  return { code: rows[row][way], error: http ? rows[row].error : undefined };
}

/** Asks the port of a local for a target. */
export const askBy: Readonly<Record<Way, (port: number, target: Target) => Promise<Told>>> = {
  SOCKS4: (port, { host, port: wanted }) => {
    const ip = parseIp(host);
    // 4A: an address that is nobody's, and the name behind the user.
    const words = [4, 1, wanted >>> 8, wanted & 0xff, ...(ip ?? [0, 0, 0, 1]), 0];
    return sayBySocks4(port, Buffer.from([...words, ...(ip === undefined ? Buffer.from(`${host}\0`) : [])]));
  },
  SOCKS5: async (port, target) => {
    const { client, reply } = await ask(port, target);
    return { client, ...reply };
  },
  CONNECT: (port, { host, port: wanted }) => {
    const authority = `${bracketed(host)}:${wanted}`;
    return sayByHttp(port, `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  },
  GET: (port, { host, port: wanted }) => {
    const authority = `${bracketed(host)}:${wanted}`;
    return sayByHttp(port, `GET http://${authority}/ HTTP/1.1\r\nHost: ${authority}\r\n\r\n`);
  },
};

/** Says these words of SOCKS4 and reads the reply. */
export async function sayBySocks4(port: number, words: Uint8Array): Promise<Told> {
  const client = await connect(port);
  void client.send(words);
  const reply = await client.read(8);
  return {
    client,
    code: reply[1] ?? -1,
    bound: { host: reply.subarray(4).join('.'), port: reply.readUInt16BE(2) },
  };
}

/** Says these words of HTTP and reads the head of the answer. */
export async function sayByHttp(port: number, words: string): Promise<Told> {
  const client = await connect(port);
  void client.send(words);
  let head = '';
  while (!head.endsWith('\r\n\r\n')) head += (await client.read(1)).toString('latin1');
  const error = /^proxy-status: .*error=([a-z_]+)/im.exec(head)?.[1];
  return { client, code: Number(head.split(' ')[1]), ...(error !== undefined && { error }) };
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
