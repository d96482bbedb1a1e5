import { existsSync, readdirSync, readFileSync, watch } from 'node:fs';
import type net from 'node:net';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliStarter } from '../../support/cli.js';
import { temporaryDirectory } from '../../support/directory.js';
import { echoClient } from '../../support/echo-client.js';
import type { Peer } from '../../support/peer.js';
import { startEcho, type TestTarget } from '../../support/targets.js';
import { hasScript, inTerminal } from '../../support/terminal.js';

const run = cliStarter();

interface Halves {
  readonly runtime: string;
  readonly target: TestTarget;
  /** A client that has reached the target, and has heard from it. */
  readonly client: () => Promise<Peer>;
}

/** Both halves in a process of their own, with an echo behind them. */
async function startHalves(): Promise<Halves> {
  const runtime = temporaryDirectory();
  const up = run(['up', '-l', '0', '--json'], { variables: { XDG_RUNTIME_DIR: runtime } });
  const ready = JSON.parse((await up.nextLine()) ?? '') as { readonly listen: string };
  const port = Number(new URL(`tcp://${ready.listen}`).port);
  const target = await startEcho();
  return {
    runtime,
    target,
    client: () => echoClient(port, target),
  };
}

describe.runIf(hasScript)('halflight top in a terminal', () => {
  it('shows connections as they come, and ends one of them and no other', async () => {
    const { runtime, target, client } = await startHalves();
    const variables = { XDG_RUNTIME_DIR: runtime };
    const top = await inTerminal(['top', '--sort', 'id'], { columns: 80, rows: 24, variables });
    const empty = await top.shows('0 connections of 1 process');
    expect(empty).toHaveLength(24);

    const [first, second] = [await client(), await client()];
    const both = await top.shows('2 connections of 1 process');
    expect(both.filter((line) => line.includes(`127.0.0.1:${target.port}`))).toHaveLength(2);
    expect(both.filter((line) => / loc /.test(line) && / open /.test(line))).toHaveLength(2);

    // The one below the first.
    top.type('\u001b[B');
    top.type('\u001b[B');
    top.type('x');
    await top.shows(/^end connection \d+\? y\/n +127\.0\.0\.1:\d+ to 127\.0\.0\.1:\d+$/);
    top.type('y');
    await top.shows('ended connection');
    await second.ended();
    await top.shows('1 connection of 1 process');
    void first.send('still here');
    expect((await first.read(10)).toString()).toBe('still here');

    top.type('q');
    const { exitCode, written } = await top.ended;
    expect(exitCode).toBe(0);
    expect(written.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });

  it('draws anew when the terminal has another size', async () => {
    const { runtime } = await startHalves();
    const top = await inTerminal(['top'], { columns: 80, rows: 24, variables: { XDG_RUNTIME_DIR: runtime } });
    await top.shows('0 connections');
    top.resize(40, 8);
    // The two numbers of a size come one after the other.
    await top.shows(/…$/, 8);
    top.type('?');
    await top.shows('arrows', 8);
    top.type('\u0003');
    expect(await top.ended).toMatchObject({ exitCode: 0 });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('gives the screen back at %s', async (signal) => {
    const variables = { XDG_RUNTIME_DIR: temporaryDirectory(), HOME: temporaryDirectory() };
    const top = await inTerminal(['top'], { columns: 80, rows: 24, variables });
    await top.shows('no halflight of this user runs');
    process.kill(top.pid, signal);
    const { exitCode, written } = await top.ended;
    expect(exitCode).toBe(0);
    expect(written.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
  });
});

describe.runIf(hasScript)('the terminal of halflight top', () => {
  const size = { columns: 80, rows: 24 };
  const nobody = (): Record<string, string> => ({
    XDG_RUNTIME_DIR: temporaryDirectory(),
    HOME: temporaryDirectory(),
  });

  it('is taken again when somebody else has used it meanwhile', async () => {
    const top = await inTerminal(['top'], { ...size, variables: nobody() });
    await top.shows('no halflight of this user runs');
    expect(top.stty('-a')).toContain('-icanon');
    top.stty('sane');
    process.kill(top.pid, 'SIGCONT');
    await top.wrote(/\u001b\[\?1049h.*\u001b\[\?1049h/s);
    expect(top.stty('-a')).toContain('-icanon');
    top.type('q');
    expect(await top.ended).toMatchObject({ exitCode: 0 });
  });

  it('may hang up, and nothing crashes', async () => {
    const directory = temporaryDirectory();
    const codeFile = path.join(directory, 'code');
    const top = await inTerminal(['top'], { ...size, variables: nobody(), codeFile });
    await top.shows('no halflight of this user runs');
    const code = new Promise<string>((resolve) => {
      const watcher = watch(directory, () => {
        const text = existsSync(codeFile) ? readFileSync(codeFile, 'utf8') : '';
        if (text === '') return;
        watcher.close();
        resolve(text);
      });
    });
    top.hangUp();
    expect(['0\n', '137\n']).toContain(await code);
  });
});

describe('halflight top without a terminal', () => {
  it('prints one table', async () => {
    const { runtime, target, client } = await startHalves();
    const variables = { XDG_RUNTIME_DIR: runtime };
    const peer = await client();
    const { exitCode, stdout, stderr } = await run(['top'], { variables }).ended;
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [which, , titles, row] = stdout.split('\n');
    expect(which).toMatch(/^up \d+ on 127\.0\.0\.1:\d+, for less than a minute$/);
    expect(titles).toMatch(/ID ROLE +PORT +CLIENT +TARGET +STATE/);
    const { port } = peer.socket.address() as net.AddressInfo;
    expect(row).toMatch(
      new RegExp(`local +\\d+ +127\\.0\\.0\\.1:${port} +127\\.0\\.0\\.1:${target.port} +open`),
    );
    const filtered = await run(['top', '--once', '--filter', 'nothing has this'], { variables }).ended;
    expect(filtered.stdout.split('\n')).toHaveLength(4);
  });

  it('tells programs the same', async () => {
    const { runtime, target, client } = await startHalves();
    await client();
    const { stdout } = await run(['top', '--json'], { variables: { XDG_RUNTIME_DIR: runtime } }).ended;
    const told = JSON.parse(stdout) as unknown;
    expect(told).toMatchObject({
      processes: [{ role: 'up' }],
      connections: [{ role: 'local', state: 'open', target: { host: '127.0.0.1', port: target.port } }],
    });
  });

  it('takes away what a process has left behind, and asks those that live', async () => {
    const { runtime } = await startHalves();
    const variables = { XDG_RUNTIME_DIR: runtime };
    const killed = run(['up', '-l', '0', '--json'], { variables });
    await killed.nextLine();
    const directory = path.join(runtime, 'halflight');
    expect(readdirSync(directory)).toHaveLength(2);
    killed.child.kill('SIGKILL');
    await killed.ended;
    const { stdout, stderr } = await run(['top', '--json'], { variables }).ended;
    expect((JSON.parse(stdout) as { readonly processes: unknown }).processes).toHaveLength(1);
    expect(stderr).toBe('');
    expect(readdirSync(directory)).toHaveLength(1);
  });

  it('says so when nobody is there, or not where it was sent', async () => {
    const variables = { HOME: temporaryDirectory() };
    expect(await run(['top'], { variables }).ended).toEqual({
      exitCode: 0,
      stdout: 'no halflight of this user runs, or none has a control socket\n',
      stderr: '',
    });
    const gone = await run(['top', '--control', '/nonexistent/c.sock'], { variables }).ended;
    expect(gone.exitCode).toBe(69);
    expect(gone.stderr).toContain('ENOENT');
    expect(await run(['top', '--sort', 'size'], { variables }).ended).toMatchObject({
      exitCode: 64,
      stderr:
        'halflight: --sort: expected one of rate, up, down, age, id, role, port, client, target, state, got "size"\n',
    });
  });
});
