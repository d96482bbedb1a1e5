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
  });
});
