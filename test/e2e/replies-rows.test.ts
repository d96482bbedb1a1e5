/** Each row of docs/raw-wire.md §6 that loopback can bring about; the others need a network: test/interop. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import type { createResolver } from '../../shared/net/resolve.js';
import { type DnsReply, fakeDns } from '../support/dns.js';
import { connect } from '../support/peer.js';
import { deadPort, startTarget, type TestTarget } from '../support/targets.js';
import { type RemoteChanges, startTunnel } from '../support/tunnel.js';
import {
  askBy,
  expected,
  type RowName,
  rows,
  sayByHttp,
  sayBySocks4,
  type Told,
  type Way,
  ways,
} from '../support/ways.js';

/** The name servers of the remotes that are started; undefined: those of the system. */
const nameServers = vi.hoisted(() => ({ use: undefined as readonly string[] | undefined }));

vi.mock('../../shared/net/resolve.js', async (load) => {
  const real = await load<{ createResolver: typeof createResolver }>();
  return {
    ...real,
    createResolver: () =>
      real.createResolver(nameServers.use === undefined ? {} : { servers: nameServers.use }),
  };
});

afterEach(() => {
  nameServers.use = undefined;
});

/** Serves whoever comes an empty page. */
function startPage(): Promise<TestTarget> {
  return startTarget({
    serve: (peer) => {
      void peer.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    },
  });
}

/** What a client is told of a target, and that nothing follows a refusal. */
async function told(way: Way, target: Target, remote: RemoteChanges = {}): Promise<Told> {
  const { local } = await startTunnel({ remote });
  const answer = await askBy[way](local.port, target);
  if (way !== 'GET' && answer.code !== rows.connected[way]) {
    await answer.client.rest();
    expect(answer.client.ending).toBe('fin');
  }
  return answer;
}

function expectRow({ code, error }: Told, way: Way, row: RowName): void {
  expect({ code, error }).toEqual(expected(way, row));
}

describe.each(ways)('%s is told', (way) => {
  it('that it is connected', async () => {
    const target = await startPage();
    expectRow(await told(way, target), way, 'connected');
    expect(target.accepted).toBe(1);
  });

  it.each(['127.0.0.1', 'localhost'])('that a private target is not allowed: %s', async (host) => {
    const { port, ...target } = await startPage();
    expectRow(await told(way, { host, port }, { allowPrivate: false }), way, 'not allowed');
    expect(target.accepted).toBe(0);
  });

  it('that port 25 is not allowed', async () => {
    expectRow(await told(way, { host: '127.0.0.1', port: 25 }), way, 'not allowed');
  });

  it('that a target refuses', async () => {
    expectRow(await told(way, { host: '127.0.0.1', port: await deadPort() }), way, 'ECONNREFUSED');
  });

  it.each<DnsReply>(['NXDOMAIN', 'SERVFAIL', { addresses: [] }])(
    'that a name does not resolve when the name server says %j',
    async (reply) => {
      const dns = await fakeDns(() => reply);
      nameServers.use = [dns.address];
      expectRow(await told(way, { host: 'target.example', port: 80 }), way, 'no such name');
      expect(dns.asked.length).toBeGreaterThan(0);
      await dns.close();
    },
  );

  it('that the time is up when it is', async () => {
    // A name that takes its time is as good as a target that does.
    const dns = await fakeDns(() => 'silent');
    nameServers.use = [dns.address];
    const remote = { timeouts: { dialMs: 50 } };
    expectRow(await told(way, { host: 'target.example', port: 80 }, remote), way, 'timed out');
    await dns.close();
  });
});

it('all are told that a name does not resolve when the name server says nothing', async () => {
  const dns = await fakeDns(() => 'silent');
  nameServers.use = [dns.address];
  const { local } = await startTunnel();
  const target = { host: 'target.example', port: 80 };
  const asked = ways.map(async (way) => {
    expectRow(await askBy[way](local.port, target), way, 'no such name');
  });
  await Promise.all(asked);
  await dns.close();
});

describe('the bound address in a reply', () => {
  it.each(['SOCKS4', 'SOCKS5'] as const)('of %s is that of the remote’s own socket', async (way) => {
    const { local } = await startTunnel();
    const target = await startTarget();
    const { bound } = await askBy[way](local.port, target);
    const { socket } = await target.next();
    expect(bound).toEqual({ host: '127.0.0.1', port: socket.remotePort });
  });
});

describe('a request that cannot be carried out', () => {
  it('is 91 to SOCKS4 for a command that is none', async () => {
    const { local } = await startTunnel();
    const { code, client } = await sayBySocks4(local.port, Buffer.from('0409005001020304' + '00', 'hex'));
    expect([code, await client.ended()]).toEqual([91, 'fin']);
  });

  it.each([
    ['07 for a command that is none', '0509000101020304' + '0050', '05070001000000000000'],
    ['08 for a type of address that is none', '0501000201020304' + '0050', '05080001000000000000'],
    ['01 for port 0', '0501000101020304' + '0000', '05010001000000000000'],
  ])('is %s to SOCKS5', async (_, request, reply) => {
    const { local } = await startTunnel();
    const client = await connect(local.port);
    void client.send(Buffer.from(`050100${request}`, 'hex'));
    expect([(await client.rest()).toString('hex'), client.ending]).toEqual([`0500${reply}`, 'fin']);
  });

  it.each([
    ['an address that is none', 'CONNECT [::1%lo]:80 HTTP/1.1', 400],
    ['a target without a port', 'CONNECT example.com HTTP/1.1', 400],
    ['a scheme of others', 'GET ftp://example.com/ HTTP/1.1', 400],
    ['a method that is not served', 'TRACE http://example.com/ HTTP/1.1', 405],
    [
      'a transfer coding that is not',
      'POST http://example.com/ HTTP/1.1\r\nTransfer-Encoding: gzip, chunked',
      501,
    ],
  ])('is a page about %s to HTTP', async (_, line, status) => {
    const { local } = await startTunnel();
    const { code } = await sayByHttp(local.port, `${line}\r\nHost: example.com\r\n\r\n`);
    expect(code).toBe(status);
  });
});
