import { describe, expect, it } from 'vitest';
import { curl } from './curl.js';
import { startLocal, startRemote, tunnels } from './halves.js';
import { freePort } from './listening.js';
import { startTarget } from './target.js';

/** curl's exit code when the proxy answered with anything but success; its complaint then ends with the REP. */
const proxyRefused = 97;

describe.each(Object.entries(tunnels))('what curl says through %s', (_name, startTunnel) => {
  it('connection refused (REP 05) when nobody listens there', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    const { exitCode, complaint } = await curl(await startTunnel(), [url]);
    expect(exitCode).toBe(proxyRefused);
    expect(complaint).toMatch(/ \(5\)$/);
  });

  it('host unreachable (REP 04) when the name does not exist', async () => {
    const { exitCode, complaint } = await curl(await startTunnel(), ['http://nobody.invalid/']);
    expect(exitCode).toBe(proxyRefused);
    expect(complaint).toMatch(/ \(4\)$/);
  });
});

it.each(['127.0.0.1', 'localhost'])(
  'a remote that was not told to allow private targets refuses %s (REP 02), and nobody knocks there',
  async (host) => {
    const target = await startTarget();
    const { uri } = await startRemote([]);
    const { listen } = await startLocal(uri);
    const { exitCode, complaint } = await curl(listen, [`http://${host}:${target.port}/1000/1`]);
    expect(exitCode).toBe(proxyRefused);
    expect(complaint).toMatch(/ \(2\)$/);
    expect(target.peers()).toEqual([]);
  },
);
