import { expect, it, onTestFinished, vi } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import type * as descriptors from '../../shared/net/descriptors.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import type { FarSink, FarWay } from '../../shared/outbound/associate.js';
import { Attempts } from '../../shared/serve/attempts.js';
import {
  type DatagramForward,
  type DatagramForwardOptions,
  forwardDatagrams,
} from '../../shared/serve/forward-datagrams.js';
import { DatagramSession } from '../../shared/serve/forward-session.js';
import { openConnections } from '../../shared/serve/open.js';
import { settle } from '../support/turns.js';
import { type UdpPeer, udpPeer } from '../support/udp.js';

let mostSockets: number | undefined;

// What the system allows this process is whatever the test says.
vi.mock('../../shared/net/descriptors.js', async (original) => {
  const real = await original<typeof descriptors>();
  return { ...real, mostDatagramSockets: () => mostSockets ?? real.mostDatagramSockets() };
});

/** A way that a test holds both ends of. */
class ScriptedWay implements FarWay {
  sink: FarSink | undefined;
  closed = false;
  readonly said: string[] = [];
  #wake: () => void = () => undefined;

  attach(sink: FarSink): void {
    this.sink = sink;
  }

  send(_target: Target, payload: Uint8Array): void {
    this.said.push(Buffer.from(payload).toString());
    this.#wake();
  }

  close(): void {
    this.closed = true;
  }

  /** Settles when so many datagrams have gone out. */
  async heard(count: number): Promise<readonly string[]> {
    while (this.said.length < count) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.said;
  }
}

const target = { host: 'target.example', port: 7 };

interface Started extends DatagramForward {
  readonly ways: readonly ScriptedWay[];
  readonly events: readonly ObservedEvent[];
  readonly attempts: Attempts;
}

async function started(options: Partial<DatagramForwardOptions> = {}): Promise<Started> {
  const [ways, events, attempts]: [ScriptedWay[], ObservedEvent[], Attempts] = [[], [], new Attempts()];
  const machine = {
    role: 'forward',
    observer: (event: ObservedEvent) => events.push(event),
    idleMs: 1000,
    attempts,
  } as const;
  const forward = await forwardDatagrams({
    listen: { host: '127.0.0.1', port: 0 },
    target,
    machine,
    idleMs: 60_000,
    talk: (to) => {
      const far = new ScriptedWay();
      ways.push(far);
      return Promise.resolve({ far, to });
    },
    ...options,
  });
  onTestFinished(forward.close);
  forward.begin();
  return { begin: forward.begin, address: forward.address, close: forward.close, ways, events, attempts };
}

async function clients(count: number): Promise<UdpPeer[]> {
  return Promise.all(Array.from({ length: count }, () => udpPeer()));
}

/** Settles when there are so many. */
async function begun(ways: readonly ScriptedWay[], count: number): Promise<void> {
  while (ways.length < count) await settle();
  await ways[count - 1]?.heard(1);
}

it('the session that has been idle for longest makes room for a new one', async () => {
  const { address, ways } = await started({ most: 2 });
  const [one, two, three] = await clients(3);
  await one?.say('one', address);
  await begun(ways, 1);
  await two?.say('two', address);
  await begun(ways, 2);
  await one?.say('again', address);
  await ways[0]?.heard(2);
  await three?.say('three', address);
  await begun(ways, 3);
  expect(ways.map(({ closed }) => closed)).toEqual([false, true, false]);
});

it('an answer keeps a session as young as a question does', async () => {
  const { address, ways } = await started({ most: 2 });
  const [one, two, three] = await clients(3);
  await one?.say('one', address);
  await begun(ways, 1);
  await two?.say('two', address);
  await begun(ways, 2);
  ways[0]?.sink?.answered({ host: '192.0.2.1', port: target.port }, Buffer.from('answer'));
  await three?.say('three', address);
  await begun(ways, 3);
  expect(ways.map(({ closed }) => closed)).toEqual([false, true, false]);
});

it('of a target whose name is looked up elsewhere, the first that answers is the only one that is heard', async () => {
  const { address, ways } = await started();
  const [client] = await clients(1);
  await client?.say('question', address);
  await begun(ways, 1);
  const say = (host: string, port: number, text: string): void => {
    ways[0]?.sink?.answered({ host, port }, Buffer.from(text));
  };
  say('192.0.2.1', target.port + 1, 'of another port');
  say('192.0.2.1', target.port, 'answer');
  say('192.0.2.2', target.port, 'of another host');
  say('::ffff:192.0.2.1', target.port, 'again');
  const heard = [await client?.next(), await client?.next()].map((each) => String(each?.payload));
  expect(heard).toEqual(['answer', 'again']);
});

it('what comes before its way is open waits, up to a limit', async () => {
  const far = new ScriptedWay();
  let open: () => void = () => undefined;
  const opening = new Promise<void>((resolve) => {
    open = resolve;
  });
  const { address, close, events } = await started({
    talk: async (to) => {
      await opening;
      return { far, to };
    },
  });
  const [client] = await clients(1);
  for (let number = 0; number < 70; number += 1) await client?.say(String(number), address);
  while ([...openConnections()].length === 0) await settle();
  const [session] = openConnections();
  expect(session?.describe()).toMatchObject({ state: 'dialing', transport: 'udp', role: 'forward', target });
  // A socket hears in order, so all of them have been read when this one is answered.
  const probe = await udpPeer();
  await probe.say('probe', address);
  while ([...openConnections()].length < 2) await settle();
  open();
  expect(await far.heard(65)).toEqual([
    ...Array.from({ length: 64 }, (_, number) => String(number)),
    'probe',
  ]);
  close();
  expect(events.find(({ event }) => event === 'closed')).toMatchObject({ datagrams: { up: 64, dropped: 6 } });
  expect([...openConnections()]).toEqual([]);
});

it('its end closes a way that comes about later', async () => {
  const far = new ScriptedWay();
  let open: () => void = () => undefined;
  let signal: AbortSignal | undefined;
  const { address, close, events } = await started({
    talk: (to, asking) =>
      new Promise((resolve) => {
        ({ signal } = asking);
        open = () => {
          resolve({ far, to });
        };
      }),
  });
  const [client] = await clients(1);
  await client?.say('question', address);
  while (signal === undefined) await settle();
  close();
  expect(signal.aborted).toBe(true);
  open();
  await settle();
  expect(far.closed).toBe(true);
  expect(events.map(({ event }) => event)).toEqual(['opened', 'closed']);
});

it('a way that ends ends its session; the next datagram begins another', async () => {
  const { address, ways, events } = await started();
  const [client] = await clients(1);
  await client?.say('one', address);
  await begun(ways, 1);
  ways[0]?.sink?.ended(Object.assign(new Error('gone'), { code: 'ECONNRESET' }));
  expect(events.at(-1)).toMatchObject({ event: 'closed', error: 'ECONNRESET' });
  await client?.say('two', address);
  await begun(ways, 2);
  expect(ways.map(({ closed }) => closed)).toEqual([true, false]);
});

it('one of the table can be cut, and no other', async () => {
  const { address, ways } = await started();
  const [one, two] = await clients(2);
  await one?.say('one', address);
  await begun(ways, 1);
  await two?.say('two', address);
  await begun(ways, 2);
  const [first] = openConnections();
  first?.cut(new Error('enough'));
  expect([ways.map(({ closed }) => closed), [...openConnections()]]).toMatchObject([[true, false], [{}]]);
});

it('what waits for a way takes no more than 256 KiB and one datagram', async () => {
  const far = new ScriptedWay();
  let open: () => void = () => undefined;
  const opening = new Promise<void>((resolve) => {
    open = resolve;
  });
  const session = sessionOf(async (to) => {
    await opening;
    return { far, to };
  });
  for (let number = 0; number < 8; number += 1) session.receive(Buffer.alloc(60_000, String(number)));
  open();
  expect((await far.heard(5)).map((text) => text[0])).toEqual(['0', '1', '2', '3', '4']);
  session.close();
});

it('answers are not what their memory holds later', async () => {
  const far = new ScriptedWay();
  const sent: Uint8Array[] = [];
  const session = sessionOf((to) => Promise.resolve({ far, to }), sent);
  while (far.sink === undefined) await settle();
  const lent = Buffer.from('answer');
  far.sink.answered({ host: '192.0.2.1', port: target.port }, lent);
  lent.fill(0);
  expect(sent.map((bytes) => String(Buffer.from(bytes)))).toEqual(['answer']);
  session.close();
});

it('without descriptors a new session has the place of another one, or none, which is said', async () => {
  onTestFinished(() => {
    mostSockets = undefined;
  });
  const { address, ways, events } = await started();
  const [one, two, three] = await clients(3);
  mostSockets = 0;
  await one?.say('one', address);
  while (events.length === 0) await settle();
  expect([events.map(({ event }) => event), ways]).toEqual([['warning'], []]);
  mostSockets = undefined;
  await two?.say('two', address);
  await begun(ways, 1);
  mostSockets = 0;
  await three?.say('three', address);
  await begun(ways, 2);
  expect(ways.map(({ closed }) => closed)).toEqual([true, false]);
});

it('whoever asks a name server is forgotten sooner', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => {
    vi.useRealTimers();
  });
  const name = await started({ target: { host: '192.0.2.1', port: 53 } });
  const other = await started();
  const [client] = await clients(1);
  for (const { address, ways } of [name, other]) {
    await client?.say('question', address);
    await begun(ways, 1);
  }
  vi.advanceTimersByTime(16_000);
  expect([name.ways[0]?.closed, other.ways[0]?.closed]).toEqual([true, false]);
  vi.advanceTimersByTime(60_000);
  expect(other.ways[0]?.closed).toBe(true);
});

/** A session of a client of nobody's; what would be sent to it is put into `sent`. */
function sessionOf(talk: DatagramForwardOptions['talk'], sent: Uint8Array[] = []): DatagramSession {
  const attempts = new Attempts();
  return new DatagramSession(
    { address: '192.0.2.9', port: 9 },
    {
      machine: { role: 'forward', observer: () => undefined, idleMs: 1000, attempts },
      target,
      talk,
      near: { address: { host: '127.0.0.1', port: 1 }, send: (datagram) => sent.push(datagram) },
      active: () => undefined,
      over: () => undefined,
    },
  );
}
