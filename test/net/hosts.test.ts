import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HostsFile, parseHosts } from '../../shared/net/hosts.js';

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function temporaryHosts(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'halflight-hosts-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  const path = join(directory, 'hosts');
  await writeFile(path, text);
  return path;
}

describe('a hosts file', () => {
  it('is read again when it has changed, five seconds later at most', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const path = await temporaryHosts('192.0.2.1 one\n');
    const hosts = new HostsFile(path);
    expect(await hosts.find('one')).toEqual(['192.0.2.1']);
    await writeFile(path, '192.0.2.2 one\n');
    await utimes(path, 1, 1);
    vi.advanceTimersByTime(4_999);
    expect(await hosts.find('one')).toEqual(['192.0.2.1']);
    vi.advanceTimersByTime(1);
    expect(await hosts.find('one')).toEqual(['192.0.2.2']);
    await rm(path);
    vi.advanceTimersByTime(5_000);
    expect(await hosts.find('one')).toEqual(['192.0.2.2']);
  });

  it('may hold comments, tabs, CRLF, zones and rubbish', () => {
    const text =
      '# 192.0.2.1 no\r\n\t192.0.2.1\tOne two. # three\r\nfe80::1%lo0 four\nfive 192.0.2.5\n192.0.2.6\n192.0.2.7 one one\n';
    expect([...parseHosts(text)]).toEqual([
      ['one', ['192.0.2.1', '192.0.2.7']],
      ['two', ['192.0.2.1']],
    ]);
  });
});
