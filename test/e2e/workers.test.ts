import { randomBytes } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { parseServerUri } from '../../index.js';
import { masterKey } from '../../shared/codec/keys.js';
import type { Cipher } from '../../shared/codec/stream.js';
import { cliStarter } from '../support/cli.js';
import { connect, type Peer } from '../support/peer.js';
import { runs } from '../support/plugin.js';
import { expectSilence, rawFlight } from '../support/prober.js';
import { startEcho, startTarget } from '../support/targets.js';
import { ask, connectThrough, expectServed } from '../support/tunnel.js';
import { accepts, type CrewedHalf, crewStarter, type Seen } from '../support/workers.js';

const start = crewStarter();
const run = cliStarter();
const waits = { interval: 10, timeout: 10_000 } as const;

async function startBoth(): Promise<{ readonly remote: CrewedHalf; readonly local: CrewedHalf }> {
  const remote = await start(['remote', '--allow-private', '-l', '127.0.0.1:0']);
  return { remote, local: await start(['local', remote.uri, '-l', '127.0.0.1:0']) };
}

function workersOf(events: readonly Seen[]): readonly (number | undefined)[] {
  return Array.from(new Set(events.map(({ worker }) => worker))).toSorted();
}

describe('two workers each', () => {
  it('share 200 conversations, and are one half to everybody else', async () => {
    const { remote, local } = await startBoth();
    const echo = await startEcho();
    await Promise.all(Array.from({ length: 200 }, () => expectServed({ local }, echo)));
    expect(local.seen('opened').length).toBeGreaterThanOrEqual(200);
    // Which of its workers is quicker to accept is for the system to say.
    await vi.waitFor(async () => {
      await expectServed({ local }, echo);
      expect(workersOf(local.seen('opened'))).toEqual([1, 2]);
    }, waits);
    expect(workersOf(remote.seen('opened'))).toEqual([1, 2]);
    for (const half of [local, remote]) {
      const { running } = half;
      running.child.kill('SIGTERM');
      const { exitCode, stdout, stderr } = await running.ended;
      expect(exitCode).toBe(0);
      expect(stdout.match(/"event":"ready"/g)).toHaveLength(1);
      expect(stdout.trimEnd().endsWith('{"event":"stopped"}')).toBe(true);
      expect(stderr.match(/ stopping/g)).toHaveLength(1);
      expect(half.seen('warning')).toEqual([]);
    }
  });

  it('finish what is open when they are asked to end, each of them by its group', async () => {
    const { local } = await startBoth();
    const target = await startTarget();
    const client = await connectThrough({ local }, target);
    const there = await target.next();
    for (const pid of [...local.workers(), local.running.child.pid ?? 0]) process.kill(pid, 'SIGINT');
    await vi.waitUntil(async () => !(await accepts(local.port)), waits);
    const sent = await there.pour(1024 * 1024);
    there.end();
    client.end();
    expect(await client.digest()).toEqual(sent);
    const { exitCode, stderr } = await local.running.ended;
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(/stopping: waiting up to 10 s for \d+ conversations?;/);
  });

  it('reset what is open at a second signal', async () => {
    const { local } = await startBoth();
    const target = await startTarget();
    const client = await connectThrough({ local }, target);
    const there = await target.next();
    void there.pour(1024 * 1024);
    await client.read(1);
    local.running.child.kill('SIGTERM');
    await vi.waitUntil(async () => !(await accepts(local.port)), waits);
    local.running.child.kill('SIGTERM');
    await client.rest();
    expect(client.ending).toBe('reset');
    expect((await local.running.ended).exitCode).toBe(0);
  });

  it('end with their parent when that is killed', async () => {
    const { remote } = await startBoth();
    const workers = remote.workers();
    expect(workers).toHaveLength(2);
    remote.running.child.kill('SIGKILL');
    await vi.waitUntil(() => workers.every((pid) => !runs(pid)), waits);
  });

  it.each(['local', 'remote'] as const)('go on when one of the %s is killed under load', async (half) => {
    const halves = await startBoth();
    const target = await startTarget();
    const pairs: { readonly client: Peer; readonly there: Peer }[] = [];
    await vi.waitFor(
      async () => {
        const client = await connectThrough(halves, target);
        pairs.push({ client, there: await target.next() });
        expect(pairs.length).toBeGreaterThanOrEqual(8);
        expect(workersOf(halves[half].seen('granted'))).toEqual([1, 2]);
      },
      { interval: 1, timeout: 10_000 },
    );
    const size = 16 * 1024 * 1024;
    for (const { client, there } of pairs) {
      void there.pour(size / 2);
      await client.read(1024);
    }
    const [victim = 0] = halves[half].workers();
    process.kill(victim, 'SIGKILL');
    // Half of it may lie in the buffers of the way already; the rest has to go through somebody who is there.
    for (const { there } of pairs) {
      void there.pour(size / 2).finally(() => {
        there.end();
      });
    }
    const digests = await Promise.all(pairs.map(({ client }) => client.digest()));
    const whole = digests.filter(({ length }) => length === size - 1024);
    expect(whole.length).toBeGreaterThan(0);
    expect(whole.length).toBeLessThan(pairs.length);
    for (const { client } of pairs) client.end();
    const echo = await startEcho();
    for (let count = 0; count < 20; count += 1) await expectServed(halves, echo);
    await vi.waitUntil(() => halves[half].workers().length === 2, waits);
    halves[half].running.child.kill('SIGTERM');
    const { exitCode, stderr } = await halves[half].running.ended;
    expect(exitCode).toBe(0);
    expect(stderr).toContain('worker: expected it to go on, got SIGKILL; another one begins at once');
  });
});

describe.each([
  ['2022-blake3-aes-256-gcm', 'HALFLIGHT_KEY'],
  ['aes-256-gcm', 'HALFLIGHT_PASSWORD'],
])('a recording of %s', (method, variable) => {
  const startRemote = async (): Promise<{ readonly remote: CrewedHalf; readonly cipher: Cipher }> => {
    const words = ['remote', '--allow-private', '--method', method, '-l', '127.0.0.1:0'];
    const remote = await start(words, { [variable]: randomBytes(32).toString('base64') });
    const uri = parseServerUri(remote.uri);
    return {
      remote,
      cipher: { method: uri.method, key: masterKey(uri.method, uri.secret), backend: 'native' },
    };
  };

  it('is absorbed by all workers, also under a flood of it and after one has ended', async () => {
    const { remote, cipher } = await startRemote();
    const echo = await startEcho();
    const { bytes } = rawFlight(cipher, echo);
    const replay = async (times: number): Promise<void> => {
      const before = remote.seen('absorbed').length;
      const peers = await Promise.all(Array.from({ length: times }, () => connect(remote.port)));
      for (const peer of peers) await peer.send(bytes);
      await vi.waitFor(() => {
        expect(remote.seen('absorbed').length).toBe(before + times);
      }, waits);
      await Promise.all(peers.map((peer) => expectSilence(peer)));
    };
    const client = await connect(remote.port);
    await client.send(bytes);
    await client.read(50);
    await replay(200);
    expect(workersOf(remote.seen('absorbed'))).toEqual([1, 2]);
    expect(new Set(remote.seen('absorbed').map(({ why }) => why))).toEqual(new Set(['replayed salt']));
    const before = remote.workers();
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await vi.waitUntil(() => {
      const now = remote.workers();
      return now.length === 2 && now.every((pid) => !before.includes(pid));
    }, waits);
    await vi.waitUntil(() => accepts(remote.port), waits);
    await replay(20);
    expect(echo.accepted).toBe(1);
  });

  it('is let in once, however many play it at the same time', async () => {
    const { remote, cipher } = await startRemote();
    const echo = await startEcho();
    const { bytes } = rawFlight(cipher, echo);
    const peers = await Promise.all(Array.from({ length: 40 }, () => connect(remote.port)));
    await Promise.all(peers.map((peer) => peer.send(bytes)));
    await vi.waitFor(() => {
      expect(remote.seen('absorbed').length).toBe(39);
      expect(peers.filter(({ waiting }) => waiting > 0)).toHaveLength(1);
    }, waits);
    expect(echo.accepted).toBe(1);
  });
});

describe('a start that fails', () => {
  it('says once that the port is taken, and ends with 69', async () => {
    const { port } = await startTarget();
    const listen = `127.0.0.1:${port}`;
    await expect(start(['remote', '-l', listen])).rejects.toThrow(
      `halflight: cannot listen on ${listen} (EADDRINUSE): another program listens there; choose a port with -l\n`,
    );
  });

  it('says that a remote may have too few files open, and ends with 78', async () => {
    const through = ['sh', '-c', 'ulimit -n 100; exec "$0" "$@"'];
    const running = run(['remote', '-l', '127.0.0.1:0', '--workers', '2'], {
      through,
      variables: { HALFLIGHT_KEY: randomBytes(32).toString('base64') },
    });
    const { exitCode, stderr } = await running.ended;
    expect(exitCode).toBe(78);
    expect(stderr).toBe(
      'halflight: workers: expected at least 160 files that may be open, got 100: raise the limit on open files (nofile)\n',
    );
  });

  it('says that workers of somebody else have none, and ends with 78', async () => {
    await expect(start(['remote', '-l', '127.0.0.1:0'], { NODE_UNIQUE_ID: '1' })).rejects.toThrow(
      /^halflight: expected a line, got halflight: NODE_UNIQUE_ID: [^\n]*\n$/,
    );
  });

  it.each(['remote', 'local'])(
    'says once that the key of a %s does not fit, and ends with 78',
    async (half) => {
      const uri = 'halflight://2022-blake3-aes-256-gcm:c2hvcnQ=@127.0.0.1:9';
      const variables = half === 'remote' ? { HALFLIGHT_KEY: 'c2hvcnQ=' } : { HALFLIGHT_URI: uri };
      await expect(start([half, '-l', '127.0.0.1:0'], variables)).rejects.toThrow(
        /^halflight: expected a line, got halflight: [^\n]*key for [^\n]*\n$/,
      );
    },
  );
});

it('tell once that the remote is lost, and once that it is back', async () => {
  const { remote, local } = await startBoth();
  const echo = await startEcho();
  await Promise.all(Array.from({ length: 8 }, () => expectServed({ local }, echo)));
  remote.running.child.kill('SIGKILL');
  await remote.running.ended;
  await vi.waitUntil(async () => !(await accepts(remote.port)), waits);
  const refused = await Promise.all(Array.from({ length: 8 }, () => ask(local.port, echo)));
  expect(refused.map(({ reply }) => reply.code)).not.toContain(0);
  await vi.waitUntil(() => local.seen('remote-lost').length > 0, waits);
  const key = parseServerUri(remote.uri).secret;
  await start(['remote', '--allow-private', '-l', remote.listen], { HALFLIGHT_KEY: key });
  await vi.waitUntil(() => local.seen('remote-back').length > 0, waits);
  await Promise.all(Array.from({ length: 8 }, () => expectServed({ local }, echo)));
  expect([local.seen('remote-lost').length, local.seen('remote-back').length]).toEqual([1, 1]);
});
