import { once } from 'node:events';
import { stat, writeFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { cliStarter, type Running } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';
import { broken } from '../support/subscription.js';
import { deadPort, startEcho } from '../support/targets.js';
import { connectThrough, expectServed, remoteHalf, type RunningRemote } from '../support/tunnel.js';
import { authorityPath, page, startWeb, type Web } from '../support/web.js';

const start = cliStarter();
const directories = temporaryDirectories();
const token = '/list?token=geheim';

function list({ port, settings }: RunningRemote, method = settings.method.name): string {
  const server = { server: '127.0.0.1', server_port: port, method, password: settings.secret };
  return JSON.stringify({ version: 1, servers: [{ remarks: 'Tokyo', ...server }] });
}

/** A local of the program, which trusts the authority of the tests and keeps its copies in `home`. */
function local(web: Pick<Web, 'origin'>, home: string, words: readonly string[] = []): Running {
  const variables = {
    HOME: home,
    NODE_EXTRA_CA_CERTS: authorityPath,
    HALFLIGHT_SUBSCRIPTION: web.origin + token,
  };
  return start(['local', '-l', '0', '--json', ...words], { variables });
}

interface Ready {
  readonly event: string;
  readonly listen: string;
  readonly remote: string;
  readonly check: { readonly ok: boolean };
}

async function ready({ nextLine }: Running): Promise<Ready & { readonly port: number }> {
  const told = JSON.parse((await nextLine()) ?? '') as Ready;
  expect(told.event).toBe('ready');
  return { ...told, port: Number(told.listen.split(':').at(-1)) };
}

async function stopped(running: Running): Promise<string> {
  running.child.kill('SIGTERM');
  const { exitCode, stdout, stderr } = await running.ended;
  expect(exitCode).toBe(0);
  expect(stdout + stderr).not.toContain('geheim');
  return stderr;
}

describe('halflight local with a subscription', () => {
  it('asks for the list once for all its workers, which all go through its servers', async () => {
    const [remote, echo, home] = [await remoteHalf(), await startEcho(), await directories()];
    const web = await startWeb(page(list(remote)));
    const running = local(web, home, ['--workers', '2']);
    const { port } = await ready(running);
    await Promise.all(Array.from({ length: 8 }, () => expectServed({ local: { port } }, echo)));
    expect(web.asked).toHaveLength(1);
    expect((await stopped(running)).match(/the servers of the subscription/g)).toHaveLength(1);
    expect(await readdir(join(home, '.cache', 'halflight'))).toHaveLength(1);
  });

  it('goes through its server, keeps a copy, and begins with it when the network is down', async () => {
    const [remote, echo, home] = [await remoteHalf(), await startEcho(), await directories()];
    const web = await startWeb(page(list(remote)));
    const first = local(web, home);
    const { port, remote: named, check } = await ready(first);
    expect([named, check.ok]).toEqual([`127.0.0.1:${remote.port}`, true]);
    await expectServed({ local: { port } }, echo);
    const host = new URL(web.origin).host;
    const servers = 'servers=1 added=1 removed=0';
    expect(await stopped(first)).toContain(` info the servers of the subscription host=${host} ${servers}\n`);

    const caches = join(home, '.cache', 'halflight');
    const [copy = ''] = await readdir(caches);
    expect((await stat(join(caches, copy))).mode & 0o777).toBe(0o600);
    await web.close();
    const second = local(web, home);
    await expectServed({ local: { port: (await ready(second)).port } }, echo);
    const log = await stopped(second);
    expect(log).toContain(` info the servers of the subscription, as of last time host=${host} ${servers}\n`);
    expect(log).toContain(` warn the subscription at ${host} cannot be had: fetch: expected an answer, got `);
  });

  it('says why it waits for the list, and ends by a signal meanwhile', async () => {
    const web = await startWeb(broken);
    const running = local(web, await directories());
    const [line] = (await once(running.child.stderr, 'data')) as [Buffer];
    expect(line.toString()).toContain(
      'cannot be had: fetch: expected status 200, got 500: no server is known',
    );
    await stopped(running);
    expect((await running.ended).stdout).toBe('{"event":"stopped"}\n');
  });

  it('does not go on without the verification that a variable wants to skip', async () => {
    const web = await startWeb(page(list(await remoteHalf())));
    const variables = { NODE_TLS_REJECT_UNAUTHORIZED: '0', HALFLIGHT_SUBSCRIPTION: web.origin + token };
    const running = start(['local', '-l', '0', '--json'], { variables });
    let log = '';
    running.child.stderr.on('data', (bytes: Buffer) => (log += bytes.toString()));
    await vi.waitUntil(() => log.includes('cannot be had'), { timeout: 10_000 });
    expect(log).toContain('expected a certificate that this computer trusts');
    expect(web.asked).toEqual([]);
    await stopped(running);
  });

  it('uses the servers of its arguments before those of the list', async () => {
    const [remote, echo] = [await remoteHalf(), await startEcho()];
    const web = await startWeb(page(list(remote)));
    const gone = `127.0.0.1:${await deadPort()}`;
    const words = [
      `ss://aes-256-gcm:geheim-1@${gone}`,
      '--subscription',
      web.origin + token,
      '--probe-target',
      `127.0.0.1:${echo.port}`,
    ];
    const running = local(web, await directories(), words);
    const { port, remote: named } = await ready(running);
    expect(named.startsWith(gone)).toBe(true);
    await vi.waitUntil(() => web.asked.length > 0);
    await vi.waitUntil(() =>
      connectThrough({ local: { port } }, echo).then(
        (client) => {
          client.end();
          return true;
        },
        () => false,
      ),
    );
    await stopped(running);
  });
});

describe('the address of a subscription', () => {
  const subscription = `https://a.example${token}`;

  it('is shown as its host alone, wherever it comes from', async () => {
    const file = join(await directories(), 'local.json');
    await writeFile(file, JSON.stringify({ subscription }), { mode: 0o600 });
    const runs = [
      start(['config', 'show', 'local', '--subscription', subscription]),
      start(['config', 'show', 'local'], { variables: { HALFLIGHT_SUBSCRIPTION: subscription } }),
      start(['config', 'show', 'local', '-c', file]),
    ];
    const froms = ['--subscription', 'HALFLIGHT_SUBSCRIPTION', `${file}:1`];
    for (const [at, run] of runs.entries()) {
      const { stdout, stderr } = await run.ended;
      expect(stderr).toBe('');
      const line = stdout.split('\n').find((each) => each.startsWith('subscription '));
      expect(line?.split(/ {2,}/)).toEqual(['subscription', 'https://a.example/***', froms[at]]);
    }
  });

  it('is in no file that others may read', async () => {
    const file = join(await directories(), 'local.json');
    await writeFile(file, JSON.stringify({ subscription }), { mode: 0o644 });
    for (const words of [['local'], ['config', 'show']]) {
      const { exitCode, stderr } = await start([...words, '-c', file]).ended;
      expect([exitCode, stderr]).toEqual([
        78,
        `halflight: config file ${file}: expected mode 0600 (others must not read it: chmod 600), got mode 0644\n`,
      ]);
    }
  });

  it('is checked like the other settings', async () => {
    const file = join(await directories(), 'local.json');
    await writeFile(file, JSON.stringify({ subscription }), { mode: 0o600 });
    const good = `${file}: nothing is wrong with it, as the file of a local.\n`;
    expect(await start(['config', 'check', file]).ended).toMatchObject({ exitCode: 0, stdout: good });
    await writeFile(file, JSON.stringify({ subscription: `http://a.example${token}`, plugin: canaryKey }));
    const { exitCode, stderr } = await start(['config', 'check', file]).ended;
    expect([exitCode, stderr]).toEqual([
      78,
      `halflight: ${file}:1:17 subscription: expected https://HOST/PATH, got http://, which is for this machine ` +
        'alone: on the way anybody could read the keys, and change them\n',
    ]);
  });

  it.each([
    ['geheim', 'got another text'],
    ['http://a.example/geheim', 'got http://, which is for this machine alone'],
  ])('is refused without being shown: %s', async (text, words) => {
    const { exitCode, stderr } = await start(['local', '--subscription', text]).ended;
    expect(exitCode).toBe(78);
    expect(stderr).toContain(`halflight: subscription: expected https://HOST/PATH, ${words}`);
    expect(stderr).not.toContain('geheim');
  });
});
