import { Socket } from 'node:dgram';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { datagramService, packetPeer, type RunningService } from '../support/associations.js';
import { turnsUntil } from '../support/turns.js';
import { udpEcho, udpPeer } from '../support/udp.js';

afterEach(() => {
  vi.restoreAllMocks();
});

/** From now on no socket gets a port. */
function refusePorts(code: string): void {
  vi.spyOn(Socket.prototype, 'bind').mockImplementation(function (this: Socket) {
    this.emit('error', Object.assign(new Error(`bind ${code} 0.0.0.0`), { code }));
    return this;
  });
}

/** Ends all associations, and says what broke each of them, oldest first. */
function brokenAtEnd({ service, seen }: RunningService): (string | undefined)[] {
  service.close();
  return seen('closed').map(({ error }) => error);
}

describe('an association without a socket', () => {
  it('reaches nobody until it gets one; it goes on, and so do all others', async () => {
    const service = await datagramService();
    const echo = await udpEcho();
    const lucky = await packetPeer(service);
    await lucky.ask(echo);
    await lucky.answer();

    const unlucky = await packetPeer(service);
    refusePorts('EMFILE');
    await unlucky.ask(echo);
    await turnsUntil(() => service.seen('opened').length === 2);
    await lucky.ask(echo);
    await lucky.answer();
    vi.restoreAllMocks();

    await unlucky.ask(echo, 'again');
    expect(Buffer.from((await unlucky.answer()).payload).toString()).toBe('again');
    expect(brokenAtEnd(service)).toEqual([undefined, undefined]);
  });

  it('says why when it ends, and how many datagrams that has cost', async () => {
    const service = await datagramService();
    const client = await packetPeer(service);
    refusePorts('EMFILE');
    await client.ask({ host: '127.0.0.1', port: 7 });
    await client.ask({ host: '::1', port: 7 });
    await client.peer.say('marker', service);
    await turnsUntil(() => service.service.counts().forged === 1);
    expect(brokenAtEnd(service)).toEqual(['EMFILE']);
    expect(service.seen('closed')[0]?.datagrams).toEqual({ up: 2, down: 0, dropped: 2 });
  });
});

it('a host without IPv6 keeps an association what it has over IPv4: its port, and a clean end', async () => {
  const service = await datagramService();
  const target = await udpPeer();
  const client = await packetPeer(service);
  await client.ask(target, 'before');
  const { from } = await target.next();

  refusePorts('EAFNOSUPPORT');
  await client.ask({ host: '::1', port: target.port });
  await client.peer.say('marker', service);
  await turnsUntil(() => service.service.counts().forged === 1);
  vi.restoreAllMocks();

  await target.say('answer', from);
  expect(Buffer.from((await client.answer()).payload).toString()).toBe('answer');
  await client.ask(target, 'after');
  expect(await target.next()).toMatchObject({ from });
  expect(brokenAtEnd(service)).toEqual([undefined]);
});
