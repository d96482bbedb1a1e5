import { expect, it, onTestFinished } from 'vitest';
import { readService } from '../../shared/config/service-address.js';
import { systemEnvironment } from '../../shared/net/system.js';
import { createResolver } from '../../shared/net/resolve.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { Attempts } from '../../shared/serve/attempts.js';
import { openForwards } from '../../shared/serve/forwards.js';
import { defaultTimeouts } from '../../shared/serve/timeouts.js';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';
import { settle, turnsUntil } from '../support/turns.js';
import { udpEcho, udpPeer } from '../support/udp.js';

it('serves whoever has come before all forwards listened once it begins, and not before', async () => {
  const [echo, datagrams] = [await startEcho(), await udpEcho()];
  const resolver = createResolver();
  const events: ObservedEvent['event'][] = [];
  const machine = {
    role: 'forward',
    observer: ({ event }: ObservedEvent) => events.push(event),
    idleMs: 1000,
    attempts: new Attempts(),
  } as const;
  const from = { host: '127.0.0.1', port: 0 };
  const forwards = await openForwards(
    [
      { from, to: echo, transport: 'tcp' },
      { from, to: datagrams, transport: 'udp' },
    ],
    { machine, timeouts: defaultTimeouts, environment: systemEnvironment, resolver },
  );
  onTestFinished(async () => {
    forwards.close();
    await forwards.drain(0);
    resolver.close();
  });
  const [stream, sessions] = forwards.open.map(({ listen }) => readService(listen));
  const early = await connect(stream?.port ?? 0);
  await early.send('hello');
  const gone = await connect(stream?.port ?? 0);
  gone.reset();
  const peer = await udpPeer();
  await peer.say('lost', sessions ?? from);
  await settle();
  expect(events).toEqual([]);
  forwards.begin();
  expect(String(await early.read(5))).toBe('hello');
  await peer.say('heard', sessions ?? from);
  expect(String((await peer.next()).payload)).toBe('heard');
  await turnsUntil(() => events.includes('closed'));
});
