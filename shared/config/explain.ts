/** What a link contains, in words and as an object. Neither holds the key, nor what a plugin is told. */
import { isIP } from 'node:net';
import type { MethodName } from '../codec/methods.js';
import { formatPlugin, redactPlugin } from './plugin.js';
import { prefixCost } from './uri-prefix.js';
import { redactServerUri, type ServerUri } from './uri.js';

const ciphers = {
  '2022-blake3-aes-256-gcm': 'AES-256-GCM',
  '2022-blake3-aes-128-gcm': 'AES-128-GCM',
  '2022-blake3-chacha20-poly1305': 'ChaCha20-Poly1305',
  'aes-256-gcm': 'AES-256-GCM',
  'aes-128-gcm': 'AES-128-GCM',
  'chacha20-ietf-poly1305': 'ChaCha20-Poly1305',
  'xchacha20-ietf-poly1305': 'XChaCha20-Poly1305',
} as const satisfies Record<MethodName, string>;

const editions = {
  2017: 'edition of 2017: the key is made from a password, and a request does not say when it was made',
  2022: 'edition of 2022: a random key, and requests with a time, so clocks must agree to within 30 s',
} as const;

const wires = {
  raw: 'halflight: a halflight remote, whose replies tell what really happened',
  shadowsocks: 'standard Shadowsocks: any server or client that has the method',
} as const satisfies Record<ServerUri['wire'], string>;

const hosts: ReadonlyMap<number, string> = new Map([
  [0, 'a name'],
  [4, 'an IPv4 address'],
  [6, 'an IPv6 address'],
]);

/** What `uri` contains, as programs want it. Absent fields are absent from the link. */
export interface Explanation {
  /** With `***` for the key. */
  readonly link: string;
  readonly wire: ServerUri['wire'];
  readonly method: MethodName;
  readonly edition: 2017 | 2022;
  readonly host: string;
  readonly port: number;
  readonly name?: string;
  /** Programs must name a user and a password to the remote. */
  readonly auth?: 'remote';
  /** What the salts begin with, in hex. */
  readonly prefix?: string;
  /** The program that streams go through, with `;***` for what it is told, which may be a password. */
  readonly plugin?: string;
  /** How many keys there are, when it is a chain (SIP023). */
  readonly keys?: number;
}

export function explanation(uri: ServerUri): Explanation {
  const { wire, method, host, port, tag, remoteAuth, saltPrefix, plugin } = uri;
  const keys = keysIn(uri);
  return {
    link: redactServerUri(uri),
    wire,
    method: method.name,
    edition: method.edition,
    host,
    port,
    ...(tag === undefined ? {} : { name: tag }),
    ...(remoteAuth === true ? { auth: 'remote' as const } : {}),
    ...(saltPrefix === undefined ? {} : { prefix: hex(saltPrefix) }),
    ...(plugin === undefined ? {} : { plugin: redactPlugin(formatPlugin(plugin)) }),
    ...(keys === 1 ? {} : { keys }),
  };
}

/** The same for people: lines, the first of them the link with `***` for the key. */
export function explain(uri: ServerUri): string[] {
  const { wire, method, host, port, tag, remoteAuth, saltPrefix, plugin } = uri;
  const rows: readonly (readonly [word: string, meaning: string])[] = [
    ['wire', wires[wire]],
    ['method', `${method.name}: ${ciphers[method.name]}, ${editions[method.edition]}`],
    ['key', keyWords(uri)],
    ['host', `${host}, ${hosts.get(isIP(host)) ?? ''}`],
    ['port', String(port)],
    ...(tag === undefined ? [] : [['name', tag] as const]),
    ...(remoteAuth === true ? [['auth', 'the remote asks programs for a user and a password'] as const] : []),
    ...(saltPrefix === undefined
      ? []
      : [['prefix', `${prefixWords(saltPrefix)}: ${prefixCost(method, saltPrefix)}`] as const]),
    ...(plugin === undefined
      ? []
      : [
          [
            'plugin',
            `${redactPlugin(formatPlugin(plugin))}: a program to install; halflight runs it only if it is allowed`,
          ] as const,
        ]),
  ];
  return [redactServerUri(uri), ...rows.map(([word, meaning]) => `  ${word.padEnd(8)}${meaning}`)];
}

function keyWords(uri: ServerUri): string {
  const keys = keysIn(uri);
  const kind = uri.method.edition === 2022 ? 'a key' : 'a password';
  const what = keys === 1 ? kind : `a chain of ${keys} keys, the last of which is the user's own`;
  return `${what}, not shown; whoever has the link has it`;
}

/** A colon in a password is a colon. */
function keysIn({ method, secret }: ServerUri): number {
  return method.edition === 2022 ? secret.split(':').length : 1;
}

function prefixWords(prefix: Uint8Array): string {
  const text = String.fromCharCode(...prefix);
  return /^[\u0020-\u007e]+$/.test(text) ? JSON.stringify(text) : `bytes ${hex(prefix)}`;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
