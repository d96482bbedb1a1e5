import { describe, expect, it } from 'vitest';
import { curl } from './curl.js';
import { startLocal, startRemote } from './halves.js';
import { freePort } from './libev.js';
import { startTarget } from './target.js';

/** curl's exit code when the proxy answered with anything but success; its complaint then ends with the REP. */
const proxyRefused = 97;

async function startTunnel(flags: readonly string[]): Promise<string> {
  const { uri } = await startRemote(flags);
  return (await startLocal(uri)).listen;
}

describe('what curl says of a target that cannot be had', () => {
  it('connection refused (REP 05) when nobody listens there', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    const { exitCode, complaint } = await curl(await startTunnel(['--allow-private']), [url]);
    expect(exitCode).toBe(proxyRefused);
    expect(complaint).toMatch(/ \(5\)$/);
  });

  it('host unreachable (REP 04) when its name does not exist', async () => {
    const { exitCode, complaint } = await curl(await startTunnel([]), ['http://nobody.invalid/']);
    expect(exitCode).toBe(proxyRefused);
    expect(complaint).toMatch(/ \(4\)$/);
  });

  it.each(['127.0.0.1', 'localhost'])('not allowed (REP 02) for the private target %s', async (host) => {
    const target = await startTarget();
    const outcome = await curl(await startTunnel([]), [`http://${host}:${target.port}/1000/1`]);
    expect(outcome.exitCode).toBe(proxyRefused);
    expect(outcome.complaint).toMatch(/ \(2\)$/);
    expect(target.connections()).toBe(0);
  });
});
