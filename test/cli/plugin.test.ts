import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { canaryKey } from '../support/config.js';
import { cliStarter, type Running } from '../support/cli.js';
import { relayPlugin, runs } from '../support/plugin.js';

const start = cliStarter();
const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@127.0.0.1:9`;
const variables = { HALFLIGHT_KEY: canaryKey };
const chatty = ['--json', '--log-level', 'debug', '-l', '127.0.0.1:0'];

/** The words of each half that run `plugin`. */
const halves = {
  remote: (plugin: string) => ['remote', '--plugin', plugin, ...chatty],
  local: (plugin: string) => ['local', uri, '--plugin', plugin, ...chatty],
} as const;
const names = ['remote', 'local'] as const;

/** The process ID of the plugin, once it has said it. */
async function pluginOf(half: Running): Promise<number> {
  for (let line = await half.nextLine(); line !== undefined; line = await half.nextLine()) {
    const pid = /"line":"pid (\d+)"/.exec(line)?.[1];
    if (pid !== undefined) return remember(Number(pid));
  }
  throw new Error(`plugin: expected its process ID, got ${(await half.ended).stderr}`);
}

function remember(pid: number): number {
  onTestFinished(() => {
    if (runs(pid)) process.kill(pid, 'SIGKILL');
  });
  return pid;
}

describe.each(names)('halflight %s --plugin', (half) => {
  const server = half === 'remote' ? ';server' : '';

  it('ends with 78 when there is no such program', async () => {
    const { exitCode, stderr } = await start(halves[half]('no-such-plugin'), { variables }).ended;
    expect(exitCode).toBe(78);
    expect(stderr).toMatch(
      /^halflight: plugin no-such-plugin: expected it to listen on 127\.0\.0\.1:\d+, got no such program on the PATH$/m,
    );
  });

  it('ends with 78 and the last words of one that does not take its options', async () => {
    const plugin = `${relayPlugin()};fail`;
    const { exitCode, stderr } = await start(halves[half](plugin), { variables }).ended;
    expect(exitCode).toBe(78);
    expect(stderr).toContain('got exit code 3: the option fail is not known');
  });

  it('ends with 78 when no program is named', async () => {
    const { exitCode, stderr } = await start(halves[half](';obfs=http'), { variables }).ended;
    expect(exitCode).toBe(78);
    expect(stderr).toContain('halflight: --plugin: expected NAME or NAME;OPTIONS, got no name');
  });

  it('takes the plugin along when it is asked to end', async () => {
    const running = start(halves[half](`${relayPlugin()}${server}`), { variables });
    const pid = await pluginOf(running);
    running.child.kill('SIGTERM');
    expect((await running.ended).exitCode).toBe(0);
    expect(runs(pid)).toBe(false);
  });

  it('takes a plugin that does not mind SIGTERM along, even when it ends at once', async () => {
    const running = start(halves[half](`${relayPlugin()}${server};stubborn`), { variables });
    const pid = await pluginOf(running);
    running.child.kill('SIGTERM');
    running.child.kill('SIGINT');
    expect((await running.ended).exitCode).toBe(0);
    await vi.waitUntil(() => !runs(pid), { timeout: 10_000 });
  });

  it('has its secrets for itself', async () => {
    const running = start(halves[half](`${relayPlugin()}${server}`), { variables });
    await pluginOf(running);
    running.child.kill('SIGTERM');
    const { stderr } = await running.ended;
    expect(stderr).toContain('SS_REMOTE_PORT');
    expect(stderr).not.toContain(canaryKey);
  });
});

it('up has no plugin: both its halves are here', async () => {
  const { exitCode, stderr } = await start(['up', '--plugin', 'x']).ended;
  expect(exitCode).toBe(64);
  expect(stderr).toContain('--plugin');
});
