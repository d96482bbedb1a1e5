import { once } from 'node:events';
import net from 'node:net';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { ConfigError } from '../../shared/errors.js';
import {
  freeAddress,
  pluginVariables,
  type PluginWaits,
  type RunningPlugin,
  startPlugin,
} from '../../shared/net/plugin.js';
import { connect } from '../support/peer.js';
import { relayPlugin, runs } from '../support/plugin.js';

const loopback: Target = { host: '127.0.0.1', port: 0 };
/** Nothing is ever served there. */
const nowhere: Target = { host: '127.0.0.1', port: 9 };

interface Started {
  readonly plugin: RunningPlugin;
  readonly local: Target;
  readonly lines: string[];
  readonly ends: string[];
  /** The process IDs of all its runs, oldest first. */
  readonly pids: () => readonly number[];
}

interface Asked {
  readonly name?: string;
  readonly options?: string;
  readonly remote?: Target;
  readonly waits?: Partial<PluginWaits>;
  readonly lines?: string[];
}

async function start({ name = relayPlugin(), options, remote = nowhere, waits = {}, lines = [] }: Asked) {
  const local = await freeAddress(loopback);
  const ends: string[] = [];
  const plugin = await startPlugin(
    { name, ...(options !== undefined && { options }) },
    { remote, local },
    {
      listensOn: 'local',
      said: (line) => lines.push(line),
      ended: (detail) => ends.push(detail),
      waits: { pausesMs: [10], ...waits },
    },
  );
  onTestFinished(() => plugin.stop());
  return { plugin, local, lines, ends, pids: () => pidsIn(lines) } satisfies Started;
}

function pidsIn(lines: readonly string[]): readonly number[] {
  return lines.flatMap((line) => (line.startsWith('pid ') ? [Number(line.slice(4))] : []));
}

async function nextPid({ pids }: Started, before: number): Promise<number> {
  await vi.waitUntil(() => pids().length > before, { timeout: 10_000 });
  return pids().at(-1) ?? NaN;
}

describe('a plugin', () => {
  it('listens on LOCAL when its start has settled, and passes bytes on to REMOTE', async () => {
    const target = net.createServer((socket) => socket.end('hello'));
    target.listen(0, '127.0.0.1');
    await once(target, 'listening');
    onTestFinished(() => void target.close());
    const { port } = target.address() as net.AddressInfo;
    const { local } = await start({ remote: { host: '127.0.0.1', port } });
    const client = await connect(local.port);
    const received = await client.read(5);
    expect(received.map((byte) => byte ^ 0x5a).toString()).toBe('hello');
  });

  it('is told where it stands, and its options as they were given', async () => {
    const { local, lines } = await start({ options: 'obfs=http;path=/a\\;b c' });
    await vi.waitUntil(() => lines.some((line) => line.startsWith('told ')));
    const told = JSON.parse(lines.find((line) => line.startsWith('told '))?.slice(5) ?? '') as unknown;
    expect(told).toEqual({
      SS_REMOTE_HOST: '127.0.0.1',
      SS_REMOTE_PORT: '9',
      SS_LOCAL_HOST: '127.0.0.1',
      SS_LOCAL_PORT: String(local.port),
      SS_PLUGIN_OPTIONS: 'obfs=http;path=/a\\;b c',
    });
  });

  it('is told neither our secrets nor the options of another plugin', () => {
    const inherited = { PATH: '/bin', HALFLIGHT_KEY: 'k', HALFLIGHT_URI: 'u', SS_PLUGIN_OPTIONS: 'x' };
    const place = { remote: { host: '2001:db8::1', port: 443 }, local: { host: '127.0.0.1', port: 1 } };
    expect(pluginVariables({ name: 'p' }, place, inherited)).toEqual({
      PATH: '/bin',
      SS_REMOTE_HOST: '2001:db8::1',
      SS_REMOTE_PORT: '443',
      SS_LOCAL_HOST: '127.0.0.1',
      SS_LOCAL_PORT: '1',
    });
  });

  it('is gone when its stop has settled, and not started again', async () => {
    const started = await start({});
    const pid = await nextPid(started, 0);
    await started.plugin.stop();
    expect(runs(pid)).toBe(false);
    await started.plugin.stop();
    expect(started.ends).toEqual([]);
    expect(started.pids()).toEqual([pid]);
  });

  it('is killed when SIGTERM does not end it', async () => {
    const started = await start({ options: 'stubborn', waits: { killMs: 200 } });
    const pid = await nextPid(started, 0);
    await started.plugin.stop();
    expect(runs(pid)).toBe(false);
  });

  it('is started again whenever it ends, after longer and longer pauses', async () => {
    const started = await start({ waits: { pausesMs: [10, 20] } });
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      process.kill(await nextPid(started, deaths - 1), 'SIGKILL');
      await vi.waitUntil(() => started.ends.length === deaths);
    }
    const pid = await nextPid(started, 3);
    expect(runs(pid)).toBe(true);
    expect(started.ends.map((detail) => detail.replace(/^plugin \S+: /, ''))).toEqual([
      'expected it to run, got signal SIGKILL; it is started again in 0.01 s',
      'expected it to run, got signal SIGKILL; it is started again in 0.02 s',
      'expected it to run, got signal SIGKILL; it is started again in 0.02 s',
    ]);
  });

  it('may run a dozen times at once, without a warning of Node about listeners', async () => {
    const warned = vi.fn();
    process.on('warning', warned);
    onTestFinished(() => void process.off('warning', warned));
    const before = process.listenerCount('exit');
    const name = relayPlugin();
    await Promise.all(Array.from({ length: 12 }, () => start({ name })));
    expect(process.listenerCount('exit') - before).toBeLessThanOrEqual(1);
    expect(warned).not.toHaveBeenCalled();
  });

  it('begins with the first pause again once it has run for a while', async () => {
    const started = await start({ waits: { pausesMs: [10, 20], steadyMs: 0 } });
    for (let deaths = 1; deaths <= 2; deaths += 1) {
      process.kill(await nextPid(started, deaths - 1), 'SIGKILL');
      await vi.waitUntil(() => started.ends.length === deaths);
    }
    expect(started.ends.every((detail) => detail.endsWith(' 0.01 s'))).toBe(true);
  });

  it('that has just ended is not started again after the stop', async () => {
    const started = await start({ waits: { pausesMs: [50] } });
    process.kill(await nextPid(started, 0), 'SIGKILL');
    await vi.waitUntil(() => started.ends.length === 1);
    await started.plugin.stop();
    // Another one, whose pause begins later, is back: so the first one's is over, too.
    const other = await start({ waits: { pausesMs: [50] } });
    process.kill(await nextPid(other, 0), 'SIGKILL');
    await nextPid(other, 1);
    expect(started.pids()).toHaveLength(1);
  });
});

describe('a plugin that cannot be had', () => {
  it.each([
    [
      'no-such-plugin',
      'plugin no-such-plugin: expected it to listen on 127.0.0.1:',
      'no such program on the PATH',
    ],
    ['/etc/passwd', 'plugin /etc/passwd: expected', 'a program that may not be executed'],
  ])('because it is %s is a mistake of the configuration', async (name, expected, got) => {
    const refused = start({ name });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow(expected);
    await expect(refused).rejects.toThrow(`got ${got}`);
  });

  it('because it ends at once is one too, told with its last words', async () => {
    const refused = start({ options: 'fail' });
    await expect(refused).rejects.toThrow(ConfigError);
    await expect(refused).rejects.toThrow('got exit code 3: the option fail is not known');
  });

  it('because it never listens is one too, and it is gone', async () => {
    const lines: string[] = [];
    const refused = start({ options: 'deaf', waits: { readyMs: 500 }, lines });
    await expect(refused).rejects.toThrow(
      /expected it to listen on 127\.0\.0\.1:\d+, got nothing within 500 ms/,
    );
    for (const pid of pidsIn(lines)) expect(runs(pid)).toBe(false);
  });
});

describe('a free address', () => {
  it('is one that nobody listens on', async () => {
    const taken = net.createServer();
    taken.listen(0, '127.0.0.1');
    await once(taken, 'listening');
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as net.AddressInfo;
    await expect(freeAddress({ host: '127.0.0.1', port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const free = await freeAddress({ host: '', port: 0 });
    expect(free.host).toBe('0.0.0.0');
    expect(free.port).toBeGreaterThan(0);
  });
});
