import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliStarter, type Ended } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';

const start = cliStarter();
const temporary = temporaryDirectories();
const classic = {
  server: '127.0.0.1',
  server_port: 8388,
  method: '2022-blake3-aes-256-gcm',
  password: canaryKey,
};

/** A file with that in it, which only its owner can read. */
async function stored(content: object): Promise<string> {
  const file = path.join(await temporary(), 'x.json');
  await writeFile(file, JSON.stringify(content, undefined, 1), { mode: 0o600 });
  return file;
}

function config(...words: readonly string[]): Promise<Ended> {
  return start(['config', ...words], { variables: { HALFLIGHT_AUTH: 'ann:canary' } }).ended;
}

/** The columns of each line that begins with a setting. */
function told(stdout: string): Readonly<Record<string, string>> {
  const lines = stdout.split('\n').map((line) => line.split(/ {2,}/));
  return Object.fromEntries(lines.map((columns): [string, string] => [columns[0] ?? '', columns.join('|')]));
}

describe('config check', () => {
  it.each([
    [{ key: canaryKey, listen: ':1' }, 'the file of a remote'],
    [{ uri: `ss://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@h` }, 'the file of a local'],
    [{ listen: ':1' }, 'the file of a local or a remote'],
    [classic, 'the classic file of a local'],
    [{ ...classic, server: '::' }, 'the classic file of a remote'],
  ])('says that nothing is wrong with %j: it is %s', async (content, words) => {
    const file = await stored(content);
    const stdout = `${file}: nothing is wrong with it, as ${words}.\n`;
    expect(await config('check', file)).toEqual({ exitCode: 0, stdout, stderr: '' });
  });

  it('names what is not supported in a classic file', async () => {
    const file = await stored({ ...classic, acl: '/x' });
    const { exitCode, stderr } = await config('check', file);
    expect(exitCode).toBe(0);
    expect(stderr).toBe(`halflight: warning: ${file}:6:2 "acl": not supported, and ignored\n`);
  });

  it.each([
    [{ udp: 'no' }, ':2:9 udp: expected true or false, got a string'],
    [{ allowBind: true, open: true }, ':3:2 open: expected a setting of a remote, got one of a local'],
    [{ listen: '0.0.0.0:1', open: false, auth: ['a'] }, ':5:3 auth: expected USER:PASS, got no colon'],
    [{ method: 'aes-256-gcm', password: 'canary' }, ':3:14 password: expected 16 characters or more, got 6'],
    [{ authFile: 'none' }, 'expected a file, got none'],
    [
      { ports: [{ listen: ':1', method: 'aes-256-gcm', password: 'canary' }] },
      'x.json: ports[0]: password: expected 16 characters or more, got 6',
    ],
    [
      { servers: ['ss://aes-256-gcm:canary@h', 'ss://aes-256-gcm:canary@h/?plugin=a'] },
      'x.json: server 2: URI: expected no plugin, got a: halflight runs no program',
    ],
    [
      { servers: ['ss://aes-256-gcm:canary@h', 'ss://aes-256-gcm:canary@i'], plugin: 'b' },
      'x.json:6:12 plugin: expected one server, got 2',
    ],
  ])('ends with 78 and one line for %j', async (content, words) => {
    const { exitCode, stdout, stderr } = await config('check', await stored(content));
    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr).toContain(words);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).not.toContain('canary');
  });

  it('tells all mistakes that it can at once, each with its place', async () => {
    const file = await stored({
      listne: ':1',
      udp: 'no',
      logLevel: 'lowd',
      open: true,
      key: canaryKey,
      ports: [
        { listen: ':1', key: 'canary' },
        { listen: 'x', wieght: 1, udp: 1 },
      ],
    });
    const { exitCode, stdout, stderr } = await config('check', file, '--for', 'remote');
    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr.trimEnd().split('\n')).toEqual(
      [
        '2:2 settings: expected a name of a setting, got "listne" (did you mean "listen"?)',
        '3:9 udp: expected true or false, got a string',
        '4:14 logLevel: expected one of error, warn, info, debug, got "lowd"',
        '5:2 open: expected a setting of a remote, got one of a local',
        '13:14 ports[1].listen: expected HOST:PORT, [IPv6]:PORT, :PORT or PORT, got "x"',
        '14:4 ports[1]: expected a name of a setting, got "wieght" (known: listen, method, key, password, users, udp, plugin)',
        '15:11 ports[1].udp: expected true or false, got a number',
      ].map((line) => `halflight: ${file}:${line}`),
    );
  });

  it('tells what is wrong with a file and what is wrong in it', async () => {
    const file = await stored({ method: 'aes-256-gcm', password: 'canary' });
    await chmod(file, 0o644);
    const { stderr } = await config('check', file);
    expect(stderr).toContain('expected mode 0600');
    expect(stderr).toContain('expected 16 characters or more, got 6');
    expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  });

  it('tells the mistakes of each server in a classic file', async () => {
    const file = await stored({
      servers: [
        { ...classic, method: 'rc4' },
        { ...classic, server_port: 0 },
        { ...classic, password: 'canary' },
      ],
      locals: [{ protocol: 'dns' }],
    });
    const { stderr } = await config('check', file, '--for', 'local');
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^halflight: \S*json:/, '')),
    ).toEqual([
      expect.stringMatching(/^24:16 protocol: expected socks or http/),
      expect.stringMatching(/^6:14 method: rc4: not supported/),
      expect.stringMatching(/^10:14 server: expected a port from 1 to 65535, got 0/),
      expect.stringMatching(/^19:16 password: expected base64 of 32 bytes, got/),
    ]);
  });

  it('refuses a key that others may read, and a file that is not there', async () => {
    const file = await stored({ key: canaryKey });
    await chmod(file, 0o644);
    expect((await config('check', file)).stderr).toContain('expected mode 0600');
    expect((await config('check', `${file}x`)).stderr).toContain('expected a file, got none');
  });
});

describe('config show', () => {
  it('tells of every setting what holds and who said it', async () => {
    const file = await stored({ listen: ':1', key: canaryKey, udp: false, allowBind: true });
    const { exitCode, stdout } = await config('show', 'remote', '-c', file, '--udp', '-l', ':2');
    expect(exitCode).toBe(0);
    expect(told(stdout)).toMatchObject({
      listen: 'listen|:2|--listen',
      key: `key|***|${file}:3`,
      udp: 'udp|true|--udp',
      allowBind: `allowBind|true|${file}:5`,
      auth: 'auth|ann:***|HALFLIGHT_AUTH',
      logLevel: 'logLevel|info|default',
    });
    expect(stdout).not.toContain('canary');
  });

  it('shows the half that a file is for, with the flag in either place, and both without a file', async () => {
    const file = await stored(classic);
    const alone = await config('show', '-c', file);
    expect(alone.stdout).toContain('ss://2022-blake3-aes-256-gcm:***@127.0.0.1:8388');
    expect(told((await config('show', '-c', file, 'remote')).stdout)['key']).toContain('***');
    expect((await config('show')).stdout).toMatch(/^local:\nuri [^]+\nremote:\nlisten /);
  });

  it('makes no key', async () => {
    const home = await temporary();
    const { exitCode } = await start(['config', 'show', 'remote'], { variables: { HOME: home } }).ended;
    expect(exitCode).toBe(0);
    await expect(stat(path.join(home, '.config'))).rejects.toThrow('ENOENT');
  });
});

describe('config import', () => {
  it('writes a file of ours, with mode 0600, that check accepts', async () => {
    const output = path.join(await temporary(), 'remote.json');
    const imported = await config('import', await stored(classic), '--for', 'remote', '-o', output);
    expect(imported).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    expect((await stat(output)).mode & 0o777).toBe(0o600);
    expect(JSON.parse(await readFile(output, 'utf8'))).toEqual({
      listen: '127.0.0.1:8388',
      method: '2022-blake3-aes-256-gcm',
      key: canaryKey,
      udp: false,
    });
    expect((await config('check', output)).exitCode).toBe(0);
  });

  it('writes on stdout by default, and says what it guessed and what it left out', async () => {
    const file = await stored({ ...classic, timeout: 60 });
    await chmod(file, 0o644);
    const { exitCode, stdout, stderr } = await config('import', file);
    expect(exitCode).toBe(0);
    expect(Object.keys(JSON.parse(stdout) as object)).toEqual(['uri', 'listen', 'udp']);
    expect(stderr).toContain('read as the file of a local; if it is not, say --for');
    expect(stderr).toContain('"timeout": not supported, and ignored');
    expect(stderr).toContain('expected mode 0600');
  });

  it('writes on stdout for -, as halflight uri --svg does', async () => {
    const { exitCode, stdout } = await config('import', await stored(classic), '--for', 'remote', '-o', '-');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ key: canaryKey });
  });

  it('overwrites nothing, and leaves a file of ours alone', async () => {
    const file = await stored(classic);
    const { exitCode, stderr } = await config('import', file, '-o', file);
    expect(exitCode).toBe(78);
    expect(stderr).toContain(`file ${file}: expected a new one, got one that is there`);
    const ours = await config('import', await stored({ listen: ':1' }));
    expect(ours.stderr).toContain('expected one of another program, got one of halflight');
    const unknown = await config('import', await stored({ configs: [classic], localPort: 1080 }));
    expect(unknown.stderr).toContain(
      'expected one of another program, got neither that nor one of halflight',
    );
  });
});

it.each([
  [[], 'config: expected check, show or import, got none'],
  [['chekc'], 'config: expected check, show or import, got another word'],
  [['check'], "missing required argument 'file'"],
  [['check', 'good.json', 'bad.json'], "too many arguments for 'check'"],
  [['import', 'one.json', 'another.json'], "too many arguments for 'import'"],
  [['show', 'remotee'], "too many arguments for 'show'"],
  [['show', 'local.json'], "too many arguments for 'show'"],
  [['show', 'remote', 'foo'], "too many arguments for 'remote'"],
  [['check', 'x', '--for', 'both'], '--for: expected one of local, remote, forward, got "both"'],
])('config %j is a usage error', async (words, message) => {
  const { exitCode, stderr } = await config(...words);
  expect(exitCode).toBe(64);
  expect(stderr).toContain(message);
});
