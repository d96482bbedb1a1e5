import { existsSync, readFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliStarter, type CliOptions, type Ended } from '../support/cli.js';
import { canaryKey, temporaryDirectories } from '../support/config.js';

const start = cliStarter();
const temporary = temporaryDirectories();
const run = (words: readonly string[], options?: CliOptions): Promise<Ended> => start(words, options).ended;
const withKey = { variables: { HALFLIGHT_KEY: canaryKey } };
const encoded = encodeURIComponent(canaryKey);

/** An address that is taken, by a remote of our own. */
async function taken(): Promise<string> {
  const other = start(['remote', '-l', '127.0.0.1:0', '--json'], withKey);
  const { listen } = JSON.parse((await other.nextLine()) ?? '{}') as { listen: string };
  return listen;
}

describe('asking for help', () => {
  it.each([
    [['--help'], ['halflight up', "halflight local 'halflight://…'", 'curl -x socks5h://127.0.0.1:1080']],
    [
      ['remote', '--help'],
      [
        '--public-host',
        'replies to BIND',
        'halflight remote -l 203.0.113.7:443',
        'HALFLIGHT_KEY',
        '69 address',
        '--allow-bind',
      ],
    ],
    [
      ['local', '--help'],
      [
        '--open',
        "halflight local 'ss://",
        'second',
        'HALFLIGHT_URI',
        'process list',
        '--auth-file',
        '--no-udp',
      ],
    ],
    [
      ['up', '-h'],
      ['--cipher-backend', 'halflight up -l 0 --json'],
    ],
    [
      ['help', 'keygen'],
      ['HALFLIGHT_KEY="$(halflight keygen)"', 'xchacha20-ietf-poly1305'],
    ],
    [
      ['run', '--help'],
      ['halflight run -- git clone', '127 when there is no such command'],
    ],
    [
      ['env', '--help'],
      ['eval "$(halflight env)"', 'halflight env | source', '--unset'],
    ],
    [
      ['connect', '--help'],
      [
        'its TCP port, from 1 to',
        "ssh -o ProxyCommand='halflight connect %h %p' user@host",
        '77 not allowed',
      ],
    ],
  ])('with %j prints it, with examples, on stdout', async (words, parts) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const part of parts) expect(stdout).toContain(part);
  });

  it('lists what most people need first, and what few do last', async () => {
    const flagsIn = (text: string): readonly string[] => text.match(/(?<=^ +(?:-., )?)--[a-z-]+/gm) ?? [];
    const [remote, local] = await Promise.all([run(['remote', '--help']), run(['local', '--help'])]);
    expect(flagsIn(remote.stdout).slice(0, 4)).toEqual(['--listen', '--method', '--key', '--password']);
    expect(flagsIn(local.stdout).slice(0, 2)).toEqual(['--listen', '--auth']);
    for (const { stdout } of [remote, local])
      expect(flagsIn(stdout).slice(-2)).toEqual(['--cipher-backend', '--help']);
  });

  it('for the version prints that of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
  });
});

it.skipIf(!existsSync('/dev/full')).each([[['keygen']], [['--version']], [['uri', '--help']]])(
  'a full disk behind %j is an error: what was to be printed is lost',
  async (words) => {
    const through = ['sh', '-c', 'exec "$@" > /dev/full', 'sh'];
    const { exitCode, stderr } = await run(words, { through });
    expect(exitCode).toBe(69);
    expect(stderr).toBe('halflight: stdout: expected it to take all that is printed, got ENOSPC\n');
  },
);

it('a reader that goes away early is no error', async () => {
  for (const words of [['--help'], ['keygen'], ['remot']]) {
    const { child, ended } = start(words);
    child.stdout.destroy();
    child.stderr.destroy();
    expect((await ended).exitCode).toBe(words[0] === 'remot' ? 64 : 0);
  }
});

describe('a command line that makes no sense ends with 64 and one line', () => {
  it.each<[readonly string[], string]>([
    [[], 'expected a command, got none; see halflight --help'],
    [['remot'], 'unknown command remot (did you mean remote?); see halflight --help'],
    [
      ['remote', '--metod', 'x'],
      'unknown option --metod (did you mean --method?); see halflight remote --help',
    ],
    [['remote', '-z'], 'unknown option -z; see halflight remote --help'],
    [['remote', '--key'], "option '--key <base64>' argument missing; see halflight remote --help"],
    [['remote', '--no-udp=1'], '--no-udp: expected no value, got one; see halflight remote --help'],
    [['up', '--open=yes'], '--open: expected no value, got one; see halflight up --help'],
    [['up', '--opn=yes'], 'unknown option --opn'],
    [['remote', '--key='], '--key: expected a value, got an empty one'],
    [['remote', '-l', '1', '-l', '2'], '--listen: expected it once, got it twice'],
    [
      ['remote', 'x'],
      "too many arguments for 'remote'. Expected 0 arguments but got 1; see halflight remote --help",
    ],
    [['remote', '--key', 'x', '--password', 'y'], 'expected one of --key and --password, got 2'],
    [['remote', '--password', 'x'], '--password: expected a 2017 method'],
    [
      ['local'],
      'expected a URI as the argument or in HALFLIGHT_URI, or a --subscription, got none; ' +
        'see halflight local --help',
    ],
    [
      ['remote', 'halflight://m:k@h:1'],
      'expected no URI, got one (did you mean halflight local URI?); see halflight remote --help',
    ],
    [['up', '--log-level', 'loud'], '--log-level: expected one of error, warn, info, debug, got "loud"'],
    [['up', '--log-format', '\u001b[2J'], '--log-format: expected one of text, json, got "\\u001b[2J"'],
    [['up', '--cipher-backend', 'x'], '--cipher-backend: expected one of native, noble, got "x"'],
  ])('%j', async (words, message) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 64, stdout: '' });
    expect(stderr.startsWith(`halflight: ${message}`)).toBe(true);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('a configuration that cannot be used ends with 78 and one line', () => {
  it.each<[readonly string[], string]>([
    [['local', 'https://example.com'], 'URI: expected halflight:// or ss://, got https://'],
    [
      ['local', `halflight://2022-blake3-aes-256-gcm:AAAA@h:1`],
      'URI: key for 2022-blake3-aes-256-gcm: expected base64',
    ],
    [['local', `ss://aes-256-gcm:${encoded}@h:0`], 'URI: expected a port from 1 to 65535, got 0'],
    [
      ['local', `ss://aes-256-gcm:${encoded}@h:1`, '-l', '0.0.0.0:0'],
      'listen address: expected a loopback address, got 0.0.0.0:0',
    ],
    [['up', '-l', ':0'], 'listen address: expected a loopback address, got :0: whoever reaches it'],
    [['up', '--auth', 'secret'], '--auth: expected USER:PASS, got no colon'],
    [['up', '--auth', 'ann:1', '--auth', 'ann:2'], '--auth: expected every user once, got "ann" again'],
    [
      ['remote', '--key', canaryKey, '--auth-file', '/nowhere'],
      'auth file /nowhere: expected a file, got none',
    ],
    [
      ['local', `halflight://2022-blake3-aes-256-gcm:${encoded}@h:1?auth=remote`, '--auth', 'ann:1'],
      'credentials: expected them at the remote (auth=remote in the URI) or at the local',
    ],
    [['up', '-l', 'nowhere'], 'listen address: expected HOST:PORT'],
    [['remote', '-m', 'rc4-md5'], 'method rc4-md5: not supported: a stream cipher'],
    [['remote', '--public-host', 'a:b', '--key', canaryKey], '--public-host: expected'],
    [
      ['remote', '-m', 'aes-256-gcm', '--password', 'hunter2'],
      'password: expected 16 characters or more, got 7;',
    ],
    [['keygen', '-m', 'aes-257-gcm'], 'method: expected one of'],
  ])('%j', async (words, message) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect({ exitCode, stdout }).toEqual({ exitCode: 78, stdout: '' });
    expect(stderr.startsWith(`halflight: ${message}`)).toBe(true);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe('a port that is taken', () => {
  it.each(['remote', 'up'])(
    'ends %s with 69, and the line names address, errno and what to do',
    async (command) => {
      const listen = await taken();
      const { exitCode, stdout, stderr } = await run(
        [command, '-l', listen],
        command === 'remote' ? withKey : {},
      );
      expect({ exitCode, stdout, stderr }).toEqual({
        exitCode: 69,
        stdout: '',
        stderr: `halflight: cannot listen on ${listen} (EADDRINUSE): another program listens there; choose a port with -l\n`,
      });
    },
  );
});

it('a key file that may not be made ends with 77', async () => {
  const directory = await temporary();
  await chmod(directory, 0o500);
  // Root may write anywhere, unless that right is taken from it.
  const through =
    process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-dac_override,-dac_read_search'] : [];
  const keyFile = join(directory, 'sub', 'remote.key');
  const { exitCode, stderr } = await run(['remote', '-l', '127.0.0.1:0', '--key-file', keyFile], { through });
  expect(stderr).toMatch(/^halflight: cannot use .*: expected access, got EACCES\n$/);
  expect(exitCode).toBe(77);
});

describe('keygen', () => {
  it.each([
    ['2022-blake3-aes-128-gcm', 16, 'key'],
    ['2022-blake3-chacha20-poly1305', 32, 'key'],
    ['aes-256-gcm', 32, 'password'],
  ])('prints one fresh secret for %s', async (name, bytes, field) => {
    const [first, second] = await Promise.all([
      run(['keygen', '-m', name]),
      run(['keygen', '-m', name, '--json']),
    ]);
    expect(first.stdout).toMatch(/^[A-Za-z0-9+/]+=*\n$/);
    expect(Buffer.from(first.stdout, 'base64')).toHaveLength(bytes);
    const { method, ...rest } = JSON.parse(second.stdout) as Record<string, string>;
    expect(method).toBe(name);
    expect(Object.keys(rest)).toEqual([field]);
    expect(rest[field]).not.toBe(first.stdout.trim());
  });
});

describe('a secret that was typed', () => {
  it.each<readonly string[]>([
    ['remote', `--kye=${canaryKey}`],
    ['remote', `-k${canaryKey}`],
    ['remote', canaryKey],
    ['remote', '--key', canaryKey, '--key', canaryKey],
    ['remote', '--key', canaryKey, '-m', '2022-blake3-aes-128-gcm'],
    ['remote', '--key', canaryKey, '-m', 'aes-256-gcm'],
    ['remote', '--key', `${canaryKey}!`],
    [canaryKey],
    [`halflight://2022-blake3-aes-256-gcm:${encoded}@h:1`],
    ['local', `halflight://2022-blake3-aes-256-gcm:${encoded}x@h:1`],
    ['local', `halflight://2022-blake3-aes-256-gcm:${encoded}@h:x`],
    ['local', `halflight://${encoded}:2022-blake3-aes-256-gcm@h:1`],
    ['local', canaryKey],
    ['local', 'x', canaryKey],
  ])('is not in the error about it: %s %s', async (...words) => {
    const { exitCode, stdout, stderr } = await run(words);
    expect(exitCode === 64 || exitCode === 78).toBe(true);
    const hex = Buffer.from(canaryKey, 'base64').toString('hex');
    for (const form of [canaryKey.slice(0, 12), encoded.slice(0, 12), 'canary-canary', hex]) {
      expect(stdout + stderr).not.toContain(form);
    }
  });
});
