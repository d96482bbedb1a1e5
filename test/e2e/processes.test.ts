import { randomBytes } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseServerUri } from '../../index.js';
import { masterKey } from '../../shared/codec/keys.js';
import { cliStarter, type Running } from '../support/cli.js';
import { temporaryDirectories } from '../support/config.js';
import { connect, type Peer } from '../support/peer.js';
import { expectSilence, rawFlight } from '../support/prober.js';
import { startEcho, startTarget, type TestTarget } from '../support/targets.js';
import { ask, connectThrough, expectServed } from '../support/tunnel.js';

const MiB = 1024 * 1024;
const run = cliStarter();
const temporary = temporaryDirectories();

/** A half in a process of its own, and what it said when it was ready. */
interface Process {
  readonly running: Running;
  readonly port: number;
  readonly listen: string;
  readonly uri: string;
}

async function start(words: readonly string[], variables: Record<string, string> = {}): Promise<Process> {
  const home = await temporary();
  const running = run([...words, '--json'], {
    variables: { XDG_CONFIG_HOME: home, XDG_STATE_HOME: home, ...variables },
  });
  const line = await running.nextLine();
  if (line === undefined) throw new Error(`halflight: expected a line, got ${(await running.ended).stderr}`);
  const { listen, uri } = JSON.parse(line) as { readonly listen: string; readonly uri: string };
  return { running, listen, uri, port: Number(listen.slice(listen.lastIndexOf(':') + 1)) };
}

const startUp = (): Promise<Process> => start(['up', '--listen', '127.0.0.1:0']);

/** A download under way: the client has its beginning. */
async function download(port: number, target: TestTarget): Promise<{ client: Peer; there: Peer }> {
  const client = await connectThrough({ local: { port } }, target);
  void client.send('GET');
  const there = await target.next();
  await there.read(3);
  void there.send('the beginning');
  await client.read(13);
  return { client, there };
}

describe('halflight up', () => {
  it('carries 32 MiB each way', async () => {
    const { port } = await startUp();
    const target = await startTarget();
    const { client, there } = await download(port, target);
    const [up, down] = await Promise.all([
      client.pour(32 * MiB).finally(() => {
        client.end();
      }),
      there.pour(32 * MiB).finally(() => {
        there.end();
      }),
    ]);
    expect([await there.digest(), await client.digest()]).toEqual([up, down]);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'at %s closes its port, finishes a transfer and ends with 0',
    async (signal) => {
      const { port, running } = await startUp();
      const { client, there } = await download(port, await startTarget());
      running.child.kill(signal);
      await closed(port);
      const sent = await there.pour(8 * MiB);
      there.end();
      client.end();
      expect(await client.digest()).toEqual(sent);
      expect(client.ending).toBe('fin');
      expect((await running.ended).exitCode).toBe(0);
    },
  );

  it('at a second signal resets what is open and ends at once with 0', async () => {
    const { port, running } = await startUp();
    const { client, there } = await download(port, await startTarget());
    running.child.kill('SIGTERM');
    await closed(port);
    running.child.kill('SIGTERM');
    expect([await client.ended(), await there.ended()]).toEqual(['reset', 'reset']);
    expect((await running.ended).exitCode).toBe(0);
  });
});

describe('a remote that is killed', () => {
  it('in mid-download resets the client, and the local works again once it is back', async () => {
    const variables = { HALFLIGHT_KEY: randomBytes(32).toString('base64') };
    const remote = await start(['remote', '--allow-private', '--listen', '127.0.0.1:0'], variables);
    const local = await start(['local', remote.uri, '--listen', '127.0.0.1:0']);
    const target = await startTarget();
    const { client, there } = await download(local.port, target);
    void there.pour(1024 * MiB);
    await client.read(MiB);
    remote.running.child.kill('SIGKILL');
    await remote.running.ended;
    await client.rest();
    expect(client.ending).toBe('reset');

    const { reply } = await ask(local.port, target);
    expect(reply.code).toBe(1);
    await start(['remote', '--allow-private', '--listen', remote.listen], variables);
    const next = await download(local.port, target);
    next.there.end();
    expect((await next.client.rest()).length).toBe(0);
    expect(next.client.ending).toBe('fin');
  });

  it('between two conversations costs no request, however many carriers waited', async () => {
    const variables = { HALFLIGHT_KEY: randomBytes(32).toString('base64') };
    const remote = await start(['remote', '--allow-private', '--listen', '127.0.0.1:0'], variables);
    const local = await start(['local', remote.uri, '--listen', '127.0.0.1:0']);
    const echo = await startEcho();
    const crowd = (): Promise<unknown> =>
      Promise.all(Array.from({ length: 10 }, () => expectServed({ local }, echo)));
    await crowd();
    remote.running.child.kill('SIGKILL');
    await remote.running.ended;
    await start(['remote', '--allow-private', '--listen', remote.listen], variables);
    await crowd();
  });

  it.each([
    ['aes-256-gcm', 'HALFLIGHT_PASSWORD'],
    ['2022-blake3-aes-256-gcm', 'HALFLIGHT_KEY'],
  ])('knows a recording of %s again when it is back', async (method, variable) => {
    const state = await temporary();
    const variables = { [variable]: randomBytes(32).toString('base64'), XDG_STATE_HOME: state };
    const words = ['remote', '--allow-private', '--method', method, '--listen'];
    const remote = await start([...words, '127.0.0.1:0'], variables);
    const uri = parseServerUri(remote.uri);
    const echo = await startEcho();
    const cipher = { method: uri.method, key: masterKey(uri.method, uri.secret), backend: 'native' } as const;
    const { bytes } = rawFlight(cipher, echo);
    const client = await connect(remote.port);
    await client.send(bytes);
    await client.read(50);
    // What is killed may lose the write that is under way, and no more.
    if (method === 'aes-256-gcm') await expect.poll(() => journalled(state)).toBeGreaterThanOrEqual(1);
    remote.running.child.kill('SIGKILL');
    await remote.running.ended;

    const again = await start([...words, remote.listen], variables);
    const replayer = await connect(again.port);
    await replayer.send(bytes);
    // A new line is the remote's word that it has judged the opening.
    expect(await again.running.nextLine()).toContain('absorbed');
    await expectSilence(replayer);
    expect(echo.accepted).toBe(1);
    const honest = await connect(again.port);
    await honest.send(rawFlight(cipher, echo).bytes);
    await honest.read(50);
  });
});

/** How many salts the journals of a remote hold: 8 bytes each, behind a header of 16. */
async function journalled(state: string): Promise<number> {
  const directory = join(state, 'halflight');
  const names = (await readdir(directory)).filter((name) => name.startsWith('salts-'));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(directory, name))).size));
  return sizes.reduce((sum, size) => sum + (size - 16) / 8, 0);
}

/** Settles when nobody listens on that port any more. */
async function closed(port: number): Promise<void> {
  for (;;) {
    const refused = await connect(port).then(
      (peer) => {
        peer.reset();
        return false;
      },
      () => true,
    );
    if (refused) return;
  }
}
