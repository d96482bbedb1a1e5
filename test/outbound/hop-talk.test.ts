import { getEventListeners } from 'node:events';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type Target, unspecifiedTarget } from '../../shared/codec/address.js';
import type { SocksPlace } from '../../shared/outbound/hop.js';
import { httpConnectDialer } from '../../shared/outbound/http-connect.js';
import type { Connected } from '../../shared/outbound/outbound.js';
import { socks4Binder, socks4Dialer, type Socks4Place } from '../../shared/outbound/socks4.js';
import { socks5Dialer } from '../../shared/outbound/socks5.js';
import { spacedHex } from '../support/handshake.js';
import { RecordingSink, ScriptedStream } from '../support/push-stream.js';
import { hopErrorOf, never, scriptedProxy, straight } from '../support/scripted-proxy.js';
import { deadPort } from '../support/targets.js';
import { settle } from '../support/turns.js';

const target = { host: '192.0.2.1', port: 443 };
const granted = '005a 1234 c0000207';
const refused = '005b 0000 00000000';
const named = { name: 'http://proxy.example' };
const place: Socks4Place = {
  protocol: 'SOCKS4',
  name: 'socks4://proxy.example',
  at: { host: 'proxy.example', port: 1080 },
  user: '',
  names: 'socks4',
};

/** A dial that has said its request over a stream in memory. */
async function asking(signal = never): Promise<{ stream: ScriptedStream; dialling: Promise<Connected> }> {
  const stream = new ScriptedStream({ lends: true });
  const over = (): Promise<Connected> => Promise.resolve({ stream, bound: unspecifiedTarget });
  const dialling = socks4Dialer(over, place)(target, { signal });
  await settle();
  return { stream, dialling };
}

describe('the stream of a proxy', () => {
  it('waits for whoever comes next, with all that comes until then', async () => {
    const { stream, dialling } = await asking();
    stream.pushBytes(spacedHex(`${granted} 68`));
    const { stream: theirs } = await dialling;
    stream.push('el');
    await settle();
    stream.push('lo');
    stream.finish();
    await settle();
    const sink = new RecordingSink();
    theirs.attach(sink);
    expect([sink.text, sink.log]).toEqual(['hello', ['bytes', 'ended']]);
  });

  it('belongs to nobody when it was given up in the moment of the grant', async () => {
    const leaving = new AbortController();
    const { stream, dialling } = await asking(leaving.signal);
    stream.pushBytes(spacedHex(granted));
    leaving.abort(new Error('enough'));
    expect(await hopErrorOf(dialling)).toMatchObject({ phase: 'request', fault: 'given-up' });
    expect(stream.calls.at(-1)).toBe('abort');
  });
});

describe('the signal of a dial', () => {
  it.each([
    ['a grant', granted],
    ['a refusal', refused],
  ])('has nobody left who listens after %s', async (_, reply) => {
    const { signal } = new AbortController();
    const { stream, dialling } = await asking(signal);
    stream.pushBytes(spacedHex(reply));
    await dialling.catch(() => undefined);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it.each(['refused', 'closed', 'accepted'] as const)(
    'has nobody left who listens after a binding was %s',
    async (how) => {
      const { signal } = new AbortController();
      const says = { refused, closed: granted, accepted: granted + granted }[how];
      const proxy = await scriptedProxy([{ hears: '0402 01bb c0000201 00', says }]);
      const opening = socks4Binder(straight, { ...place, at: proxy.at })(target, { signal });
      const binding = await opening.catch(() => undefined);
      if (how === 'closed') binding?.close();
      const connected = await binding?.accepted.catch(() => undefined);
      connected?.stream.abort();
      expect([binding !== undefined, connected !== undefined]).toEqual([
        how !== 'refused',
        how === 'accepted',
      ]);
      expect(getEventListeners(signal, 'abort')).toHaveLength(0);
    },
  );
});

type Dialling = (at: Target, signal: AbortSignal) => Promise<Connected>;

const protocols: readonly (readonly [string, Dialling, string | Buffer])[] = [
  [
    'SOCKS4',
    (at, signal) => socks4Dialer(straight, { ...place, at })(target, { signal }),
    '0401 01bb c0000201 00',
  ],
  [
    'SOCKS5',
    (at, signal) => socks5Dialer(straight, { ...named, protocol: 'SOCKS5', at })(target, { signal }),
    '050100',
  ],
  [
    'HTTP',
    (at, signal) => httpConnectDialer(straight, { ...named, protocol: 'HTTP', at })(target, { signal }),
    Buffer.from('CONNECT 192.0.2.1:443 HTTP/1.1\r\nHost: 192.0.2.1:443\r\n\r\n'),
  ],
];

describe.each(protocols)('a %s proxy', (_, dialling, hears) => {
  it('that says nothing is left as soon as nobody waits', async () => {
    const proxy = await scriptedProxy([{ hears }]);
    const leaving = new AbortController();
    const failing = hopErrorOf(dialling(proxy.at, leaving.signal));
    const peer = await proxy.played();
    leaving.abort(new Error('enough'));
    const error = await failing;
    expect(error.fault).toBe('given-up');
    expect(error.cause).toBe(leaving.signal.reason);
    await peer.ended();
  });

  it('where nobody listens was not reached', async () => {
    const error = await hopErrorOf(dialling({ host: '127.0.0.1', port: await deadPort() }, never));
    expect(error).toMatchObject({ phase: 'connect', fault: 'unreachable', code: 'connection-refused' });
  });

  it('is not bothered by a dial that was given up beforehand', async () => {
    const proxy = await scriptedProxy([]);
    const error = await hopErrorOf(dialling(proxy.at, AbortSignal.abort(new Error('enough'))));
    expect(error).toMatchObject({ phase: 'connect', fault: 'given-up' });
    expect(proxy.accepted).toBe(0);
  });
});

it.each<[string, typeof httpConnectDialer, string | Buffer, Buffer]>([
  ['SOCKS5', socks5Dialer, '05020002', Buffer.of(5, 0xff)],
  ['HTTP', httpConnectDialer, Buffer.from('CONNECT '), Buffer.from('HTTP/1.1 407 x\r\n\r\n')],
])('no error of a %s proxy tells the password, however it is printed', async (_, dialer, hears, says) => {
  const proxy = await scriptedProxy([{ hears, says }]);
  const known = { ...named, protocol: 'HTTP', credential: { user: 'alice', password: 'secret' } } as const;
  const bad = { user: 'alice:', password: 'secret'.repeat(50) };
  const places: readonly SocksPlace[] = [
    { ...known, at: proxy.at },
    { ...known, at: { host: '127.0.0.1', port: await deadPort() } },
    { ...known, at: proxy.at, credential: bad },
  ];
  for (const [index, at] of places.entries()) {
    const error = await hopErrorOf(dialer(straight, at)(target, { signal: never }));
    expect(error.fault).toBe([says[0] === 5 ? 'auth-methods' : 'auth-failed', 'unreachable', 'input'][index]);
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('secret');
  }
});
