/** Proxies that other people have written, and our own, on loopback: what starts each, and what its manners are. */
import { randomBytes } from 'node:crypto';
import { GeneralProxyError, HttpProxyError, Socks4Error, Socks5Error } from '../../index.js';
import type { Credential } from '../../shared/proxy/socks5-auth.js';
import { startDanted } from './danted.js';
import { login, password, user } from './doors.js';
import { startLocal, startRemote } from './halves.js';
import { startSsServer, uriOf } from './libev.js';
import { startMicrosocks } from './microsocks.js';
import { startSshSocks } from './ssh-socks.js';
import { startTinyproxy } from './tinyproxy.js';

/** What a dial rejects with: its class, and some of its fields. */
export interface Rejection {
  readonly kind: abstract new (...words: never) => Error;
  readonly code: string;
  readonly phase: string;
  readonly reply: number | undefined;
}

export interface RealProxy {
  /** Starts it, with all that it needs; its URI, with the credentials it asks for. */
  readonly start: () => Promise<string>;
  /** What it has to say of a target on which nobody listens. Undefined when it ends the connection instead. */
  readonly refused: Rejection | undefined;
  /** Whether it passes on the end of one direction, and leaves the other open. */
  readonly halfCloses: boolean;
}

export type RealProxyName =
  | 'dante, SOCKS4'
  | 'dante, SOCKS5'
  | 'dante, SOCKS5 with a password'
  | 'microsocks'
  | 'microsocks with a password'
  | 'ssh -D, SOCKS4'
  | 'ssh -D, SOCKS4a'
  | 'ssh -D, SOCKS5'
  | 'tinyproxy'
  | 'tinyproxy with a password'
  | 'ss-server'
  | 'our remote'
  | 'our remote, as a Shadowsocks server'
  | 'our local, SOCKS4'
  | 'our local, SOCKS4a'
  | 'our local, SOCKS5 with a password'
  | 'our local, HTTP with a password';

/** What the proxies that ask want to hear. */
export const credential: Credential = { user, password };
/** tinyproxy wants letters and digits. */
export const plainCredential: Credential = { user: 'someone', password: 'horse4battery' };
/** The password of whoever is to be sent away. */
export const wrongPassword: string = 'horse5battery';

const by = { code: 'ECONNREFUSED', phase: 'request' } as const;
const refusedBySocks5: Rejection = { ...by, kind: Socks5Error, reply: 5 };
const refusedBySocks4: Rejection = { ...by, kind: Socks4Error, code: 'ERR_PROXY_FAILURE', reply: 91 };
/** ssh answers when its server has connected. If that fails it says nothing. */
const endedBySsh: Rejection = {
  ...by,
  kind: GeneralProxyError,
  code: 'ERR_PROXY_CLOSED',
  reply: undefined,
};
/** tinyproxy has one status for all that goes wrong behind it. */
const failedByTinyproxy: Rejection = { ...by, kind: HttpProxyError, code: 'ERR_PROXY_FAILURE', reply: 500 };

/** Our remote, which carries wherever it is asked to; its `halflight://` URI. */
export async function startOurRemote(flags: readonly string[] = []): Promise<string> {
  return (await startRemote(['--allow-private', ...flags])).uri;
}

/** Our local, over a remote; HOST:PORT. */
async function startOurLocal(variables: NodeJS.ProcessEnv = {}): Promise<string> {
  return (await startLocal(await startOurRemote(), { variables })).listen;
}

/** The same, which asks for credentials. */
export function startAskingLocal(): Promise<string> {
  return startOurLocal({ HALFLIGHT_AUTH: `${user}:${password}` });
}

/** Puts the scheme, and what stands before the host, in front of what `start` says. */
const at = (scheme: string, start: () => Promise<string>) => async (): Promise<string> =>
  `${scheme}${await start()}`;

export const realProxies: Readonly<Record<RealProxyName, RealProxy>> = {
  'dante, SOCKS4': {
    start: at('socks4://someone@', startDanted),
    refused: refusedBySocks4,
    halfCloses: true,
  },
  'dante, SOCKS5': { start: at('socks5://', startDanted), refused: refusedBySocks5, halfCloses: true },
  'dante, SOCKS5 with a password': {
    start: at(`socks5://${login}`, () => startDanted(credential)),
    refused: refusedBySocks5,
    halfCloses: true,
  },
  microsocks: { start: at('socks5://', startMicrosocks), refused: refusedBySocks5, halfCloses: false },
  'microsocks with a password': {
    start: at(`socks5h://${login}`, () => startMicrosocks(credential)),
    refused: refusedBySocks5,
    halfCloses: false,
  },
  'ssh -D, SOCKS4': { start: at('socks4://', startSshSocks), refused: endedBySsh, halfCloses: true },
  'ssh -D, SOCKS4a': { start: at('socks4a://', startSshSocks), refused: endedBySsh, halfCloses: true },
  'ssh -D, SOCKS5': { start: at('socks5://', startSshSocks), refused: endedBySsh, halfCloses: true },
  tinyproxy: { start: at('http://', startTinyproxy), refused: failedByTinyproxy, halfCloses: false },
  'tinyproxy with a password': {
    start: at('http://someone:horse4battery@', () => startTinyproxy(plainCredential)),
    refused: failedByTinyproxy,
    halfCloses: false,
  },
  'ss-server': {
    start: async () => {
      const agreement = { method: 'aes-256-gcm', password: randomBytes(24).toString('base64url') };
      return uriOf(agreement, await startSsServer(agreement));
    },
    refused: undefined,
    halfCloses: false,
  },
  'our remote': { start: startOurRemote, refused: refusedBySocks5, halfCloses: true },
  'our remote, as a Shadowsocks server': {
    start: async () => (await startOurRemote()).replace(/^halflight:/, 'ss:'),
    refused: undefined,
    halfCloses: true,
  },
  'our local, SOCKS4': {
    start: at('socks4://someone@', startOurLocal),
    refused: refusedBySocks4,
    halfCloses: true,
  },
  'our local, SOCKS4a': {
    start: at('socks4a://', startOurLocal),
    refused: refusedBySocks4,
    halfCloses: true,
  },
  'our local, SOCKS5 with a password': {
    start: at(`socks5://${login}`, startAskingLocal),
    refused: refusedBySocks5,
    halfCloses: true,
  },
  'our local, HTTP with a password': {
    start: at(`http://${login}`, startAskingLocal),
    refused: { ...by, kind: HttpProxyError, reply: 502 },
    halfCloses: true,
  },
};
