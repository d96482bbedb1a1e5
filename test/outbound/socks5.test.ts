import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../shared/errors.js';
import type { HopFault, HopPhase, SocksPlace } from '../../shared/outbound/hop.js';
import { socks5Dialer } from '../../shared/outbound/socks5.js';
import { spacedHex } from '../support/handshake.js';
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
import { credentials } from '../support/socks.js';

const target = { host: 'example.com', port: 443 };
const request = '05010003 0b 6578616d706c652e636f6d 01bb';
const granted = '05000001 c0000207 1234';
const alice = { user: 'alice', password: 'secret' };

function place({ at }: ScriptedProxy, changes: Partial<SocksPlace> = {}): SocksPlace {
  return { protocol: 'SOCKS5', name: 'socks5://proxy.example', at, ...changes };
}

const open: Turn = { hears: '050100', says: '0500' };

describe('through a SOCKS5 proxy', () => {
  it.each<[string, Partial<SocksPlace>, readonly Turn[]]>([
    ['that asks for nothing', {}, [open]],
    [
      'that does not ask for the password there is',
      { credential: alice },
      [{ hears: '05020002', says: '0500' }],
    ],
    [
      'that asks for a password',
      { credential: alice },
      [
        { hears: '05020002', says: '0502' },
        { hears: credentials('alice', 'secret'), says: '0100' },
      ],
    ],
  ])('%s a target is reached, at the address that it says', async (_, changes, entry) => {
    const proxy = await scriptedProxy([...entry, { hears: request, says: granted }]);
    const connected = await socks5Dialer(straight, place(proxy, changes))(target, { signal: never });
    expect(connected.bound).toEqual({ host: '192.0.2.7', port: 0x1234 });
    connected.stream.write([Buffer.from('hello')]);
    expect(String(await (await proxy.played()).read(5))).toBe('hello');
    connected.stream.abort();
  });

  const hello = Buffer.from('hello from the target');
  it.each(cuts(spacedHex(granted), hello).map((pieces) => [pieces[0]?.length ?? 0, pieces] as const))(
    'nothing of the target is lost when the reply is cut after %i bytes',
    async (_, says) => {
      const proxy = await scriptedProxy([open, { hears: request, says, then: 'ends' }]);
      const connected = await socks5Dialer(straight, place(proxy))(target, { signal: never });
      await proxy.played();
      expect(await firstBytes(connected, hello.length)).toBe(String(hello));
    },
  );
});

describe('a SOCKS5 proxy that fails', () => {
  interface Failure {
    readonly phase: HopPhase;
    readonly fault: HopFault;
    readonly reply?: number;
    readonly code?: Refusal;
    readonly message: string;
  }
  const asked: readonly Turn[] = [{ hears: '05020002', says: '0502' }];
  const word = credentials('alice', 'secret');
  const refusals: readonly [number, Refusal, string][] = [
    [1, 'general-failure', 'general failure'],
    [2, 'not-allowed', 'not allowed by the rules'],
    [3, 'network-unreachable', 'network unreachable'],
    [4, 'host-unreachable', 'host unreachable'],
    [5, 'connection-refused', 'connection refused'],
    [6, 'timed-out', 'connection timed out'],
    [7, 'command-not-supported', 'command not supported'],
    [8, 'address-type-not-supported', 'address type not supported'],
    [9, 'general-failure', 'general failure'],
  ];

  it.each<[string, boolean, readonly Turn[], Failure]>([
    [
      'speaks HTTP',
      false,
      [{ hears: '050100', says: Buffer.from('HTTP/1.1 400 Bad Request\r\n') }],
      { phase: 'handshake', fault: 'invalid', message: 'SOCKS5 version: expected 5, got 72' },
    ],
    [
      'ends instead of greeting',
      false,
      [{ hears: '050100', then: 'ends' }],
      {
        phase: 'handshake',
        fault: 'ended',
        message: 'handshake: expected more bytes, got the end of the stream',
      },
    ],
    [
      'ends in the middle of its greeting',
      false,
      [{ hears: '050100', says: '05', then: 'ends' }],
      {
        phase: 'handshake',
        fault: 'ended',
        message: 'handshake: expected more bytes, got the end of the stream',
      },
    ],
    [
      'resets instead of greeting',
      false,
      [{ hears: '050100', then: 'resets' }],
      { phase: 'handshake', fault: 'ended', message: 'read ECONNRESET' },
    ],
    [
      'wants something that was not offered',
      true,
      [{ hears: '05020002', says: '0501' }],
      { phase: 'handshake', fault: 'invalid', message: 'SOCKS5 method: expected 0 or 2, got 1' },
    ],
    [
      'takes nobody without a password',
      false,
      [{ hears: '050100', says: '05ff' }],
      {
        phase: 'auth',
        fault: 'auth-required',
        message: 'SOCKS5 method: expected 0, got 255: it asks for credentials',
      },
    ],
    [
      'asks for a password that was not offered',
      false,
      [{ hears: '050100', says: '0502' }],
      {
        phase: 'auth',
        fault: 'auth-required',
        message: 'SOCKS5 method: expected 0, got 2: it asks for credentials',
      },
    ],
    [
      'takes neither nothing nor a password',
      true,
      [{ hears: '05020002', says: '05ff' }],
      {
        phase: 'auth',
        fault: 'auth-methods',
        message: 'SOCKS5 method: expected 0 or 2, got 255: it takes no password',
      },
    ],
    [
      'does not know the user',
      true,
      [...asked, { hears: word, says: '0101' }],
      {
        phase: 'auth',
        fault: 'auth-failed',
        message: 'SOCKS5 authentication: expected user and password to be right, got status 1',
      },
    ],
    [
      'mistakes the version of the password',
      true,
      [...asked, { hears: word, says: '0500' }],
      { phase: 'auth', fault: 'invalid', message: 'SOCKS5 authentication version: expected 1, got 5' },
    ],
    [
      'ends instead of judging the password',
      true,
      [...asked, { hears: word, then: 'ends' }],
      { phase: 'auth', fault: 'ended', message: 'handshake: expected more bytes, got the end of the stream' },
    ],
    [
      'answers a request with rubbish',
      false,
      [open, { hears: request, says: '04000001' }],
      { phase: 'request', fault: 'invalid', message: 'SOCKS5 reply version: expected 5, got 4' },
    ],
    [
      'ends in the middle of its reply',
      false,
      [open, { hears: request, says: '05000001 c000', then: 'ends' }],
      {
        phase: 'request',
        fault: 'ended',
        message: 'handshake: expected more bytes, got the end of the stream',
      },
    ],
    [
      'resets instead of replying',
      false,
      [open, { hears: request, then: 'resets' }],
      { phase: 'request', fault: 'ended', message: 'read ECONNRESET' },
    ],
    ...refusals.map(([reply, code, words]): [string, boolean, readonly Turn[], Failure] => [
      `refuses with REP ${reply}`,
      false,
      [open, { hears: request, says: Uint8Array.of(5, reply, 0, 1, 0, 0, 0, 0, 0, 0) }],
      {
        phase: 'request',
        fault: 'refused',
        reply,
        code,
        message: `SOCKS5 reply: expected 0, got ${reply}: ${words}`,
      },
    ]),
  ])('because it %s, says so, and is left', async (_, known, turns, { message, ...failure }) => {
    const proxy = await scriptedProxy(turns);
    const hop = place(proxy, known ? { credential: alice } : {});
    const error = await hopErrorOf(socks5Dialer(straight, hop)(target, { signal: never }));
    expect(error).toMatchObject(failure);
    expect(error.reply).toBe(failure.reply);
    expect(error.message).toBe(`socks5://proxy.example: ${message}`);
    await (await proxy.played()).ended();
  });

  it.each<[HopPhase, readonly Turn[]]>([
    ['handshake', [{ hears: '05020002' }]],
    ['auth', [...asked, { hears: word }]],
    [
      'request',
      [
        { hears: '05020002', says: '0500' },
        { hears: request, says: '0500' },
      ],
    ],
  ])('because it says nothing at the stage %s, is left as soon as nobody waits', async (phase, turns) => {
    const proxy = await scriptedProxy(turns);
    const leaving = new AbortController();
    const hop = place(proxy, { credential: alice });
    const dialling = socks5Dialer(straight, hop)(target, { signal: leaving.signal });
    void proxy.played().then(() => {
      leaving.abort(new Error('enough'));
    });
    const error = await hopErrorOf(dialling);
    expect(error).toMatchObject({ phase, fault: 'given-up', message: `${hop.name}: ${phase}: enough` });
    expect(error.cause).toBe(leaving.signal.reason);
    await (await proxy.played()).ended();
  });
});

describe('what cannot be said in SOCKS5', () => {
  it.each<[string, Partial<SocksPlace>, string, HopPhase, string]>([
    ['a host that is none', {}, '', 'request', 'target domain: expected 1 to 255 bytes, got 0'],
    [
      'a host that is too long',
      {},
      'a'.repeat(256),
      'request',
      'target domain: expected 1 to 255 bytes, got 256',
    ],
    [
      'a user without a name',
      { credential: { user: '', password: 'secret' } },
      'example.com',
      'auth',
      'SOCKS5 user: expected 1 to 255 bytes, got 0',
    ],
    [
      'a password that is too long',
      { credential: { user: 'alice', password: 'secret'.repeat(50) } },
      'example.com',
      'auth',
      'SOCKS5 password: expected 1 to 255 bytes, got 300',
    ],
  ])('%s is found before the proxy is bothered', async (_, changes, host, phase, message) => {
    const proxy = await scriptedProxy([]);
    const dialling = socks5Dialer(straight, place(proxy, changes))({ host, port: 443 }, { signal: never });
    expect(await hopErrorOf(dialling)).toMatchObject({
      phase,
      fault: 'input',
      message: `socks5://proxy.example: ${message}`,
    });
    expect(proxy.accepted).toBe(0);
  });
});
