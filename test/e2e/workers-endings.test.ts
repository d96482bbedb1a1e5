import { describe, expect, it, vi } from 'vitest';
import { cliStarter, type Running } from '../support/cli.js';
import { runs } from '../support/plugin.js';
import { childrenOf, crewStarter } from '../support/workers.js';

const start = crewStarter();
const run = cliStarter();
const waits = { interval: 10, timeout: 10_000 } as const;

const words = {
  remote: ['remote', '--allow-private', '-l', '127.0.0.1:0'],
  local: ['local', 'ss://aes-256-gcm:a-good-password-of-ours@127.0.0.1:9', '-l', '127.0.0.1:0'],
} as const;
const halves = ['remote', 'local'] as const;

describe.each(halves)('the workers of a %s', (half) => {
  it('are as many as it says at the start, and one that ends is named, like the one after it', async () => {
    const crew = await start(words[half]);
    expect(crew.seen('ready')).toMatchObject([{ workers: 2 }]);
    const before = crew.workers();
    const [victim = 0] = before;
    process.kill(victim, 'SIGKILL');
    await vi.waitUntil(() => crew.workers().length === 2 && !crew.workers().includes(victim), waits);
    const next = crew.workers().find((pid) => !before.includes(pid));
    await vi.waitUntil(() => crew.running.written().stderr.includes('another worker has begun'), waits);
    crew.running.child.kill('SIGTERM');
    const { stderr } = await crew.running.ended;
    expect(stderr).toMatch(/ several processes work as one +workers=2\n/);
    expect(stderr).toMatch(new RegExp(` another one begins at once +worker=1 pid=${victim}\\n`));
    expect(stderr).toMatch(new RegExp(` another worker has begun +worker=3 pid=${next}\\n`));
  });

  it('end at a second signal, one that does not run as well', async () => {
    const crew = await start(words[half]);
    const all = crew.workers();
    const [stopped = 0] = all;
    process.kill(stopped, 'SIGSTOP');
    crew.running.child.kill('SIGTERM');
    await vi.waitUntil(() => crew.running.written().stderr.includes(' stopping'), waits);
    crew.running.child.kill('SIGTERM');
    expect((await crew.running.ended).exitCode).toBe(0);
    await vi.waitUntil(() => !all.some(runs), waits);
  });

  it('that only begin in place of another end with it as well', { timeout: 60_000 }, async () => {
    const crew = await start(words[half]);
    const before = crew.workers();
    process.kill(before[0] ?? 0, 'SIGKILL');
    const begun = (): readonly number[] => crew.workers().filter((pid) => !before.includes(pid));
    await vi.waitUntil(() => begun().length === 1, { interval: 1, timeout: 10_000 });
    const [beginner = 0] = begun();
    crew.running.child.kill('SIGTERM');
    // Within the time that a worker has to finish: one that was not told takes all of it, and 2 s more.
    await vi.waitUntil(() => crew.running.child.exitCode !== null, waits);
    const { exitCode, stderr } = await crew.running.ended;
    expect([exitCode, stderr.match(/^(?!\d{4}-).*/gm)]).toEqual([0, ['']]);
    await vi.waitUntil(() => !runs(beginner), waits);
  });

  it('that only begin end with it, without a word', async () => {
    const running = beginning(half);
    const pid = running.child.pid ?? 0;
    await vi.waitUntil(() => childrenOf(pid).length === 2, { interval: 1, timeout: 10_000 });
    const workers = childrenOf(pid);
    running.child.kill('SIGTERM');
    const { exitCode, stdout, stderr } = await running.ended;
    expect([exitCode, stdout]).toEqual([0, '{"event":"stopped"}\n']);
    expect(stderr.replaceAll(/^\S+ info stopping.*\n/gm, '')).toBe('');
    await vi.waitUntil(() => !workers.some(runs), waits);
  });

  it('may hear of a signal to all before it does while they begin, and no fault is made of that', async () => {
    const running = beginning(half);
    const pid = running.child.pid ?? 0;
    await vi.waitUntil(() => childrenOf(pid).length === 2, { interval: 1, timeout: 10_000 });
    const workers = childrenOf(pid);
    for (const worker of workers) process.kill(worker, 'SIGHUP');
    await vi.waitUntil(() => !workers.some(runs), { interval: 1, timeout: 10_000 });
    running.child.kill('SIGHUP');
    const { exitCode, stderr } = await running.ended;
    expect([exitCode, stderr.match(/^(?!\d{4}-).*/gm)]).toEqual([0, ['']]);
  });
});

function beginning(half: (typeof halves)[number]): Running {
  return run([...words[half], '--json', '--workers', '2'], {
    variables: { HALFLIGHT_KEY: Buffer.alloc(32, 7).toString('base64') },
  });
}
