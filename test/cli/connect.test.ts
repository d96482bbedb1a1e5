import { describe, expect, it } from 'vitest';
import { formatServerUri } from '../../shared/config/uri.js';
import { cliStarter, type CliOptions, type Ended } from '../support/cli.js';
import { deadPort, startEcho, startTarget } from '../support/targets.js';
import { localHalf, remoteHalf, type RunningRemote, startTunnel } from '../support/tunnel.js';

const start = cliStarter();
const run = (words: readonly string[], options?: CliOptions): Promise<Ended> => start(words, options).ended;
const left = { input: { open: true } } as const;

/** The URI that the remote would print. */
function uriOf({ settings, port }: RunningRemote, wire: 'raw' | 'shadowsocks' = 'raw'): string {
  const { method, secret, credentials } = settings;
  const asks = credentials.length > 0 ? { remoteAuth: true as const } : {};
  return formatServerUri({ wire, method, secret, host: '127.0.0.1', port, ...asks });
}

const ways = ['the local', 'the raw wire', 'the standard wire'] as const;

/** Words for `--proxy` that lead out through halves of the test. */
async function open(way: (typeof ways)[number]): Promise<string> {
  const { remote, local } = await startTunnel();
  if (way === 'the local') return local.service.listen;
  return uriOf(remote, way === 'the raw wire' ? 'raw' : 'shadowsocks');
}

it('connect says that it could not write all that the target said', async () => {
  const [proxy, echo] = [await open('the raw wire'), await startEcho()];
  const through = ['sh', '-c', 'exec "$@" >/dev/full', 'sh'];
  const { exitCode, stderr } = await run(['connect', echo.host, String(echo.port), '--proxy', proxy], {
    input: 'hello',
    through,
  });
  expect(exitCode).toBe(69);
  expect(stderr).toContain('ENOSPC');
});

describe.each(ways)('connect through %s', (way) => {
  it('carries what it reads to the target, and what that says to stdout', async () => {
    const [proxy, echo] = [await open(way), await startEcho()];
    const input = 'hello\0\n'.repeat(10_000);
    expect(await run(['connect', echo.host, String(echo.port), '--proxy', proxy], { input })).toEqual({
      exitCode: 0,
      stdout: input,
      stderr: '',
    });
  });

  it('tells the target that stdin has ended, and waits for the answer', async () => {
    const [proxy, target] = [await open(way), await startTarget()];
    const running = start(['connect', target.host, String(target.port), '--proxy', proxy], {
      input: 'question',
    });
    const there = await target.next();
    expect((await there.rest()).toString()).toBe('question');
    expect(running.child.exitCode).toBeNull();
    await there.send('answer');
    there.end();
    expect(await running.ended).toEqual({ exitCode: 0, stdout: 'answer', stderr: '' });
  });

  it('ends when the target has ended, though stdin is still open', async () => {
    const [proxy, target] = [await open(way), await startTarget()];
    const running = start(['connect', target.host, String(target.port), '--proxy', proxy], left);
    // Over the standard wire the target is not even dialled before the client says something.
    running.child.stdin.write('x');
    const there = await target.next();
    await there.send('bye');
    there.end();
    expect(await running.ended).toEqual({ exitCode: 0, stdout: 'bye', stderr: '' });
  });

  it('writes what came before the target broke off, and ends with 69', async () => {
    const [proxy, target] = [await open(way), await startTarget()];
    const running = start(['connect', target.host, String(target.port), '--proxy', proxy], left);
    running.child.stdin.write('x');
    const there = await target.next();
    await there.send('part\n');
    expect(await running.nextLine()).toBe('part');
    there.reset();
    const { exitCode, stdout, stderr } = await running.ended;
    expect({ exitCode, stdout }).toEqual({ exitCode: 69, stdout: 'part\n' });
    expect(stderr).toMatch(/^halflight: 127\.0\.0\.1:\d+: .+\n$/);
  });
});

describe('a target that cannot be reached', () => {
  it.each(['the local', 'the raw wire'] as const)('is told honestly through %s, with 69', async (way) => {
    const [proxy, port] = [await open(way), await deadPort()];
    expect(await run(['connect', '127.0.0.1', String(port), '--proxy', proxy])).toEqual({
      exitCode: 69,
      stdout: '',
      stderr: `halflight: 127.0.0.1:${port}: remote: expected to reach the target, got: connection refused\n`,
    });
  });

  it('because the remote does not go there ends with 77', async () => {
    const { remote, local } = await startTunnel({ remote: { allowPrivate: false } });
    for (const proxy of [uriOf(remote), local.service.listen]) {
      const { exitCode, stdout, stderr } = await run(['connect', '::1', '80', '--proxy', proxy]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 77, stdout: '' });
      expect(stderr).toBe(
        'halflight: [::1]:80: remote: expected to reach the target, got: not allowed by the rules\n',
      );
    }
  });

  it('because no local runs names where it was looked for', async () => {
    const port = await deadPort();
    expect(await run(['connect', 'h', '1', '--proxy', String(port)])).toEqual({
      exitCode: 69,
      stdout: '',
      stderr: `halflight: h:1: local 127.0.0.1:${port}: expected one that listens, got ECONNREFUSED\n`,
    });
  });

  it('because the remote of the local is gone names the log that says more', async () => {
    const local = await localHalf(await remoteHalf(), { port: await deadPort() });
    const { exitCode, stderr } = await run(['connect', 'h', '1', '--proxy', local.service.listen]);
    expect(exitCode).toBe(69);
    expect(stderr).toMatch(/^halflight: h:1: .*: general failure; the log of halflight local says more\n$/);
  });

  it('because what listens is no local says so, and names no log', async () => {
    const target = await startTarget();
    const running = run(['connect', 'h', '1', '--proxy', `${target.host}:${target.port}`]);
    await (await target.next()).send('HTTP/1.1 400 Bad Request\r\n\r\n');
    const { exitCode, stderr } = await running;
    expect(exitCode).toBe(69);
    expect(stderr).toBe(
      `halflight: h:1: local ${target.host}:${target.port}: SOCKS5 version: expected 5, got 72\n`,
    );
  });

  it('because no remote runs names where it was looked for', async () => {
    const remote = await remoteHalf();
    const proxy = uriOf({ ...remote, port: await deadPort() });
    const { exitCode, stderr } = await run(['connect', 'h', '1', '--proxy', proxy]);
    expect(exitCode).toBe(69);
    expect(stderr).toMatch(/^halflight: h:1: remote 127\.0\.0\.1:\d+: .*ECONNREFUSED\n$/);
  });
});

describe('credentials', () => {
  const credentials = [{ user: 'ann', password: 'canary:word' }];

  /** What a port that asks says to these words and this environment. */
  const say = async (proxy: string, variables: Readonly<Record<string, string>>): Promise<Ended> => {
    const echo = await startEcho();
    const words = ['connect', echo.host, String(echo.port), '--proxy', proxy];
    return run(words, { input: 'hello', variables });
  };

  it.each(['the local', 'the remote'])('open %s, from the environment', async (who) => {
    const asking = who === 'the remote';
    const remote = await remoteHalf(asking ? { credentials } : {});
    const local = await localHalf(remote, asking ? {} : { credentials });
    const variables = { HALFLIGHT_AUTH: 'ann:canary:word' };
    const done = { exitCode: 0, stdout: 'hello', stderr: '' };
    expect(await say(local.service.listen, variables)).toEqual(done);
    if (asking) expect(await say(uriOf(remote), variables)).toEqual(done);
  });

  it('that are wrong or missing end with 77, say what to do, and are not shown', async () => {
    const local = await localHalf(await remoteHalf(), { credentials });
    const remote = await remoteHalf({ credentials });
    const behind = await localHalf(remote);
    const unasked = { ...remote, settings: { ...remote.settings, credentials: [] } };
    const port = local.service.listen;
    const wrong = { HALFLIGHT_AUTH: 'ann:canary' };
    const known = 'does not know the user and the password in HALFLIGHT_AUTH';
    const asks = 'asks for a password: set HALFLIGHT_AUTH';
    const rows = [
      [port, wrong, `local ${port} ${known}`],
      [port, {}, `local ${port} ${asks}`],
      [behind.service.listen, wrong, `local ${behind.service.listen} ${known}`],
      [behind.service.listen, {}, `local ${behind.service.listen} ${asks}`],
      [uriOf(remote), wrong, `remote ${remote.service.listen} ${known}`],
      [
        uriOf(unasked),
        {},
        `remote ${remote.service.listen} ${asks}, and write ?auth=remote before the # of its URI`,
      ],
    ] as const;
    for (const { row, ended } of rows.map((row) => ({ row, ended: say(row[0], row[1]) }))) {
      const { exitCode, stdout, stderr } = await ended;
      expect({ exitCode, stdout }).toEqual({ exitCode: 77, stdout: '' });
      expect(stderr).toMatch(/^halflight: 127\.0\.0\.1:\d+: .+\n$/);
      expect(stderr).toContain(`: ${row[2]}\n`);
      expect(stderr).not.toContain('canary');
    }
  });

  it('that came with --auth are looked for there', async () => {
    const local = await localHalf(await remoteHalf(), { credentials });
    const { exitCode, stderr } = await run([
      'connect',
      'h',
      '1',
      '--proxy',
      local.service.listen,
      '--auth',
      'a:b',
    ]);
    expect(exitCode).toBe(77);
    expect(stderr).toContain('does not know the user and the password in --auth\n');
  });

  it('are missed before anything is dialled when the URI says that the remote asks', async () => {
    const ended = await say(uriOf(await remoteHalf({ credentials })), {});
    expect(ended).toMatchObject({ exitCode: 78, stdout: '' });
    expect(ended.stderr).toContain('credentials: expected some in --auth or HALFLIGHT_AUTH');
  });
});

it('HALFLIGHT_URI names the remote, unless --proxy names another way', async () => {
  const { remote, local } = await startTunnel();
  const echo = await startEcho();
  const words = ['connect', 'localhost', String(echo.port)];
  const variables = { HALFLIGHT_URI: `'${uriOf(remote)}'\n` };
  expect(await run(words, { variables, input: 'a' })).toMatchObject({ exitCode: 0, stdout: 'a' });
  expect(local.seen('opened')).toHaveLength(0);
  const named = await run([...words, '--proxy', local.service.listen], { variables, input: 'b' });
  expect(named).toMatchObject({ exitCode: 0, stdout: 'b' });
  expect(local.seen('opened')).toHaveLength(1);
});

it('a reader that has what it wanted is no error', async () => {
  const [proxy, target] = [await open('the local'), await startTarget()];
  const running = start(['connect', target.host, String(target.port), '--proxy', proxy], left);
  const there = await target.next();
  running.child.stdout.destroy();
  const size = 64 * 1024 * 1024;
  const poured = there.pour(size);
  expect(await running.ended).toMatchObject({ exitCode: 0, stderr: '' });
  expect((await poured).length).toBeLessThan(size);
});

it.each([
  [['connect', 'example.com'], 64, "missing required argument 'port'"],
  [['connect', 'example.com', '0'], 64, 'port: expected 1 to 65535, got "0"'],
  [['connect', 'example.com', '80x'], 64, 'port: expected 1 to 65535, got "80x"'],
  [['connect', 'a b', '80'], 64, 'host: expected letters, digits, - and _'],
  [['connect', '0x7f.1', '80'], 64, 'host: expected a name or an IP address, got a number'],
  [['connect', 'h', '80', '--proxy', 'socks5://h:1'], 78, 'URI: expected halflight:// or ss://'],
  [['connect', 'h', '80', '--proxy', '0'], 78, 'local port: expected 1 to 65535, got 0'],
  [['connect', 'h', '80', '--auth', 'x'], 78, '--auth: expected USER:PASS'],
])('%j goes nowhere', async (words, exitCode, message) => {
  const ended = await run(words);
  expect(ended).toMatchObject({ exitCode, stdout: '' });
  expect(ended.stderr.startsWith(`halflight: ${message}`)).toBe(true);
});
