import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { understand } from '../../shared/config/file-open.js';
import { parseJsonFile } from '../../shared/config/file-text.js';
import { readManagedFlags, readRemoteFlags } from '../../shared/config/flags.js';
import { tell } from '../../shared/config/layers.js';
import { readLocalFlags } from '../../shared/config/local-flags.js';
import { readWorkers } from '../../shared/config/workers.js';
import { canaryKey, countingEnvironment } from '../support/config.js';

const uri = `halflight://2022-blake3-aes-256-gcm:${encodeURIComponent(canaryKey)}@127.0.0.1:1`;

function inFile(text: string): { readonly workers?: string } {
  const file = parseJsonFile('/x.json', Buffer.from(text));
  return understand({ file, mode: 0o600 }, 'remote', {}).settings;
}

describe('the number of workers', () => {
  it('is one when nothing is said, what is said, or that of the cores', () => {
    expect([undefined, '1', '2', '256', 'auto'].map(readWorkers)).toEqual([
      1,
      1,
      2,
      256,
      Math.min(256, availableParallelism()),
    ]);
  });

  it.each(['', '0', '-1', '257', '1000', '1.5', '2 ', 'Auto', 'all', '0x2'])('is never %j', (text) => {
    expect(() => readWorkers(text)).toThrow(
      `workers: expected auto or a number from 1 to 256, got ${JSON.stringify(text)}`,
    );
  });

  it('is a number or a text in a config file, and shown as it was said', () => {
    expect(inFile('{workers: 2}')).toEqual({ workers: '2' });
    expect(inFile('{workers: "auto"}')).toEqual({ workers: 'auto' });
    expect(() => inFile('{workers: 1.5}')).toThrow(
      '/x.json:1:11 workers: expected auto or a number from 1 to 256, got "1.5"',
    );
    expect(() => inFile('{workers: true}')).toThrow('workers: expected a number or a string, got true');
    const told = tell({ role: 'local', typed: { workers: 'auto' }, variables: {}, file: undefined });
    expect(told).toContainEqual({ name: 'workers', value: 'auto', from: '--workers' });
  });

  it('reaches both halves, and is not said of a half that is one process', async () => {
    const flags = { key: canaryKey, workers: '3' };
    expect((await readRemoteFlags(flags, {}, countingEnvironment())).workers).toBe(3);
    expect((await readRemoteFlags({ key: canaryKey }, {}, countingEnvironment())).workers).toBe(1);
    expect((await readLocalFlags(uri, { workers: '3' }, {})).workers).toBe(3);
    expect(await readLocalFlags(uri, { workers: '1' }, {})).not.toHaveProperty('workers');
  });

  it('is one beside a panel that opens ports, with a port of its own or without', async () => {
    const flags = { managerAddress: '127.0.0.1:6001', workers: '2' };
    const words =
      '--workers: expected 1 with --manager-address, got 2: start a remote for the panel and another one with workers';
    await expect(readManagedFlags(flags, {})).rejects.toThrow(words);
    const own = readRemoteFlags({ ...flags, key: canaryKey }, {}, countingEnvironment());
    await expect(own).rejects.toThrow(words);
    expect(await readManagedFlags({ ...flags, workers: '1' }, {})).toBeDefined();
  });
});
