import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { content, digest } from './content.js';
import { curlStraight } from './curl.js';
import { dig, known, startDnsmasq } from './dnsmasq.js';
import { startLocal, startRemote } from './halves.js';
import { freePort } from './listening.js';
import { startTarget } from './target.js';

/** A local with these forwards in its config file. */
async function startLocalWith(uri: string, forwards: object): Promise<void> {
  const file = path.join(temporaryDirectory(), 'local.json');
  await writeFile(file, JSON.stringify({ forwards }), { mode: 0o600 });
  await startLocal(uri, { flags: ['-c', file] });
}

describe.each(['halflight:', 'ss:'])('the forwards of a local, over %s', (scheme) => {
  it('lead through its remote, and straight where they say so, streams and datagrams', async () => {
    const remote = await startRemote(['--allow-private', '--log-level', 'debug']);
    const uri = remote.uri.replace(/^halflight:/, scheme);
    const [through, straight, names] = [await freePort(), await freePort(), await freePort()];
    const target = await startTarget();
    const server = await startDnsmasq();
    await startLocalWith(uri, {
      [`127.0.0.1:${through}`]: target.authority,
      [`[::1]:${straight}`]: { to: target.authority, via: 'direct' },
      [`${names}/udp`]: server,
    });
    const came = { exitCode: 0, complaint: '', answer: await digest(content(100_000, 1)) };

    expect(await curlStraight([`http://127.0.0.1:${through}/100000/1`])).toEqual(came);
    await expect.poll(() => remote.dialled()).toEqual(target.peers());

    expect(await curlStraight([`http://[::1]:${straight}/100000/1`])).toEqual(came);
    expect(target.peers()).toHaveLength(2);
    expect(remote.dialled()).toHaveLength(1);

    expect(await dig(`127.0.0.1:${names}`, known.name)).toEqual([known.address]);
  });
});
