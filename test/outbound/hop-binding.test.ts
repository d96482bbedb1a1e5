import { describe, expect, it } from 'vitest';
import type { Binding } from '../../shared/outbound/outbound.js';
import { socks4Binder } from '../../shared/outbound/socks4.js';
import { socks5Binder, socks5Dialer } from '../../shared/outbound/socks5.js';
import { socks5Request } from '../../shared/proxy/socks5-client.js';
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

const from = { host: '192.0.2.1', port: 0 };

/** One protocol's words for the same conversation. */
interface Dialect {
  readonly open: (proxy: ScriptedProxy, signal?: AbortSignal) => Promise<Binding>;
  readonly greeting: readonly Turn[];
  readonly request: string;
  /** Where it waits: 192.0.2.7, port 0x1234. */
  readonly waits: string;
  readonly waitsSomewhere: string;
  /** Who came: 192.0.2.1, port 0x5678. */
  readonly came: string;
  readonly refused: string;
  readonly reply: number;
}

const dialects: readonly (readonly [string, Dialect])[] = [
  [
    'SOCKS4',
    {
      open: ({ at: { port } }, signal = never) => {
        const hop = {
          protocol: 'SOCKS4',
          name: 'socks4://proxy.example',
          at: { host: 'proxy.example', port },
          user: '',
          names: 'socks4',
        } as const;
        return socks4Binder(straight, hop)(from, { signal });
      },
      greeting: [],
      request: '0402 0000 c0000201 00',
      waits: '005a 1234 c0000207',
      waitsSomewhere: '005a 1234 00000000',
      came: '005a 5678 c0000201',
      refused: '005b 0000 00000000',
      reply: 91,
    },
  ],
  [
    'SOCKS5',
    {
      open: ({ at }, signal = never) => {
        const hop = { protocol: 'SOCKS5', name: 'socks5://proxy.example', at } as const;
        return socks5Binder(straight, hop)(from, { signal });
      },
      greeting: [{ hears: '050100', says: '0500' }],
      request: '05020001 c0000201 0000',
      waits: '05000001 c0000207 1234',
      waitsSomewhere: '05000001 00000000 1234',
      came: '05000001 c0000201 5678',
      refused: '05010001 00000000 0000',
      reply: 1,
    },
  ],
];

describe.each(dialects)('a binding at a %s proxy', (_, dialect) => {
  const { open, greeting, request, waits, came, refused, reply } = dialect;
  const waiting: Turn = { hears: request, says: waits };

  it('says where it waits, then who came, and is the stream to that', async () => {
    const proxy = await scriptedProxy([...greeting, waiting]);
    const { bound, accepted } = await open(proxy);
    expect(bound).toEqual({ host: '192.0.2.7', port: 0x1234 });
    const peer = await proxy.played();
    await peer.send(spacedHex(came));
    const connected = await accepted;
    expect(connected.bound).toEqual({ host: '192.0.2.1', port: 0x5678 });
    connected.stream.write([Buffer.from('hello')]);
    expect(String(await peer.read(5))).toBe('hello');
    connected.stream.abort();
  });

  const hello = Buffer.from('220 welcome');
  const whole = [spacedHex(waits), spacedHex(came), hello];
  it.each(cuts(...whole).map((pieces) => [pieces[0]?.length ?? 0, pieces] as const))(
    'loses nothing when both answers and the first bytes are cut after %i bytes',
    async (_cut, says) => {
      const proxy = await scriptedProxy([...greeting, { hears: request, says, then: 'ends' }]);
      const { bound, accepted } = await open(proxy);
      await proxy.played();
      const connected = await accepted;
      expect([bound.port, connected.bound.port]).toEqual([0x1234, 0x5678]);
      expect(await firstBytes(connected, hello.length)).toBe(String(hello));
    },
  );

  it('waits where the proxy was reached when that says no address', async () => {
    const proxy = await scriptedProxy([...greeting, { hears: request, says: dialect.waitsSomewhere }]);
    const binding = await open(proxy);
    expect(binding.bound).toEqual({ host: '127.0.0.1', port: 0x1234 });
    binding.close();
    await hopErrorOf(binding.accepted);
  });

  it('may be refused at once', async () => {
    const proxy = await scriptedProxy([...greeting, { hears: request, says: refused }]);
    expect(await hopErrorOf(open(proxy))).toMatchObject({ phase: 'request', fault: 'refused', reply });
    await (await proxy.played()).ended();
  });

  it.each<[string, Turn, object]>([
    ['refused', { hears: '', says: refused }, { fault: 'refused', reply, code: 'general-failure' }],
    ['ended', { hears: '', then: 'ends' }, { fault: 'ended' }],
    ['reset', { hears: '', then: 'resets' }, { fault: 'ended' }],
    ['rubbish', { hears: '', says: Buffer.alloc(10, 0xff) }, { fault: 'invalid' }],
  ])('may be %s later, instead of a connection', async (_how, turn, failure) => {
    const proxy = await scriptedProxy([...greeting, waiting, turn]);
    const { accepted } = await open(proxy);
    expect(await hopErrorOf(accepted)).toMatchObject({ phase: 'request', ...failure });
    await (await proxy.played()).ended();
  });

  it('waits no longer once it is closed', async () => {
    const proxy = await scriptedProxy([...greeting, waiting]);
    const binding = await open(proxy);
    binding.close();
    const error = await hopErrorOf(binding.accepted);
    expect(error.fault).toBe('given-up');
    expect(error.message).toContain('binding: expected a connection, got closed');
    await (await proxy.played()).ended();
  });

  it.each(['before', 'after'])('is closed by its signal %s it waits', async (when) => {
    const leaving = new AbortController();
    const proxy = await scriptedProxy(when === 'after' ? [...greeting, waiting] : greeting);
    const opening = open(proxy, leaving.signal);
    const failing = hopErrorOf(when === 'after' ? opening.then(({ accepted }) => accepted) : opening);
    if (when === 'after') await opening;
    const peer = await proxy.played();
    leaving.abort(new Error('enough'));
    const error = await failing;
    expect(error.fault).toBe('given-up');
    expect(error.cause).toBe(leaving.signal.reason);
    await peer.ended();
  });

  it('is none when its signal has fired before', async () => {
    const proxy = await scriptedProxy([]);
    expect((await hopErrorOf(open(proxy, AbortSignal.abort(new Error('enough'))))).fault).toBe('given-up');
  });

  it('leaves its stream alone when it is closed after the connection came', async () => {
    const proxy = await scriptedProxy([...greeting, waiting, { hears: '', says: came }]);
    const binding = await open(proxy);
    const connected = await binding.accepted;
    binding.close();
    connected.stream.write([Buffer.from('hello')]);
    expect(String(await (await proxy.played()).read(5))).toBe('hello');
    connected.stream.abort();
  });
});

it.each(['second.example', '127.0.0.2'])(
  'a binding behind another proxy waits at its own, %s',
  async (host) => {
    const at = { host, port: 1080 };
    const greeting = { hears: '050100', says: '0500' };
    const proxy = await scriptedProxy([
      greeting,
      { hears: socks5Request('connect', at), says: '05000001 00000000 0000' },
      greeting,
      { hears: socks5Request('bind', from), says: '05000001 00000000 1234' },
    ]);
    const over = socks5Dialer(straight, { protocol: 'SOCKS5', name: 'socks5://first.example', at: proxy.at });
    const bind = socks5Binder(over, { protocol: 'SOCKS5', name: 'socks5://second.example', at });
    const binding = await bind(from, { signal: never });
    expect(binding.bound).toEqual({ host, port: 0x1234 });
    binding.close();
    await hopErrorOf(binding.accepted);
  },
);
