/** What a dial hears from real proxies that ask who is there. */
import { describe, expect, it } from 'vitest';
import { dial, GeneralProxyError, HttpProxyError, Socks4Error, Socks5AuthError } from '../../index.js';
import { startTarget } from '../support/targets.js';
import { startDanted } from './danted.js';
import { login } from './doors.js';
import { rejection } from './library.js';
import { startMicrosocks } from './microsocks.js';
import {
  credential,
  plainCredential,
  type Rejection,
  startAskingLocal,
  startOurRemote,
  wrongPassword,
} from './real-proxies.js';
import { startTinyproxy } from './tinyproxy.js';

interface Asking {
  readonly scheme: 'socks5' | 'http';
  /** What stands before the host, to be let in. */
  readonly login: string;
  readonly start: () => Promise<string>;
  readonly wrong: Rejection;
  readonly none: Rejection;
}

const socks5 = { kind: Socks5AuthError, reply: undefined } as const;
const http = { kind: HttpProxyError, phase: 'auth', reply: 407 } as const;
const bySocks5 = {
  scheme: 'socks5',
  login,
  wrong: { ...socks5, code: 'ERR_PROXY_AUTH_FAILED', phase: 'auth' },
  none: { ...socks5, code: 'ERR_PROXY_AUTH_REQUIRED', phase: 'auth' },
} as const;
const byHttp = {
  scheme: 'http',
  login,
  wrong: { ...http, code: 'ERR_PROXY_AUTH_FAILED' },
  none: { ...http, code: 'ERR_PROXY_AUTH_REQUIRED' },
} as const;
const asking: Readonly<Record<string, Asking>> = {
  dante: { ...bySocks5, start: () => startDanted(credential) },
  microsocks: { ...bySocks5, start: () => startMicrosocks(credential) },
  'our local, by SOCKS5': { ...bySocks5, start: startAskingLocal },
  'our local, by HTTP': { ...byHttp, start: startAskingLocal },
  tinyproxy: {
    ...byHttp,
    login: 'someone:horse4battery@',
    start: () => startTinyproxy(plainCredential),
    // It says 407 to those without credentials alone.
    wrong: { ...byHttp.wrong, reply: 401 },
  },
};

describe.each(Object.entries(asking))('%s, which asks for a password,', (_name, proxy) => {
  it('lets in who has it, and says to others that it is wrong, or that one is needed', async () => {
    const { scheme, wrong, none } = proxy;
    const target = await startTarget();
    const at = await proxy.start();
    const socket = await dial(`${scheme}://${proxy.login}${at}`, target);
    await target.next();
    socket.destroy();
    expect(await rejection(dial(`${scheme}://someone:${wrongPassword}@${at}`, target))).toEqual(wrong);
    expect(await rejection(dial(`${scheme}://${at}`, target))).toEqual(none);
    expect(target.accepted).toBe(1);
  });
});

it('a local that asks for a password lets nobody in by SOCKS4, which has none', async () => {
  const target = await startTarget();
  const at = await startAskingLocal();
  const refused = { kind: Socks4Error, code: 'ERR_PROXY_FAILURE', phase: 'request', reply: 91 };
  expect(await rejection(dial(`socks4a://some%20one@${at}`, target))).toEqual(refused);
});

it('dante, which takes no SOCKS4a, refuses the address that a name has there', async () => {
  const target = await startTarget();
  const at = await startDanted();
  const refused = { kind: Socks4Error, code: 'ERR_PROXY_FAILURE', phase: 'request', reply: 91 };
  const named = { host: 'localhost', port: target.port };
  expect(await rejection(dial(`socks4a://someone@${at}`, named))).toEqual(refused);
  const socket = await dial(`socks4://someone@${at}`, named);
  await target.next();
  socket.destroy();
});

it('our remote does not answer who has another key', async () => {
  const target = await startTarget();
  const [one, other] = [await startOurRemote(), await startOurRemote()];
  const stranger = one.slice(0, one.lastIndexOf('@')) + other.slice(other.lastIndexOf('@'));
  const silence = { kind: GeneralProxyError, code: 'ERR_PROXY_TIMEOUT' };
  expect(await rejection(dial(stranger, target, { timeout: '500ms' }))).toMatchObject(silence);
  expect(target.accepted).toBe(0);
});
