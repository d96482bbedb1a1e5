import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { askTable } from '../../shared/serve/control/ask.js';
import { cliStarter } from '../support/cli.js';
import { temporaryDirectory } from '../support/directory.js';

const run = cliStarter();

describe('a command that keeps running', () => {
  it('tells this user what it is, and leaves no socket behind', async () => {
    const runtime = temporaryDirectory();
    const up = run(['up', '-l', '0', '--json'], { variables: { XDG_RUNTIME_DIR: runtime } });
    const { listen } = JSON.parse((await up.nextLine()) ?? '') as { readonly listen: string };
    const directory = path.join(runtime, 'halflight');
    const place = path.join(directory, `up-${up.child.pid}.sock`);
    expect([directory, place].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o600]);
    const { process: told, connections } = await askTable(place);
    expect(told).toMatchObject({ pid: up.child.pid, role: 'up', listen: [listen] });
    expect(connections).toEqual([]);
    up.child.kill('SIGTERM');
    expect(await up.ended).toMatchObject({
      exitCode: 0,
      stderr: expect.not.stringContaining('control') as string,
    });
    expect(readdirSync(directory)).toEqual([]);
  });

  it('leaves none behind either when it ends at once', async () => {
    const runtime = temporaryDirectory();
    const up = run(['up', '-l', '0', '--json'], { variables: { XDG_RUNTIME_DIR: runtime } });
    await up.nextLine();
    up.child.kill('SIGINT');
    up.child.kill('SIGTERM');
    await up.ended;
    expect(readdirSync(path.join(runtime, 'halflight'))).toEqual([]);
  });

  it('runs without the socket where that cannot be, and says so', async () => {
    const up = run(['up', '-l', '0', '--json'], { variables: { HOME: '/dev/null' } });
    expect(await up.nextLine()).toContain('"ready"');
    up.child.kill('SIGTERM');
    expect(await up.ended).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining('no control socket: halflight top will not see this process') as string,
    });
    expect(existsSync('/dev/null/.local')).toBe(false);
  });
});
