import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { content, digest, type Receipt } from './content.js';
import { curl } from './curl.js';
import { tunnels } from './halves.js';
import { startTarget } from './target.js';

const GiB = 2 ** 30;

describe.each(Object.entries(tunnels))('curl through %s', (_name, startTunnel) => {
  it.each([
    ['an IPv4 address', '127.0.0.1', '127.0.0.1'],
    ['an IPv6 address', '::1', '[::1]'],
    ['a name, which only the remote resolves', '127.0.0.1', 'localhost'],
  ])('gets an answer from %s', async (_kind, host, authority) => {
    const target = await startTarget({ host });
    const outcome = await curl(await startTunnel(), [`http://${authority}:${target.port}/1000/1`]);
    expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(1000, 1)) });
  });

  it('downloads 1 GiB as it was sent', async () => {
    const target = await startTarget();
    const outcome = await curl(await startTunnel(), [`http://127.0.0.1:${target.port}/${GiB}/1`]);
    expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(GiB, 1)) });
  });

  it('uploads 1 GiB as it was given', async () => {
    const target = await startTarget();
    const words = ['--upload-file', '-', `http://127.0.0.1:${target.port}/`];
    const { exitCode, complaint } = await curl(await startTunnel(), words, content(GiB, 1));
    expect({ exitCode, complaint }).toEqual({ exitCode: 0, complaint: '' });
    expect(target.uploads).toEqual([await digest(content(GiB, 1))]);
  });

  it('keeps 200 downloads at the same time apart', async () => {
    const count = 200;
    const length = 300_000;
    const target = await startTarget({ together: count });
    const directory = await mkdtemp(join(tmpdir(), 'halflight-interop-'));
    onTestFinished(() => rm(directory, { recursive: true }));

    const { exitCode, complaint } = await curl(await startTunnel(), [
      ...['--parallel', '--parallel-immediate', '--parallel-max', `${count}`],
      ...['--output', join(directory, '#1'), `http://127.0.0.1:${target.port}/${length}/[1-${count}]`],
    ]);

    expect({ exitCode, complaint }).toEqual({ exitCode: 0, complaint: '' });
    for (let seed = 1; seed <= count; seed++) {
      expect(await digestFile(join(directory, `${seed}`))).toEqual(await digest(content(length, seed)));
    }
  });
});

async function digestFile(path: string): Promise<Receipt> {
  const file = await open(path);
  return digest(file.createReadStream() as AsyncIterable<Uint8Array>);
}
