import { writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cliStarter, type Ended, type Running } from '../support/cli.js';
import { temporaryDirectories } from '../support/config.js';
import { connect, Peer } from '../support/peer.js';
import { deadPort, startEcho } from '../support/targets.js';
import { udpEcho, udpPeer } from '../support/udp.js';

const start = cliStarter();
const temporary = temporaryDirectories();

interface Ready {
  readonly listen: string;
  readonly forwards: readonly { readonly listen: string; readonly to: string }[];
}

async function ready(running: Running): Promise<Ready> {
  return JSON.parse((await running.nextLine()) ?? '{}') as Ready;
}

function forward(...words: readonly string[]): Running {
  return start(['forward', ...words, '--no-control']);
}

async function refused(...words: readonly string[]): Promise<Ended> {
  return forward(...words).ended;
}

/** Says something to where `listen` leads, and expects it back. */
async function expectEcho(listen: string): Promise<void> {
  const place = listen.includes('/')
    ? { path: listen }
    : { host: '127.0.0.1', port: Number(listen.split(':').at(-1)) };
  const peer = new Peer(net.connect(place));
  peer.socket.write('moon');
  expect((await peer.read(4)).toString()).toBe('moon');
  peer.socket.destroy();
}

it('leads a port to a target, and ends with a signal', async () => {
  const echo = await startEcho();
  const running = forward('0', `127.0.0.1:${echo.port}`, '--json');
  const { listen, ...rest } = await ready(running);
  expect(rest).toEqual({
    event: 'ready',
    role: 'forward',
    forwards: [{ listen, to: `127.0.0.1:${echo.port}`, transport: 'tcp' }],
  });
  await expectEcho(listen);
  running.child.kill('SIGTERM');
  expect(await running.ended).toMatchObject({ exitCode: 0 });
});

it('leads all that -L and FROM and TO name, through a proxy or straight', async () => {
  const echo = await startEcho();
  const far = forward('0', `127.0.0.1:${echo.port}`, '--json');
  const directory = await temporary();
  const target = (await ready(far)).listen;
  const running = forward(
    '0',
    target,
    ...['-L', `*:0:${target}`, '-L', `${directory}/x.sock:${target}`, '-L', `0:${target}/udp`],
    ...['--via', 'direct', '--json'],
  );
  const { forwards, ...rest } = await ready(running);
  expect(forwards.map(({ listen }) => listen)).toEqual([
    expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    expect.stringMatching(/^\[::\]:\d+$/),
    `${directory}/x.sock`,
    expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  ]);
  expect(rest).toMatchObject({ open: [forwards[1]?.listen] });
  for (const { listen } of forwards.slice(0, 3)) await expectEcho(listen);
});

it('reads a config file, and tells of no secret in it', async () => {
  const echo = await startEcho();
  const file = path.join(await temporary(), 'forward.json');
  const text = `{
    forwards: {
      "0": { to: "127.0.0.1:${echo.port}", via: "direct" },
      "x.sock": "a:1",
      "./x.sock": "127.0.0.1:${echo.port}",
    },
    via: ["socks5://user:canary@127.0.0.1:1"],
  }`;
  await writeFile(file, text.replace('"x.sock": "a:1",', ''), { mode: 0o600 });
  const running = forward('-c', file);
  const lines = [await running.nextLine()];
  while (lines.length < 4) lines.push(await running.nextLine());
  const [listen = ''] = /127\.0\.0\.1:\d+/.exec(lines[2] ?? '') ?? [];
  await expectEcho(listen);
  expect(lines[3]).toMatch(/x\.sock +→ 127\.0\.0\.1:\d+ \(via socks5:\/\/user:\*\*\*@127\.0\.0\.1:1\)$/);
  running.child.kill('SIGTERM');
  const { stdout, stderr } = await running.ended;
  expect(stdout + stderr).not.toContain('canary');
  expect(stderr).not.toContain('process list');
});

it('adds what is typed to the forwards of its config file', async () => {
  const file = path.join(await temporary(), 'forward.json');
  await writeFile(file, '{ forwards: { "0": "a:1", "./x.sock": "a:2" } }', { mode: 0o600 });
  const running = forward('-c', file, '-L', '0:b:1', '-L', `${path.dirname(file)}/x.sock:b:2`, '--json');
  const { forwards } = await ready(running);
  expect(forwards.map(({ to }) => to)).toEqual(['b:1', 'b:2', 'a:1']);
});

it('says why a target is not reached, and names none', async () => {
  const config = path.join(await temporary(), 'forward.json');
  const text = { '127.0.0.1:0': { to: 'secret.example:80', via: `http://127.0.0.1:${await deadPort()}` } };
  await writeFile(config, JSON.stringify({ forwards: text }), { mode: 0o600 });
  const running = forward('-L', '0:/nonexistent/secret.sock', '-c', config, '--json');
  for (const { listen } of (await ready(running)).forwards) {
    const peer = await connect(Number(listen.split(':').at(-1)));
    await peer.ended();
  }
  running.child.kill('SIGTERM');
  const { stdout, stderr } = await running.ended;
  expect(stderr).toMatch(/refused id=\d+ reason=general-failure at=target why=ENOENT\n/);
  expect(stderr).toMatch(/refused id=\d+ reason=connection-refused at=proxy why=unreachable\n/);
  expect(stderr + stdout.split('\n').slice(1).join('')).not.toContain('secret');
});

it('waits for no datagrams when it ends', async () => {
  const echo = await udpEcho();
  const running = forward('0/udp', `127.0.0.1:${echo.port}`, '--json');
  const { listen } = await ready(running);
  const client = await udpPeer();
  await client.say('moon', { host: '127.0.0.1', port: Number(listen.split(':').at(-1)) });
  expect(String((await client.next()).payload)).toBe('moon');
  running.child.kill('SIGTERM');
  const { exitCode, stderr } = await running.ended;
  expect(exitCode).toBe(0);
  expect(stderr).toContain('stopping');
  expect(stderr).not.toContain('waiting');
});

it('warns of a secret that was typed', async () => {
  const running = forward('0', 'a:1', '--via', 'socks5://user:canary@127.0.0.1:1', '--json');
  expect(await ready(running)).toMatchObject({ forwards: [{ via: ['socks5://user:***@127.0.0.1:1'] }] });
  running.child.kill('SIGTERM');
  expect((await running.ended).stderr).toContain('the process list shows a secret in --via');
});

it.each<[readonly string[], number, string]>([
  [[], 64, 'expected FROM and TO, -L, or forwards in a config file, got none; see halflight forward --help'],
  [['8000'], 64, 'expected FROM and TO, or -L with both, got FROM alone'],
  [['8000', 'a:1', 'b:2'], 64, "too many arguments for 'forward'"],
  [
    ['8000', 'a'],
    78,
    'forward to: expected HOST:PORT, [IPv6]:PORT or a path like /x.sock or ./x.sock, got "a"',
  ],
  [['8000', 'a:0'], 78, 'forward to: expected a port from 1 to 65535, got another'],
  [['99999', 'a:1'], 78, 'forward from: expected PORT, HOST:PORT, [IPv6]:PORT, :PORT or a path like'],
  [['-L', '8000:80'], 78, '-L 8000:80: expected [BIND:]PORT:HOST:PORT, with a path for either pair'],
  [['-L', ''], 64, '-L: expected a value, got an empty one'],
  [['8000', 'a:1', '-L', '127.0.0.1:8000:b:1'], 78, 'forward 127.0.0.1:8000: expected another place than'],
  [['8000', 'localhost:8000'], 78, 'forward 127.0.0.1:8000: expected another target than itself'],
  [['8000', 'a:1', '--via', 'sox://user:canary@b'], 78, 'via: expected one of socks4, socks4a, socks5'],
  [['8000', 'a:1', '--via', 'direct', '--via', 'socks5://b'], 78, 'via: expected direct or the URIs'],
  [['53/udp', '/run/x'], 78, 'forward to: expected HOST:PORT for UDP, got a unix socket'],
  [
    ['53/udp', 'a:1', '--via', 'http://user:canary@b:1'],
    78,
    'forward 127.0.0.1:53/udp: expected a way that carries UDP, got an HTTP proxy',
  ],
  [['192.0.2.1:0', 'a:1'], 69, 'forward 192.0.2.1:0: expected an address of this machine'],
  [['/proc/none/x.sock', 'a:1'], 77, 'forward /proc/none/x.sock: expected a directory'],
  [['0', 'a:1', '--hook', 'informr'], 78, 'hook: expected informer, dumper or a file like ./mine.js'],
  [['0', 'a:1', '--hook', 'dumper'], 64, '--hook dumper: expected --dump-dir beside it, got none'],
  [['0', 'a:1', '--dump-dir', '/tmp'], 64, '--dump-dir: expected --hook dumper beside it, got none'],
  [['0', 'a:1', '-c', '/nonexistent.json'], 78, 'config file /nonexistent.json: expected a file, got none'],
])('%j ends with code %i', async (words, code, message) => {
  const { exitCode, stdout, stderr } = await refused(...words);
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
  expect(stderr).toContain(`halflight: ${message}`);
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).not.toContain('canary');
});

it('says which forward wants a port that is taken, and leaves nothing open', async () => {
  const taken = await startEcho();
  const directory = await temporary();
  const ended = await refused('-L', `${directory}/x:a:1`, '-L', `${taken.port}:a:1`);
  expect(ended.exitCode).toBe(69);
  expect(ended.stderr).toContain(`forward 127.0.0.1:${taken.port}: expected a place that is free`);
  const again = await refused('-L', `${directory}/x:a:1`, '-L', `${taken.port}:a:1`);
  expect(again.stderr).toBe(ended.stderr);
});

it.each([
  ['{ forwards: { "8000": "a:1", "8000": "b:1" } }', ':1:30 "8000": expected it once, got it again'],
  ['{ forwards: { "8000": "a:1", "127.0.0.1:8000": "b:1" } }', ':1:30 forwards 127.0.0.1:8000: expected'],
  ['{ forwards: { "8000": "a" } }', ':1:23 forwards 8000: expected HOST:PORT'],
  ['{ listen: "8000" }', ':1:3 listen: expected a setting of a forward, got one of a local or a remote'],
])('a file with %s is refused with line and column', async (text, words) => {
  const file = path.join(await temporary(), 'forward.json');
  await writeFile(file, text, { mode: 0o600 });
  const { exitCode, stderr } = await refused('-c', file);
  expect(exitCode).toBe(78);
  expect(stderr).toContain(`${file}${words}`);
});
