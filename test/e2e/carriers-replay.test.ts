import { describe, expect, it } from 'vitest';
import { connect, type Peer } from '../support/peer.js';
import { asItComes, type Carry, startTap } from '../support/tap.js';
import { startEcho, startTarget, type TestTarget } from '../support/targets.js';
import {
  ask,
  expectServed,
  type Half,
  type LocalChanges,
  localHalf,
  readReply,
  remoteHalf,
  type RunningRemote,
  socksWords,
} from '../support/tunnel.js';
import type { LocalService } from '../../local/local.js';

/** Where the connection that has had a conversation breaks in the next one. */
type Stage = 'never' | 'as the request comes' | 'before the answer' | 'in the middle of the answer';

interface Brittle {
  readonly local: Half<LocalService>;
  readonly remote: RunningRemote;
  readonly echo: TestTarget;
  /** How many connections the local has opened. */
  connections(): number;
}

/** A tunnel with one carrier that waits, and breaks at that stage of its next conversation. */
async function brittle(
  stage: Stage,
  how: 'fin' | 'reset' = 'reset',
  changes: LocalChanges = {},
): Promise<Brittle> {
  let armed = false;
  const breaking =
    (kept: number): Carry =>
    async (from, to) => {
      for await (const piece of from) {
        if (armed) {
          armed = false;
          to.write(piece.subarray(0, kept));
          if (how === 'fin') return;
          throw new Error('cut');
        }
        to.write(piece);
      }
    };
  const remote = await remoteHalf();
  const tap = await startTap(remote.port, {
    up: stage === 'as the request comes' ? breaking(0) : asItComes,
    down:
      stage === 'before the answer'
        ? breaking(0)
        : stage === 'in the middle of the answer'
          ? breaking(5)
          : asItComes,
  });
  const local = await localHalf(remote, { ...changes, port: tap.port });
  const echo = await startEcho();
  await expectServed({ local }, echo);
  armed = true;
  return { local, remote, echo, connections: () => tap.connections.length };
}

function replayed({ local }: Brittle): number {
  return local.service.carriers().replayed;
}

/** A client that has sent all of this at once. */
async function saying(local: Half<LocalService>, ...words: readonly Uint8Array[]): Promise<Peer> {
  const client = await connect(local.port);
  void client.send(Buffer.concat(words));
  return client;
}

describe('a new carrier', () => {
  it('is not tried again when it breaks: whatever broke it would break the next one', async () => {
    const remote = await remoteHalf();
    const cut: Carry = async (from) => {
      for await (const piece of from) throw new Error(`cut behind ${piece.length} bytes`);
    };
    const tap = await startTap(remote.port, { down: cut });
    const local = await localHalf(remote, { port: tap.port });
    const { reply } = await ask(local.port, await startEcho());
    expect(reply.code).not.toBe(0);
    expect(local.service.carriers()).toMatchObject({ opened: 1, replayed: 0 });
  });
});

describe('a carrier that was dead all the time', () => {
  it.each([
    ['as the request comes', 'reset', 2],
    ['before the answer', 'reset', 3],
    ['before the answer', 'fin', 3],
  ] as const)('costs no request: it broke %s with a %s', async (stage, how, dialled) => {
    const tunnel = await brittle(stage, how);
    await expectServed(tunnel, tunnel.echo);
    expect([replayed(tunnel), tunnel.connections(), tunnel.echo.accepted]).toEqual([1, 2, dialled]);
    expect(tunnel.local.seen('remote-lost')).toEqual([]);
  });

  it('is not tried again once a byte of the answer has come', async () => {
    const tunnel = await brittle('in the middle of the answer');
    const { reply } = await ask(tunnel.local.port, tunnel.echo);
    expect(reply.code).not.toBe(0);
    expect([replayed(tunnel), tunnel.connections()]).toEqual([0, 1]);
  });

  it('is not tried again with words behind the handshake, which are for the target', async () => {
    const tunnel = await brittle('as the request comes');
    const { greeting, request } = socksWords(tunnel.echo);
    const client = await saying(tunnel.local, greeting, request, Buffer.from('pay 100'));
    await client.read(2);
    expect((await readReply(client)).code).not.toBe(0);
    expect([replayed(tunnel), tunnel.echo.accepted]).toEqual([0, 1]);
    // Of the remote it says nothing.
    expect(tunnel.local.seen('remote-lost')).toEqual([]);
  });

  it('is not tried again with an HTTP request, which may have acted', async () => {
    const tunnel = await brittle('as the request comes');
    const { host, port } = tunnel.echo;
    const client = await saying(
      tunnel.local,
      Buffer.from(`POST http://${host}:${port}/ HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`),
    );
    expect(await client.ended()).toBe('reset');
    expect([replayed(tunnel), tunnel.echo.accepted]).toEqual([0, 1]);
  });

  it('is not tried again for a client that was answered early, nor does the remote pass for lost', async () => {
    const tunnel = await brittle('as the request comes', 'reset', { optimistic: true });
    const { client, reply } = await ask(tunnel.local.port, tunnel.echo);
    expect([reply.code, await client.ended()]).toEqual([0, 'reset']);
    expect(tunnel.local.seen('refused').map(({ reason }) => reason)).toEqual(['general-failure']);
    expect(tunnel.local.seen('remote-lost')).toEqual([]);
    expect([replayed(tunnel), tunnel.echo.accepted]).toEqual([0, 1]);
    await expectServed(tunnel, tunnel.echo);
  });

  it('does speak for a CONNECT, and for SOCKS4', async () => {
    const target = await startTarget();
    const connects = await brittle('as the request comes');
    const http = await saying(
      connects.local,
      Buffer.from(`CONNECT 127.0.0.1:${target.port} HTTP/1.1\r\nHost: x\r\n\r\n`),
    );
    expect((await http.read(12)).toString()).toBe('HTTP/1.1 200');
    const asks = await brittle('as the request comes');
    const socks4 = await saying(
      asks.local,
      Uint8Array.of(4, 1, target.port >> 8, target.port & 255, 127, 0, 0, 1, 0),
    );
    expect((await socks4.read(8))[1]).toBe(90);
    expect([replayed(connects), replayed(asks)]).toEqual([1, 1]);
  });

  it('costs no request when the remote was stopped and started again meanwhile', async () => {
    const tunnel = await brittle('never');
    const { local, remote, echo } = tunnel;
    await Promise.all(Array.from({ length: 5 }, () => expectServed(tunnel, echo)));
    await remote.service.stop(0);
    const { settings, port } = remote;
    await remoteHalf({ ...settings, method: settings.method.name, listen: { host: '127.0.0.1', port } });
    await Promise.all(Array.from({ length: 5 }, () => expectServed(tunnel, echo)));
    expect(local.seen('refused')).toEqual([]);
  });
});
