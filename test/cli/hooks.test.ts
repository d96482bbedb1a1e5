import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { connect } from '../support/peer.js';
import { cliStarter, type Running } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';
import { startEcho } from '../support/targets.js';

const start = cliStarter();
const temporary = temporaryDirectories();
const quiet = ['--no-control', '--json'];

interface Ready {
  readonly listen: string;
  readonly uri: string;
  readonly forwards: readonly { readonly listen: string }[];
}

async function ready(running: Running): Promise<Ready> {
  return JSON.parse((await running.nextLine()) ?? '{}') as Ready;
}

function portOf(listen: string): number {
  return Number(listen.split(':').at(-1));
}

/** Says a word to the port, and expects it back. */
async function expectEcho(port: number): Promise<void> {
  const peer = await connect(port);
  await peer.send('moon');
  expect((await peer.read(4)).toString()).toBe('moon');
  peer.end();
  await peer.ended();
}

/** The `event` of lines, until one is `last`. */
async function eventsUntil(running: Running, last: string): Promise<readonly string[]> {
  const events: string[] = [];
  while (events.at(-1) !== last) {
    const line = await running.nextLine();
    if (line === undefined) break;
    events.push((JSON.parse(line) as { readonly event: string }).event);
  }
  return events;
}

it('a forward, a local with forwards and a remote each have an informer', async () => {
  const echo = await startEcho();
  const key = ['--key', canaryKey];
  const informed = ['--hook', 'informer', ...quiet];
  const remote = start(['remote', '-l', '127.0.0.1:0', ...key, '--allow-private', ...informed]);
  const { uri, ...ofRemote } = await ready(remote);
  expect(ofRemote).toMatchObject({ hooks: ['informer'] });
  const file = path.join(await temporary(), 'local.json');
  const target = `127.0.0.1:${echo.port}`;
  await writeFile(file, JSON.stringify({ uri, forwards: { '0': target } }), { mode: 0o600 });
  const local = start(['local', '-l', '0', '-c', file, ...informed]);
  const { forwards } = await ready(local);
  expect(forwards).toEqual([{ listen: expect.any(String) as string, to: target, transport: 'tcp' }]);
  const inner = forwards[0]?.listen ?? '';
  const forward = start(['forward', '0', inner, ...informed]);
  const outer = await ready(forward);

  await expectEcho(portOf(outer.listen));
  for (const running of [forward, local, remote]) {
    // The remote has had a conversation before that asked for nothing: the check of the path.
    const events = await eventsUntil(running, 'first-byte');
    expect(events).toEqual(
      expect.arrayContaining(['started', 'accepted', 'requested', 'dialed', 'first-byte']),
    );
  }
});

it('a dumper writes into its directory, and what it writes is read back', async () => {
  const echo = await startEcho();
  const directory = await temporary();
  const forward = start([
    ...['forward', '0', `127.0.0.1:${echo.port}`, '--hook', 'dumper', '--dump-dir', directory],
    ...['--dump-format', 'pcapng', '--dump-target', `:${echo.port}`, ...quiet],
  ]);
  const { listen } = await ready(forward);
  await expectEcho(portOf(listen));
  forward.child.kill('SIGTERM');
  const { exitCode, stderr } = await forward.ended;
  expect(exitCode).toBe(0);
  expect(stderr).not.toContain('warn');
  const [name = '', ...others] = await readdir(directory);
  expect(name).toMatch(/\.pcapng$/);
  expect(others).toEqual([]);
  const dump = path.join(directory, name);
  expect((await start(['dump', 'cat', dump]).ended).stdout).toContain('moon');
  expect(await start(['dump', 'cat', dump, '--extract', 'down']).ended).toMatchObject({ stdout: 'moon' });
  const copy = path.join(directory, 'up');
  expect(await start(['dump', 'cat', dump, '--extract', 'up', '-o', copy]).ended).toMatchObject({
    stdout: '',
  });
});

it('lines of an informer for programs stand on stdout alone', async () => {
  const echo = await startEcho();
  const informed = ['--hook', 'informer', '--informer-form', 'json'];
  const forward = start(['forward', '0', `127.0.0.1:${echo.port}`, ...informed, '--no-control']);
  const started = JSON.parse((await forward.nextLine()) ?? '') as { readonly listen: readonly string[] };
  expect(started).toMatchObject({ hook: 'informer', event: 'started' });
  await expectEcho(portOf(started.listen[0] ?? ''));
  forward.child.kill('SIGTERM');
  const { stdout, stderr } = await forward.ended;
  const lines = stdout.trimEnd().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { readonly hook: unknown }).hook)).toEqual(
    lines.map(() => 'informer'),
  );
  expect(stderr).toContain('halflight forward listens on one place:');
});

it('an informer tells a file all of a reason', async () => {
  const target = '/nonexistent/a/path/that/is/rather/long/and/ends/nowhere.sock';
  const forward = start(['forward', '0', target, '--hook', 'informer', '--no-control']);
  let line: string | undefined = '';
  const next = async (word: string): Promise<string> => {
    do line = await forward.nextLine();
    while (line?.includes(word) === false);
    return line ?? '';
  };
  const [, port] = /:(\d+)/.exec(await next('127.0.0.1:')) ?? [];
  const peer = await connect(Number(port));
  peer.socket.on('error', () => undefined);
  expect(await next(' error ')).toMatch(/ENOENT$/);
});

it('people are told which hooks there are', async () => {
  const file = path.join(await temporary(), 'mine.mjs');
  await writeFile(file, 'export const hook = {};');
  const forward = start([
    'forward',
    '0',
    '127.0.0.1:9',
    '--hook',
    'informer',
    '--hook',
    file,
    '--no-control',
  ]);
  const lines: (string | undefined)[] = [];
  while (lines.length < 5) lines.push(await forward.nextLine());
  expect(lines.at(-1)).toBe(`Hooks: informer, ${file}.`);
});

it.each<[string, readonly string[], string]>([
  ['is missing', ['none'], 'expected a directory'],
  ['is a file', ['file'], 'expected a directory'],
])('a dump directory that %s keeps a forward from starting', async (_, [name = ''], words) => {
  const directory = await temporary();
  await writeFile(path.join(directory, 'file'), '');
  await mkdir(path.join(directory, 'directory'));
  const dumps = path.join(directory, name);
  const { exitCode, stdout, stderr } = await start([
    ...['forward', '0', 'a:1', '--hook', 'dumper', '--dump-dir', dumps, ...quiet],
  ]).ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
  expect(stderr).toContain(dumps);
  expect(stderr).toContain(words);
});

it.each([
  [
    ['remote', '--key', canaryKey, '--workers', '2', '--hook', 'informer'],
    64,
    '--hook: expected one process',
  ],
  [['local', 'ss://x', '--hook', 'nothing'], 78, ''],
  [['up', '-l', '0', '--hook', '/nonexistent.js'], 78, '/nonexistent.js'],
  [
    ['up', '-l', '0', '--hook', 'informer', '--informer-form', 'wide', '--json'],
    64,
    '--informer-form: expected',
  ],
  [['up', '-l', '0', '--informer-form', 'x'], 64, '--informer-form: expected one of compact, wide, json'],
  [['forward', '0', 'a:1', '--dump-format', 'pcap'], 64, '--dump-format: expected one of text, pcapng'],
])('%j ends with code %i', async (words, code, message) => {
  const { exitCode, stdout, stderr } = await start([...words, '--no-control']).ended;
  expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
  expect(stderr).toContain(message);
});

it('a local with several processes has no forwards', async () => {
  const file = path.join(await temporary(), 'local.json');
  const uri = `ss://2022-blake3-aes-256-gcm:${canaryKey}@127.0.0.1:1`;
  await writeFile(file, JSON.stringify({ uri, forwards: { '0': 'a:1' } }), { mode: 0o600 });
  const { exitCode, stderr } = await start(['local', '-c', file, '-l', '0', '--workers', '2']).ended;
  expect(exitCode).toBe(64);
  expect(stderr).toContain('forwards: expected one process, got several');
});

it('a hook of a file is not left out without a word', async () => {
  const file = path.join(await temporary(), 'forward.json');
  await writeFile(file, JSON.stringify({ forwards: { '0': 'a:1' }, hooks: ['./gone.js', 'informer'] }), {
    mode: 0o600,
  });
  const forward = start(['forward', '-c', file, '--hook', 'informer', ...quiet]);
  await ready(forward);
  forward.child.kill('SIGTERM');
  expect((await forward.ended).stderr).toMatch(
    /warn hooks of the file that --hook leaves out: \S+\/gone\.js\n/,
  );
});

it.each([
  [
    '{ forwards: { "0": "a:1" },\n hooks: ["informer", "informer"] }',
    ':2:9 hooks: expected each hook once, got informer again',
  ],
  [
    '{ forwards: { "0": "a:1" },\n hooks: ["dumper"] }',
    ':2:9 hooks: expected --dump-dir beside it, got none',
  ],
  [
    '{ forwards: { "0": "a:1" },\n dumpDir: "/tmp" }',
    ':2:11 dumpDir: expected --hook dumper beside it, got none',
  ],
])('a file with %s is told of by its place', async (text, words) => {
  const file = path.join(await temporary(), 'forward.json');
  await writeFile(file, text, { mode: 0o600 });
  const { exitCode, stderr } = await start(['config', 'check', file]).ended;
  expect(exitCode).toBe(78);
  expect(stderr).toContain(`${file}${words}`);
});

it('config check and config show know a forward', async () => {
  const file = path.join(await temporary(), 'forward.json');
  const via = 'socks5://user:canary@127.0.0.1:1';
  await writeFile(file, JSON.stringify({ forwards: { '8000': 'a:1' }, via, hooks: ['x.js'] }), {
    mode: 0o600,
  });
  const checked = await start(['config', 'check', file]).ended;
  expect(checked).toMatchObject({ exitCode: 0, stderr: '' });
  expect(checked.stdout).toContain('nothing is wrong with it, as the file of a forward.');
  expect((await start(['config', 'check', file, '--for', 'local']).ended).exitCode).toBe(78);
  const shown = await start(['config', 'show', 'forward', '-c', file, '9000', 'b:2', '--via', 'direct'])
    .ended;
  expect(shown.stdout).toMatch(/^forwards +9000 → b:2, 8000 → a:1 +argument, \S+forward\.json:1$/m);
  expect(shown.stdout).toMatch(/^via +direct +--via$/m);
  expect(shown.stdout).toMatch(/^hooks +\S+x\.js +\S+forward\.json:1$/m);
  expect((await start(['config', 'show', '-c', file]).ended).stdout).toMatch(
    /^via +socks5:\/\/user:\*\*\*@/m,
  );
});
