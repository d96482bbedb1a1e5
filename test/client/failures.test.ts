import { describe, expect, it } from 'vitest';
import { dial } from '../../client/dial.js';
import {
  GeneralProxyError,
  HttpProxyError,
  ProxyError,
  type ProxyErrorCode,
  type ProxyPhase,
  Socks4Error,
  Socks5AuthError,
  Socks5Error,
} from '../../client/proxy-error.js';
import { scriptedProxy, type Turn } from '../support/scripted-proxy.js';
import { deadPort } from '../support/targets.js';
import { remoteHalf, uriOf } from '../support/tunnel.js';
import { formatServerUri } from '../../shared/config/uri.js';
import { failureOfDial } from '../support/client.js';

const password = 'Zebra-77';
const target = { host: 'target.example', port: 80 };
const targetHex = `03 0e ${Buffer.from(target.host).toString('hex')} 0050`;
const connect5 = `05 01 00 ${targetHex}`;
const connect4a = `04 01 0050 00000001 00 ${Buffer.from(target.host).toString('hex')} 00`;
const login = `01 01 61 08 ${Buffer.from(password).toString('hex')}`;
const connectHttp = Buffer.from('CONNECT target.example:80 HTTP/1.1\r\nHost: target.example:80\r\n\r\n');

interface Row {
  readonly what: string;
  /** The URI but for host and port. */
  readonly scheme: string;
  readonly turns: readonly Turn[];
  readonly kind: typeof ProxyError;
  readonly code: ProxyErrorCode;
  readonly phase: ProxyPhase;
  readonly reply?: number;
}

function socks5(what: string, says: string, row: Pick<Row, 'kind' | 'code' | 'phase' | 'reply'>): Row {
  return {
    what,
    scheme: 'socks5://',
    turns: [
      { hears: '05 01 00', says: '05 00' },
      { hears: connect5, says, then: 'ends' },
    ],
    ...row,
  };
}

function rep(number: number, code: ProxyErrorCode): Row {
  const says = `05 ${number.toString(16).padStart(2, '0')} 00 01 00000000 0000`;
  return socks5(`SOCKS5 reply ${number}`, says, { kind: Socks5Error, code, phase: 'request', reply: number });
}

function socks4(cd: number, code: ProxyErrorCode): Row {
  const says = `00 ${cd.toString(16)} 0000 00000000`;
  return {
    what: `SOCKS4 reply ${cd}`,
    scheme: 'socks4a://',
    turns: [{ hears: connect4a, says }],
    kind: Socks4Error,
    code,
    phase: 'request',
    reply: cd,
  };
}

function http(status: string, code: ProxyErrorCode, phase: ProxyPhase = 'request', headers = ''): Row {
  return {
    what: `HTTP status ${status}${headers && `, ${headers}`}`,
    scheme: 'http://',
    turns: [{ hears: connectHttp, says: Buffer.from(`HTTP/1.1 ${status}\r\n${headers}\r\n`) }],
    kind: HttpProxyError,
    code,
    phase,
    reply: Number(status.slice(0, 3)),
  };
}

const general = { kind: GeneralProxyError } as const;
const auth5 = { scheme: `socks5://a:${password}@`, kind: Socks5AuthError, phase: 'auth' } as const;

const rows: readonly Row[] = [
  rep(1, 'ERR_PROXY_FAILURE'),
  rep(2, 'ERR_PROXY_NOT_ALLOWED'),
  rep(3, 'ENETUNREACH'),
  rep(4, 'EHOSTUNREACH'),
  rep(5, 'ECONNREFUSED'),
  rep(6, 'ETIMEDOUT'),
  rep(7, 'ERR_PROXY_COMMAND'),
  rep(8, 'ERR_PROXY_ADDRESS_TYPE'),
  rep(9, 'ERR_PROXY_FAILURE'),
  rep(255, 'ERR_PROXY_FAILURE'),
  socks4(91, 'ERR_PROXY_FAILURE'),
  socks4(92, 'ERR_PROXY_IDENT'),
  socks4(93, 'ERR_PROXY_IDENT'),
  http('403 Forbidden', 'ERR_PROXY_NOT_ALLOWED'),
  http('404 Not Found', 'ERR_PROXY_FAILURE'),
  http('500 Unable to connect', 'ERR_PROXY_FAILURE'),
  http('502 Bad Gateway', 'ECONNREFUSED', 'request', 'Proxy-Status: halflight; error=connection_refused\r\n'),
  http('502 Bad Gateway', 'ENOTFOUND', 'request', 'Proxy-Status: halflight; error=dns_error\r\n'),
  http('504 Gateway Timeout', 'ETIMEDOUT'),
  http('407 Proxy Authentication Required', 'ERR_PROXY_AUTH_REQUIRED', 'auth'),
  {
    what: 'HTTP status 407 to a user and a password',
    scheme: `http://a:${password}@`,
    turns: [
      {
        hears: Buffer.from('CONNECT target.example:80 HTTP/1.1\r\n'),
        says: Buffer.from('HTTP/1.1 407 No\r\n\r\n'),
      },
    ],
    kind: HttpProxyError,
    code: 'ERR_PROXY_AUTH_FAILED',
    phase: 'auth',
    reply: 407,
  },
  {
    what: 'a SOCKS5 proxy that asks for a password',
    turns: [{ hears: '05 01 00', says: '05 ff' }],
    ...auth5,
    scheme: 'socks5://',
    code: 'ERR_PROXY_AUTH_REQUIRED',
  },
  {
    what: 'a SOCKS5 proxy that takes none of the methods',
    turns: [{ hears: '05 02 00 02', says: '05 ff' }],
    ...auth5,
    code: 'ERR_PROXY_AUTH_METHODS',
  },
  {
    what: 'a SOCKS5 proxy that does not know the user',
    turns: [
      { hears: '05 02 00 02', says: '05 02' },
      { hears: login, says: '01 01' },
    ],
    ...auth5,
    code: 'ERR_PROXY_AUTH_FAILED',
  },
  socks5('a SOCKS5 reply of another version', '04 00 00 01 00000000 0000', {
    ...general,
    code: 'ERR_PROXY_PROTOCOL',
    phase: 'request',
  }),
  socks5('a SOCKS5 reply that ends in the middle', '05 00 00 01 0000', {
    ...general,
    code: 'ERR_PROXY_CLOSED',
    phase: 'request',
  }),
  {
    what: 'a SOCKS5 greeting answered in HTTP',
    scheme: 'socks5://',
    turns: [{ hears: '05 01 00', says: Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n') }],
    ...general,
    code: 'ERR_PROXY_PROTOCOL',
    phase: 'handshake',
  },
  {
    what: 'a SOCKS5 proxy that resets at the greeting',
    scheme: 'socks5://',
    turns: [{ hears: '05 01 00', then: 'resets' }],
    ...general,
    code: 'ERR_PROXY_CLOSED',
    phase: 'handshake',
  },
  {
    what: 'a SOCKS5 proxy that ends while it authenticates',
    ...auth5,
    turns: [
      { hears: '05 02 00 02', says: '05 02' },
      { hears: login, then: 'ends' },
    ],
    ...general,
    code: 'ERR_PROXY_CLOSED',
  },
  {
    what: 'a SOCKS4 reply that is none',
    scheme: 'socks4a://',
    turns: [{ hears: connect4a, says: '05 5a 0000 00000000' }],
    ...general,
    code: 'ERR_PROXY_PROTOCOL',
    phase: 'request',
  },
  {
    what: 'an HTTP proxy that speaks something else',
    scheme: 'http://',
    turns: [{ hears: connectHttp, says: Buffer.from('220 smtp.example ESMTP\r\n\r\n') }],
    ...general,
    code: 'ERR_PROXY_PROTOCOL',
    phase: 'request',
  },
  {
    what: 'an HTTP proxy that ends in its head',
    scheme: 'http://',
    turns: [{ hears: connectHttp, says: Buffer.from('HTTP/1.1 200 OK\r\n'), then: 'ends' }],
    ...general,
    code: 'ERR_PROXY_CLOSED',
    phase: 'request',
  },
];

describe('a proxy that fails', () => {
  it.each(rows)('$what: $code in phase $phase', async ({ scheme, turns, kind, code, phase, reply }) => {
    const proxy = await scriptedProxy(turns);
    const uri = `${scheme}127.0.0.1:${proxy.at.port}`;
    const error = await failureOfDial(dial(uri, target));
    expect(error).toBeInstanceOf(kind);
    expect(error).toBeInstanceOf(ProxyError);
    expect({ name: error.name, code: error.code, phase: error.phase, reply: error.reply }).toEqual({
      name: kind.name,
      code,
      phase,
      reply,
    });
    expect(error.proxy).toBe(uri.replace(password, '***'));
    const peer = await proxy.played();
    await peer.ended();
  });

  it('cannot be reached: the code is never that of a target which refuses', async () => {
    const port = await deadPort();
    const error = await failureOfDial(dial(`socks5://a:${password}@127.0.0.1:${port}`, target));
    expect(error).toBeInstanceOf(GeneralProxyError);
    expect(error).toMatchObject({ code: 'ERR_PROXY_CONNECT', phase: 'connect', reply: undefined });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('cannot be found: its name has no address', async () => {
    const error = await failureOfDial(dial('http://proxy.invalid:8080', target));
    expect(error).toMatchObject({ name: 'GeneralProxyError', code: 'ERR_PROXY_CONNECT', phase: 'connect' });
  });

  it('a target that refuses when it is dialled directly reads as it does through a proxy', async () => {
    const error = await failureOfDial(dial('direct:', { host: '127.0.0.1', port: await deadPort() }));
    expect(error).toMatchObject({ name: 'GeneralProxyError', code: 'ECONNREFUSED', proxy: undefined });
  });
});

it('a halflight remote that asks for a user says so, and what to do', async () => {
  const remote = await remoteHalf({ credentials: [{ user: 'ann', password }] });
  const error = await failureOfDial(dial(formatServerUri(uriOf(remote)), target));
  expect(error).toMatchObject({ name: 'Socks5AuthError', code: 'ERR_PROXY_AUTH_REQUIRED', phase: 'auth' });
  expect(error.message).toMatch('dial through a local of it');
});

describe('an error', () => {
  it('names the target, also in its message', async () => {
    const port = await deadPort();
    const error = await failureOfDial(dial('direct:', `127.0.0.1:${port}`));
    expect(error.target).toEqual({ host: '127.0.0.1', port });
    expect(error.message).toMatch(`127.0.0.1:${port}: `);
  });

  it('of a chain names the proxy that could not be reached; who said so is its cause', async () => {
    const says = '05 05 00 01 00000000 0000';
    const first = await scriptedProxy([
      { hears: '05 01 00', says: '05 00' },
      { hears: '05 01 00', says },
    ]);
    const chain = [`socks5://127.0.0.1:${first.at.port}`, 'http://second.example:8080'];
    const error = await failureOfDial(dial(chain, target));
    expect(error).toMatchObject({ code: 'ERR_PROXY_CONNECT', phase: 'connect', proxy: chain[1], target });
    expect(error.cause).toMatchObject({
      name: 'Socks5Error',
      code: 'ECONNREFUSED',
      reply: 5,
      proxy: chain[0],
    });
  });
});
