import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { cliStarter, type CliOptions, type Ended } from '../support/cli.js';

const start = cliStarter();
const run = (words: readonly string[], options?: CliOptions): Promise<Ended> => start(words, options).ended;

/** The variables of a real sh that has taken these lines, and the environment it began with. */
function afterEval(lines: string, before: Readonly<Record<string, string>> = {}): Record<string, string> {
  const text = execFileSync('sh', ['-c', 'eval "$LINES_TO_EVAL"; unset LINES_TO_EVAL; env -0'], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], LINES_TO_EVAL: lines, ...before },
  });
  return Object.fromEntries(
    text
      .split('\0')
      .filter((entry) => /proxy=/i.test(entry))
      .map((entry) => {
        const at = entry.indexOf('=');
        return [entry.slice(0, at), entry.slice(at + 1)];
      }),
  );
}

describe('halflight env', () => {
  it('prints lines that a shell takes, and lines that undo them', async () => {
    const [set, unset] = await Promise.all([run(['env', '-l', '1081']), run(['env', '--unset'])]);
    expect(set).toMatchObject({ exitCode: 0, stderr: '' });
    const variables = afterEval(set.stdout);
    expect(Object.keys(variables)).toHaveLength(8);
    expect(variables).toMatchObject({
      https_proxy: 'http://127.0.0.1:1081',
      ALL_PROXY: 'socks5h://127.0.0.1:1081',
      no_proxy: 'localhost,127.0.0.1,::1',
    });
    expect(afterEval(unset.stdout, variables)).toEqual({});
  });

  it('carries hostile credentials whole through the shell', async () => {
    const auth = `o'n"eil:$(touch x)\`;\\ %41!@/é`;
    const variables = { HALFLIGHT_AUTH: auth };
    const [byVariable, byFlag] = await Promise.all([
      run(['env'], { variables }),
      run(['env', '--auth', auth]),
    ]);
    expect(byFlag.stdout).toBe(byVariable.stdout);
    const { username, password, host } = new URL(afterEval(byVariable.stdout)['http_proxy'] ?? '');
    expect(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toBe(auth);
    expect(host).toBe('127.0.0.1:1080');
  });

  it('speaks the shell that SHELL or the flag names', async () => {
    const fish = await run(['env'], { variables: { SHELL: '/usr/bin/fish' } });
    expect(fish.stdout).toContain("set -gx http_proxy 'http://127.0.0.1:1080'\n");
    const cmd = await run(['env', '--shell', 'cmd', '--unset'], { variables: { SHELL: '/usr/bin/fish' } });
    expect(cmd.stdout).toContain('set "http_proxy="\n');
    const bash = await run(['env', '--shell', 'bash'], { variables: { SHELL: '/bin/csh' } });
    expect(bash.stdout).toContain("export http_proxy='");
    for (const { stderr } of [fish, cmd, bash]) expect(stderr).toBe('');
  });

  it('prints the lines of sh for a shell that it does not know, and warns', async () => {
    const { exitCode, stdout, stderr } = await run(['env'], { variables: { SHELL: '/bin/c\u001b[2Jsh' } });
    expect(exitCode).toBe(0);
    expect(stdout).toContain("export http_proxy='");
    expect(stderr).toMatch(
      /^halflight: warning: SHELL: expected one of sh, .* got "\/bin\/c\\u001b\[2Jsh".*--shell\n$/,
    );
  });

  it.each([
    [['env', '-l', "127.0.0.1'; touch x;:1"], 78, 'listen address: expected'],
    [['env', '-l', '0'], 78, 'local port: expected 1 to 65535, got 0'],
    [['env', '--auth', 'secret'], 78, '--auth: expected USER:PASS, got no colon'],
    [
      ['env', '--shell', 'csh'],
      64,
      '--shell: expected one of sh, bash, zsh, dash, ksh, fish, powershell, pwsh, cmd, got "csh"',
    ],
  ])('given %j prints nothing a shell would take', async (words, exitCode, message) => {
    const ended = await run(words);
    expect(ended).toMatchObject({ exitCode, stdout: '' });
    expect(ended.stderr).toContain(message);
    expect(ended.stderr).not.toContain('secret');
  });
});
