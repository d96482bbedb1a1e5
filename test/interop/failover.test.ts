import { expect, it } from 'vitest';
import { formatTarget } from '../../shared/codec/address.js';
import { nameServer } from '../support/servers.js';
import { content, digest } from './content.js';
import { curl } from './curl.js';
import { type RemoteHalf, startLocal, startRemote } from './halves.js';
import { startTarget } from './target.js';

const requests = 200;

it.each(['halflight', 'ss'])(
  'no request fails when the remote in use is killed, %s://',
  async (scheme) => {
    const target = await startTarget();
    const remotes = await Promise.all(Array.from({ length: 3 }, () => startRemote(['--allow-private'])));
    const uris = remotes.map(({ uri }) => uri.replace(/^halflight:/, `${scheme}:`).replace(/#.*$/, ''));
    const flags = ['--probe-target', formatTarget(await nameServer())];
    const local = await startLocal(uris, { flags });
    const expected = { exitCode: 0, complaint: '', answer: await digest(content(1000, 1)) };
    const kills = new Map<number, RemoteHalf | undefined>([
      [60, remotes[0]],
      [130, remotes[1]],
    ]);
    const times: number[] = [];
    for (let turn = 0; turn < requests; turn += 1) {
      await kills.get(turn)?.kill();
      const startedAt = performance.now();
      const outcome = await curl(local.listen, [`http://127.0.0.1:${target.port}/1000/1`]);
      times.push(performance.now() - startedAt);
      expect([turn, outcome]).toEqual([turn, expected]);
    }
    const ms = (time = 0): string => `${time.toFixed(0)} ms`;
    const median = times.toSorted((one, other) => one - other)[requests / 2];
    console.log(
      `${scheme}://: ${requests} requests, median ${ms(median)}, longest ${ms(Math.max(...times))}, ` +
        `after the losses ${ms(times[60])} and ${ms(times[130])}`,
    );
  },
  120_000,
);
