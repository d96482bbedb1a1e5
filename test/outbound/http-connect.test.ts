import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../shared/errors.js';
import type { HopFault, HopPhase, SocksPlace } from '../../shared/outbound/hop.js';
import { httpConnectDialer } from '../../shared/outbound/http-connect.js';
import { socks5Dialer } from '../../shared/outbound/socks5.js';
import { httpRefusal } from '../../shared/proxy/http-refusal.js';
import {
  cuts,
  firstBytes,
  hopErrorOf,
  never,
  scriptedProxy,
  type ScriptedProxy,
  straight,
  type Turn,
} from '../support/scripted-proxy.js';

const target = { host: 'example.com', port: 443 };
const alice = { user: 'alice', password: 'secret' };
const bare = 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n';
const request = Buffer.from(`${bare}\r\n`);
const vouched = Buffer.from(`${bare}Proxy-Authorization: Basic YWxpY2U6c2VjcmV0\r\n\r\n`);
const granted = Buffer.from('HTTP/1.1 200 Connection established\r\n\r\n');

function place({ at }: Pick<ScriptedProxy, 'at'>, changes: Partial<SocksPlace> = {}): SocksPlace {
  return { protocol: 'HTTP', name: 'http://proxy.example', at, ...changes };
}

describe('through an HTTP proxy', () => {
  it.each<[string, Partial<SocksPlace>, Buffer]>([
    ['that knows nobody', {}, request],
    ['that is told who is there', { credential: alice }, vouched],
  ])('%s a target is reached', async (_, changes, hears) => {
    const proxy = await scriptedProxy([{ hears, says: granted }]);
    const { stream, bound } = await httpConnectDialer(straight, place(proxy, changes))(target, {
      signal: never,
    });
    expect(bound).toEqual({ host: '0.0.0.0', port: 0 });
    stream.write([Buffer.from('hello')]);
    expect(String(await (await proxy.played()).read(5))).toBe('hello');
    stream.abort();
  });

  const hello = Buffer.from('\r\nhello from the target');
  const interim = Buffer.from('HTTP/1.1 103 x\r\nA: b\r\n\r\n');
  const lengthy = Buffer.from('HTTP/1.0 204 x\nContent-Length: 3\nTransfer-Encoding: chunked\n\n');
  it.each([
    ['the plain one', [granted, hello]],
    ['one behind an interim one', [interim, granted, hello]],
    ['one that speaks of a body', [lengthy, hello]],
  ])('nothing of the target is lost wherever the answer is cut: %s', async (_, pieces) => {
    for (const says of cuts(...pieces)) {
      const proxy = await scriptedProxy([{ hears: request, says, then: 'ends' }]);
      const connected = await httpConnectDialer(straight, place(proxy))(target, { signal: never });
      await proxy.played();
      expect(await firstBytes(connected, hello.length)).toBe(String(hello));
    }
  });

  it('the way to the proxy may be a way through another', async () => {
    const proxy = await scriptedProxy([
      { hears: '050100', says: '0500' },
      { hears: '05010003 09 322e6578616d706c65 1f90', says: '05000001 00000000 0000' },
      { hears: request, says: [Buffer.concat([granted, Buffer.from('hel')]), Buffer.from('lo')] },
    ]);
    const first = socks5Dialer(straight, { protocol: 'SOCKS5', name: 'socks5://1.example', at: proxy.at });
    const second = place({ at: { host: '2.example', port: 8080 } });
    const connected = await httpConnectDialer(first, second)(target, { signal: never });
    expect(await firstBytes(connected, 5)).toBe('hello');
  });

  it('the first proxy on the way that fails is the one that is named', async () => {
    const proxy = await scriptedProxy([{ hears: '050100', says: '05ff' }]);
    const hop = { protocol: 'SOCKS5', name: 'socks5://1.example', at: proxy.at } as const;
    const second = place({ at: { host: '2.example', port: 8080 } });
    const error = await hopErrorOf(
      httpConnectDialer(socks5Dialer(straight, hop), second)(target, { signal: never }),
    );
    expect(error).toMatchObject({ phase: 'auth', fault: 'auth-required' });
    expect(error.hop).toEqual({ protocol: 'SOCKS5', name: 'socks5://1.example' });
  });
});

describe('an HTTP proxy that fails', () => {
  interface Failure {
    readonly phase: HopPhase;
    readonly fault: HopFault;
    readonly reply?: number;
    readonly code?: Refusal;
    readonly message: string;
  }
  const ended = 'handshake: expected more bytes, got the end of the stream';
  const says = (text: string): Omit<Turn, 'hears'> => ({ says: Buffer.from(text) });
  const refused = (reply: number, code: Refusal, words: string): Failure => {
    const message = `HTTP reply: expected 200, got ${reply}: ${words}`;
    return { phase: 'request', fault: 'refused', reply, code, message };
  };
  const invalid = (message: string): Failure => ({ phase: 'request', fault: 'invalid', message });

  it.each<[string, boolean, Omit<Turn, 'hears'>, Failure]>([
    [
      'asks for credentials',
      false,
      says('HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\nContent-Length: 2\r\n\r\nno'),
      {
        phase: 'auth',
        fault: 'auth-required',
        reply: 407,
        message: 'HTTP reply: expected 200, got 407: it asks for credentials',
      },
    ],
    [
      'asks for other credentials',
      true,
      says('HTTP/1.1 407 x\r\n\r\n'),
      {
        phase: 'auth',
        fault: 'auth-failed',
        reply: 407,
        message: 'HTTP reply: expected 200, got 407: it asks for other credentials',
      },
    ],
    [
      'says so with the status of a target, as tinyproxy does',
      true,
      says('HTTP/1.0 401 Unauthorized\r\n\r\n'),
      {
        phase: 'auth',
        fault: 'auth-failed',
        reply: 401,
        message: 'HTTP reply: expected 200, got 401: it asks for other credentials',
      },
    ],
    [
      'forbids',
      true,
      says('HTTP/1.1 403 x\r\n\r\n'),
      refused(403, 'not-allowed', 'not allowed by the rules'),
    ],
    [
      'waited in vain',
      false,
      says('HTTP/1.1 504 x\r\n\r\n'),
      refused(504, 'timed-out', 'connection timed out'),
    ],
    [
      'knows no CONNECT',
      false,
      says('HTTP/1.1 405 x\r\n\r\n'),
      refused(405, 'general-failure', 'general failure'),
    ],
    [
      'sends elsewhere',
      false,
      says('HTTP/1.1 302 x\r\n\r\n'),
      refused(302, 'general-failure', 'general failure'),
    ],
    [
      'is one of ours and found nobody',
      false,
      { says: httpRefusal(target, 'connection-refused') },
      refused(502, 'connection-refused', 'connection refused'),
    ],
    [
      'is one of ours and found no name',
      false,
      { says: httpRefusal(target, 'name-not-resolved') },
      refused(502, 'name-not-resolved', 'name does not resolve'),
    ],
    [
      'speaks something else',
      false,
      says('SSH-2.0-x\r\n'),
      invalid('HTTP reply: expected a status line, got something else'),
    ],
    [
      'changes the protocol',
      false,
      says('HTTP/1.1 101 x\r\n\r\n'),
      invalid('HTTP reply: expected that of a CONNECT, got 101'),
    ],
    [
      'never ends its head',
      false,
      says(`HTTP/1.1 200 x\r\n${'A: b\r\n'.repeat(4000)}`),
      invalid('HTTP reply: expected a head of at most 16384 bytes, got more'),
    ],
    [
      'never ends a line',
      false,
      says('H'.repeat(20_000)),
      invalid('HTTP reply: expected a status line, got something else'),
    ],
    [
      'never comes to the point',
      false,
      says('HTTP/1.1 100 x\r\n\r\n'.repeat(1000)),
      invalid('HTTP reply: expected at most 3 interim answers, got more'),
    ],
    ['ends', false, { then: 'ends' }, { phase: 'request', fault: 'ended', message: ended }],
    [
      'ends in the middle',
      false,
      { ...says('HTTP/1.1 200 OK\r\n'), then: 'ends' },
      { phase: 'request', fault: 'ended', message: ended },
    ],
    ['resets', false, { then: 'resets' }, { phase: 'request', fault: 'ended', message: 'read ECONNRESET' }],
  ])('because it %s, says so, and is left', async (_, known, turn, { message, ...failure }) => {
    const proxy = await scriptedProxy([{ hears: known ? vouched : request, ...turn }]);
    const hop = place(proxy, known ? { credential: alice } : {});
    const error = await hopErrorOf(httpConnectDialer(straight, hop)(target, { signal: never }));
    expect(error).toMatchObject(failure);
    expect(error.reply).toBe(failure.reply);
    expect(error.message).toBe(`http://proxy.example: ${message}`);
    await (await proxy.played()).ended();
  });
});

it.each<[string, Partial<SocksPlace>, string, string]>([
  [
    'a host that would end the line',
    {},
    'a\r\nb',
    'CONNECT domain: expected letters, digits, - and _, got another character',
  ],
  [
    'a user with a colon',
    { credential: { user: 'alice:', password: 'secret' } },
    'example.com',
    'HTTP user: expected no colon, got one',
  ],
])(
  '%s is nothing to say in HTTP, which is found before the proxy is bothered',
  async (_, changes, host, said) => {
    const proxy = await scriptedProxy([]);
    const dialling = httpConnectDialer(straight, place(proxy, changes))(
      { host, port: 443 },
      { signal: never },
    );
    const error = await hopErrorOf(dialling);
    expect(error).toMatchObject({ fault: 'input' });
    expect(error.message).toBe(`http://proxy.example: ${said}`);
    expect(proxy.accepted).toBe(0);
  },
);
