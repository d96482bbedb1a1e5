import { describe, expect, it } from 'vitest';
import { echoed, startAmong, nameServer } from '../support/servers.js';
import { startEcho } from '../support/targets.js';

describe.each(['raw', 'shadowsocks'] as const)('several servers on the %s wire', (wire) => {
  it('serve every request that begins, though the active one is killed under them', async () => {
    const [echo, probeTarget] = [await startEcho(), await nameServer()];
    const tunnel = await startAmong(3, { uri: { wire }, local: { probeTarget } });
    const { remotes, local } = tunnel;
    const times: number[] = [];
    for (let turn = 0; turn < 60; turn += 1) {
      if (turn === 20) await remotes[0]?.service.stop(0);
      if (turn === 40) await remotes[1]?.service.stop(0);
      const startedAt = performance.now();
      await echoed(tunnel, echo, `request ${turn}`);
      times.push(performance.now() - startedAt);
    }
    const ms = (turn: number): string => `${(times[turn] ?? 0).toFixed(1)} ms`;
    console.log(
      `${wire}: after the first loss ${ms(20)}, after the second ${ms(40)}, longest ${Math.max(...times).toFixed(1)} ms`,
    );
    expect(local.seen('through').map(({ server }) => server)).toEqual([
      ...Array<string>(20).fill('tokyo'),
      ...Array<string>(20).fill('osaka'),
      ...Array<string>(20).fill('kyoto'),
    ]);
    expect(local.seen('remote-lost').map(({ server }) => server)).toEqual(['tokyo', 'osaka']);
    expect(local.seen('servers-changed').map(({ from, to }) => [from, to])).toEqual([
      [['tokyo'], ['osaka']],
      [['osaka'], ['kyoto']],
    ]);
    expect(local.seen('refused')).toEqual([]);
    const names = local.seen('carrier').map(({ server }) => server);
    expect([...new Set(names)]).toEqual(wire === 'raw' ? ['tokyo', 'osaka', 'kyoto'] : []);
  });

  it('lose at most the requests that are under way, however many there are', async () => {
    const [echo, probeTarget] = [await startEcho(), await nameServer()];
    const tunnel = await startAmong(2, { uri: { wire }, local: { probeTarget } });
    const [tokyo] = tunnel.remotes;
    let begun = 0;
    const works = async (): Promise<number> => {
      let failures = 0;
      for (let turn = 0; turn < 20; turn += 1) {
        begun += 1;
        if (begun === 100) void tokyo?.service.stop(0);
        await echoed(tunnel, echo, `request ${begun}`).catch(() => {
          failures += 1;
        });
      }
      return failures;
    };
    const failures = await Promise.all(Array.from({ length: 16 }, works));
    console.log(
      `${wire}: of 320 requests, 16 at a time, ${failures.reduce((sum, each) => sum + each)} were under way`,
    );
    // Who loses one tries again, and meets the other server.
    expect(Math.max(...failures)).toBeLessThanOrEqual(1);
    expect(tunnel.local.seen('through').at(-1)?.server).toBe('osaka');
  });
});
