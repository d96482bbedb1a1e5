import { describe, expect, it } from 'vitest';
import type { Refusal } from '../../shared/errors.js';
import type { HopFault } from '../../shared/outbound/hop.js';
import { socks4Dialer, type Socks4Place } from '../../shared/outbound/socks4.js';
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

const target = { host: '192.0.2.1', port: 443 };
const request = '0401 01bb c0000201 6d65 00';
const granted = '005a 1234 c0000207';

function place({ at }: ScriptedProxy, changes: Partial<Socks4Place> = {}): Socks4Place {
  return { protocol: 'SOCKS4', name: 'socks4://proxy.example', at, user: 'me', names: 'socks4', ...changes };
}

describe('through a SOCKS4 proxy', () => {
  it.each<[string, Partial<Socks4Place>, string, string]>([
    ['an address', {}, '192.0.2.1', request],
    ['an address, where names may be named', { names: 'socks4a' }, '192.0.2.1', request],
    [
      'a name, where names may be named',
      { names: 'socks4a', user: '' },
      'example.com',
      '0401 01bb 00000001 00 6578616d706c652e636f6d 00',
    ],
  ])('%s is reached, from the address that the proxy says', async (_, changes, host, words) => {
    const proxy = await scriptedProxy([{ hears: words, says: granted }]);
    const dialling = socks4Dialer(straight, place(proxy, changes))({ host, port: 443 }, { signal: never });
    const { stream, bound } = await dialling;
    expect(bound).toEqual({ host: '192.0.2.7', port: 0x1234 });
    stream.write([Buffer.from('hello')]);
    expect(String(await (await proxy.played()).read(5))).toBe('hello');
    stream.abort();
  });

  const hello = Buffer.from('hello from the target');
  it.each(cuts(spacedHex(granted), hello).map((pieces) => [pieces[0]?.length ?? 0, pieces] as const))(
    'nothing of the target is lost when the reply is cut after %i bytes',
    async (_, says) => {
      const proxy = await scriptedProxy([{ hears: request, says, then: 'ends' }]);
      const connected = await socks4Dialer(straight, place(proxy))(target, { signal: never });
      await proxy.played();
      expect(await firstBytes(connected, hello.length)).toBe(String(hello));
    },
  );
});

describe('a SOCKS4 proxy that fails', () => {
  const ended = 'handshake: expected more bytes, got the end of the stream';
  it.each<[string, Omit<Turn, 'hears'>, HopFault, number | undefined, Refusal, string]>([
    [
      'refuses with 91',
      { says: '005b 0000 00000000' },
      'refused',
      91,
      'general-failure',
      'SOCKS4 reply: expected 90, got 91: general failure',
    ],
    [
      'refuses with 92',
      { says: '005c 0000 00000000' },
      'refused',
      92,
      'not-allowed',
      'SOCKS4 reply: expected 90, got 92: not allowed by the rules',
    ],
    [
      'refuses with 93',
      { says: '005d 0000 00000000' },
      'refused',
      93,
      'not-allowed',
      'SOCKS4 reply: expected 90, got 93: not allowed by the rules',
    ],
    [
      'knows other numbers',
      { says: '005e 0000 00000000' },
      'invalid',
      undefined,
      'general-failure',
      'SOCKS4 reply code: expected 90 to 93, got 94',
    ],
    [
      'speaks SOCKS5',
      { says: '0500 0000 00000000' },
      'invalid',
      undefined,
      'general-failure',
      'SOCKS4 reply version: expected 0, got 5',
    ],
    ['ends at once', { then: 'ends' }, 'ended', undefined, 'general-failure', ended],
    ['ends in the middle', { says: '005a 12', then: 'ends' }, 'ended', undefined, 'general-failure', ended],
    ['resets', { then: 'resets' }, 'ended', undefined, 'general-failure', 'read ECONNRESET'],
  ])('because it %s, says so, and is left', async (_, turn, fault, reply, code, message) => {
    const proxy = await scriptedProxy([{ hears: request, ...turn }]);
    const error = await hopErrorOf(socks4Dialer(straight, place(proxy))(target, { signal: never }));
    expect(error).toMatchObject({ phase: 'request', fault, code });
    expect(error.reply).toBe(reply);
    expect(error.message).toBe(`socks4://proxy.example: ${message}`);
    await (await proxy.played()).ended();
  });
});

it.each<[string, Partial<Socks4Place>, string, string]>([
  ['a name', {}, 'example.com', 'SOCKS4 target: expected an IPv4 address, got a name'],
  ['an IPv6 address', {}, '::1', 'SOCKS4 target: expected an IPv4 address, got an IPv6 address'],
  ['no host', { names: 'socks4a' }, '', 'target domain: expected 1 to 255 bytes, got 0'],
  ['a user with an end', { user: 'a\0b' }, '192.0.2.1', 'SOCKS4 user: expected text, got a NUL byte'],
])(
  '%s is nothing to say in SOCKS4, which is found before the proxy is bothered',
  async (_, changes, host, said) => {
    const proxy = await scriptedProxy([]);
    const dialling = socks4Dialer(straight, place(proxy, changes))({ host, port: 443 }, { signal: never });
    const error = await hopErrorOf(dialling);
    expect(error).toMatchObject({ phase: 'request', fault: 'input' });
    expect(error.message).toBe(`socks4://proxy.example: ${said}`);
    expect(proxy.accepted).toBe(0);
  },
);
