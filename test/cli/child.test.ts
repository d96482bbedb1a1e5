import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliStarter, type CliOptions, type Ended } from '../support/cli.js';
import { temporaryDirectories } from '../support/config.js';

const start = cliStarter();
const temporary = temporaryDirectories();
const run = (words: readonly string[], options?: CliOptions): Promise<Ended> => start(words, options).ended;

/** A signal is what should end it: it ends by itself as well, lest a failing test leave it behind. */
const waiting = 'i=0; while [ $i -lt 1000 ]; do sleep 0.01; i=$((i+1)); done';

describe('halflight run', () => {
  it('gives its command the variables, its own environment, and every word as it is', async () => {
    const script = 'echo "$http_proxy|$ALL_PROXY|$HOME|$1|$2|$3"';
    const variables = { HALFLIGHT_AUTH: 'ann:a b', http_proxy: 'http://other' };
    const { exitCode, stdout, stderr } = await run(
      ['run', '-l', '1081', '--', 'sh', '-c', script, 'sh', '--help', '--', "it's"],
      { variables },
    );
    const authority = 'ann:a%20b@127.0.0.1:1081';
    expect(stdout).toBe(`http://${authority}|socks5h://${authority}|/nonexistent|--help|--|it's\n`);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  it('takes the flags behind the command for those of the command, with -- or without', async () => {
    expect((await run(['run', 'echo', '-l', '--auth', 'x', '--version'])).stdout).toBe(
      '-l --auth x --version\n',
    );
  });

  it.each([
    ['exit 3', 3],
    ['kill -TERM $$', 143],
    ['kill -KILL $$', 137],
  ])('ends as its command does: %s', async (script, exitCode) => {
    expect(await run(['run', '--', 'sh', '-c', script])).toEqual({ exitCode, stdout: '', stderr: '' });
  });

  it('that cannot find its command ends with 127', async () => {
    expect(await run(['run', '--', 'no-such-command-\u001b[2J'])).toEqual({
      exitCode: 127,
      stdout: '',
      stderr: 'halflight: no-such-command-\\u001b[2J: expected a command that exists, got ENOENT\n',
    });
  });

  it('that cannot execute its command ends with 126', async () => {
    const file = join(await temporary(), 'file');
    await writeFile(file, 'true\n');
    await chmod(file, 0o644);
    expect(await run(['run', '--', file])).toEqual({
      exitCode: 126,
      stdout: '',
      stderr: `halflight: ${file}: expected a command that can be executed, got EACCES\n`,
    });
    expect((await run(['run', '--', ''])).exitCode).toBe(126);
  });

  it('leaves stdin to its command, also when it has passed a signal on', async () => {
    const pause = 'i=0; while [ $i -lt 1000 ] && [ -z "$heard" ]; do sleep 0.01; i=$((i+1)); done';
    const script = `trap 'echo heard; heard=yes' HUP; echo ready; ${pause}; cat`;
    const running = start(['run', '--', 'sh', '-c', script], { input: { open: true } });
    expect(await running.nextLine()).toBe('ready');
    running.child.kill('SIGHUP');
    expect(await running.nextLine()).toBe('heard');
    running.child.stdin.end('for the command\n');
    expect(await running.ended).toMatchObject({ exitCode: 0, stderr: '' });
    expect((await running.ended).stdout).toContain('for the command');
  });

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)('passes %s on and waits', async (signal) => {
    const script = `trap 'echo got; exit 5' ${signal.slice(3)}; echo ready; ${waiting}`;
    const running = start(['run', '--', 'sh', '-c', script]);
    expect(await running.nextLine()).toBe('ready');
    running.child.kill(signal);
    expect(await running.ended).toMatchObject({ exitCode: 5, stdout: 'ready\ngot\n' });
  });

  it('stopped the moment its command begins leaves no command behind', async () => {
    const script = `trap 'echo got; exit 5' TERM; kill -TERM $PPID; ${waiting}`;
    const all = await Promise.all(Array.from({ length: 4 }, () => run(['run', '--', 'sh', '-c', script])));
    for (const ended of all) expect(ended).toEqual({ exitCode: 5, stdout: 'got\n', stderr: '' });
  });

  it('without a command is a mistake', async () => {
    const { exitCode, stderr } = await run(['run']);
    expect(exitCode).toBe(64);
    expect(stderr).toBe("halflight: missing required argument 'command'; see halflight run --help\n");
  });
});
