import { describe, expect, it, vi } from 'vitest';
import { encodeTarget } from '../../shared/codec/address.js';
import { ConfigError } from '../../index.js';
import { udpClient } from '../support/associate.js';
import { connect, type Peer } from '../support/peer.js';
import { socksDatagram } from '../support/relay.js';
import { choice, echoed, nameServer, startAmong, until } from '../support/servers.js';
import { startEcho } from '../support/targets.js';
import { readReply } from '../support/tunnel.js';
import { udpEcho } from '../support/udp.js';

const wires = ['raw', 'shadowsocks'] as const;
const ways = wires.flatMap((wire) => [
  { wire, how: 'in packets', changes: {} },
  { wire, how: 'in a stream', changes: { udpOverTcp: true as const } },
]);

describe.each(ways)('datagrams through several servers, $wire wire, $how', ({ wire, changes }) => {
  it('have another way when theirs is lost, in a new association', async () => {
    const [echo, probeTarget] = [await udpEcho(), await nameServer()];
    const { remotes, local } = await startAmong(2, { uri: { wire }, local: { ...changes, probeTarget } });
    const before = await udpClient(local.port);
    await before.send(echo, 'one');
    expect((await before.socket.next()).payload.equals(socksDatagram(echo, 'one'))).toBe(true);
    await remotes[0]?.service.stop(0);
    await local.service.checkServers();
    const after = await udpClient(local.port);
    await after.send(echo, 'two');
    expect((await after.socket.next()).payload.equals(socksDatagram(echo, 'two'))).toBe(true);
    expect(local.seen('through').map(({ server }) => server)).toEqual(['tokyo', 'osaka']);
  });
});

describe.each(wires)('BIND through several servers, %s wire', (wire) => {
  it('waits at the next one when the first is lost', async () => {
    const probeTarget = await nameServer();
    const { remotes, local } = await startAmong(2, {
      remote: { allowBind: true },
      uri: { wire },
      local: { probeTarget },
    });
    await remotes[0]?.service.stop(0);
    const client = await connect(local.port);
    void client.send(Uint8Array.of(5, 1, 0));
    await client.read(2);
    void client.send(Buffer.concat([Uint8Array.of(5, 2, 0), encodeTarget({ host: '127.0.0.1', port: 0 })]));
    const { code, bound } = await readReply(client);
    expect(code).toBe(0);
    const peer = await connect(bound.port);
    expect((await readReply(client)).code).toBe(0);
    void peer.send('220 ready');
    expect((await client.read(9)).toString()).toBe('220 ready');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['osaka']);
  });
});

/** A client that names itself to the remote. */
async function letIn(port: number): Promise<Peer> {
  const client = await connect(port);
  void client.send(Uint8Array.of(5, 1, 2));
  expect((await client.read(2)).toString('hex')).toBe('0502');
  void client.send(
    Buffer.concat([Uint8Array.of(1, 3), Buffer.from('ann'), Uint8Array.of(2), Buffer.from('pw')]),
  );
  expect((await client.read(2)).toString('hex')).toBe('0100');
  return client;
}

describe('several servers that ask for credentials themselves', () => {
  const remote = { credentials: [{ user: 'ann', password: 'pw' }] };
  const request = (target: Parameters<typeof encodeTarget>[0]): Buffer =>
    Buffer.concat([Uint8Array.of(5, 1, 0), encodeTarget(target)]);

  it('are greeted one after the other, until one answers', async () => {
    const echo = await startEcho();
    const { remotes, local } = await startAmong(2, { remote });
    for (const turn of [0, 1]) {
      const client = await letIn(local.port);
      void client.send(request(echo));
      expect((await readReply(client)).code).toBe(0);
      void client.send('hello');
      expect((await client.read(5)).toString()).toBe('hello');
      if (turn === 0) await remotes[0]?.service.stop(0);
    }
    expect(local.seen('through').map(({ server }) => server)).toEqual(['tokyo', 'osaka']);
  });

  it('cannot stand beside one on the standard wire, which could not ask', async () => {
    const { remotes, local } = await startAmong(2, { remote });
    const [one, other] = remotes;
    if (one === undefined || other === undefined) throw new Error('expected two remotes');
    const mixed = [choice(one, 0), choice(other, 1, { wire: 'shadowsocks' })];
    expect(() => {
      local.service.replaceServers(mixed);
    }).toThrow(ConfigError);
    await letIn(local.port);
  });
});

describe('a list of servers that is replaced', () => {
  it('serves new conversations by the new ones, and goes on with those that run', async () => {
    const echo = await startEcho();
    const { remotes, local } = await startAmong(3);
    const [tokyo, osaka, kyoto] = remotes.map((remote, place) => choice(remote, place));
    if (tokyo === undefined || osaka === undefined || kyoto === undefined) throw new Error('expected three');
    local.service.replaceServers([tokyo, osaka]);
    const running = await connect(local.port);
    void running.send(Uint8Array.of(5, 1, 0));
    await running.read(2);
    void running.send(Buffer.concat([Uint8Array.of(5, 1, 0), encodeTarget(echo)]));
    await readReply(running);
    local.service.replaceServers([kyoto, osaka].map((server, order) => ({ ...server, order })));
    await until(() => local.seen('servers-changed').length > 0);
    await echoed({ local }, echo, 'new');
    void running.send('old');
    expect((await running.read(3)).toString()).toBe('old');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['tokyo', 'kyoto']);
    expect(local.seen('servers-changed').map(({ from, to }) => [from, to])).toEqual([[['tokyo'], ['kyoto']]]);
  });

  it('keeps what is known of those that stay, and may have the names of others', async () => {
    const echo = await startEcho();
    const { remotes, local } = await startAmong(2);
    const [tokyo, osaka] = remotes.map((remote, place) => choice(remote, place));
    if (tokyo === undefined || osaka === undefined) throw new Error('expected two');
    await remotes[0]?.service.stop(0);
    await echoed({ local }, echo, 'by osaka');
    const renamed = { ...osaka, uri: { ...osaka.uri, tag: 'naniwa' } };
    local.service.replaceServers([tokyo, renamed]);
    await until(() => local.seen('servers-changed').length > 1);
    await echoed({ local }, echo, 'by the same');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['osaka', 'naniwa']);
    expect(local.seen('remote-lost').length).toBe(1);
  });

  it('may be one server, which is then like any that is alone', async () => {
    const echo = await startEcho();
    const { remotes, local } = await startAmong(2);
    const [, osaka] = remotes.map((remote, place) => choice(remote, place));
    if (osaka === undefined) throw new Error('expected two');
    local.service.replaceServers([osaka]);
    await vi.waitUntil(async () => (await local.service.checkServers()).length === 1);
    await echoed({ local }, echo, 'alone');
    expect(local.seen('through')).toEqual([]);
    expect(await local.service.checkServers()).toMatchObject([{ server: 'osaka', check: { ok: true } }]);
    local.service.replaceServers([]);
    await echoed({ local }, echo, 'still');
  });
});
