import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { content, digest } from './content.js';
import { curl } from './curl.js';
import { startManaged } from './halves.js';
import { type Agreement, startSsLocal } from './libev.js';
import { freePort } from './listening.js';
import { type ManagerPlace, panelHears } from './panel.js';
import { startPeer } from './programs.js';
import { startTarget } from './target.js';

/** Where a remote of ours hears its manager. */
const places: Readonly<Record<string, () => Promise<ManagerPlace>>> = {
  'over UDP': async () => ['127.0.0.1', await freePort()],
  'at a unix socket': () => Promise.resolve(join(temporaryDirectory(), 'manager.sock')),
};

/** Starts shadowsocks-libev's own manager there. */
async function startSsManager(place: ManagerPlace): Promise<void> {
  const address = typeof place === 'string' ? place : place.join(':');
  const words = [
    '--manager-address',
    address,
    '-m',
    'aes-256-gcm',
    '-s',
    '127.0.0.1',
    '-D',
    temporaryDirectory(),
  ];
  const program = await startPeer('ss-manager', [...words, '--executable', '/usr/bin/ss-server']);
  program.output.resume();
  for (let tries = 0; tries < 50; tries++) {
    const heard = await panelHears(place, ['ping']).catch(() => undefined);
    if (heard !== undefined) return;
    await sleep(100);
  }
  throw new Error(`ss-manager: expected an answer, got none: ${program.complaints()}`);
}

describe.each(Object.entries(places))('a remote with a manager %s', (_name, somewhere) => {
  it('lets a panel open a port for ss-local, and give it another password', async () => {
    const place = await somewhere();
    await startManaged(place, ['--allow-private']);
    const port = await freePort();
    const target = await startTarget();
    const url = `http://127.0.0.1:${target.port}/1000000/1`;
    for (const password of ['short', 'another one']) {
      const agreement: Agreement = { method: 'chacha20-ietf-poly1305', password };
      const add = `add: ${JSON.stringify({ server_port: port, password })}`;
      expect(await panelHears(place, [add])).toEqual([['ok']]);
      const outcome = await curl(await startSsLocal(String(port), agreement), [url]);
      expect(outcome).toEqual({ exitCode: 0, complaint: '', answer: await digest(content(1_000_000, 1)) });
    }
    const [[stat = ''] = []] = await panelHears(place, ['ping']);
    const carried = (JSON.parse(stat.replace('stat: ', '')) as Record<string, number>)[String(port)];
    expect(carried).toBeGreaterThan(1_000_000);
    expect(carried).toBeLessThan(1_010_000);
    expect(await panelHears(place, [`remove: {"server_port":${port}}`, 'ping'])).toEqual([
      ['ok'],
      ['stat: {}'],
    ]);
    const agreement: Agreement = { method: 'chacha20-ietf-poly1305', password: 'another one' };
    expect((await curl(await startSsLocal(String(port), agreement), [url])).exitCode).not.toBe(0);
  });

  it('answers a panel as the manager of shadowsocks-libev does', async () => {
    const [one, other] = [await freePort(), await freePort()];
    const messages = [
      'ping',
      'list',
      `add: {"server_port":${one},"password":"a \\"b\\" c"}`,
      `add: {"server_port":${one},"password":"first","method":"aes-256-gcm","fast_open":true}\n`,
      'list\0',
      `add: {"server_port":"${other}","password":"second","mode":"tcp_only"}\0`,
      `remove: {"server_port":"${one}"}`,
      ['stat: {"1":2}\0', 0],
      ['hello', 0],
      ['', 0],
      [' '.repeat(33_000), 0],
      ' list',
      'ping:',
      'add: {"server_port":1}',
      'add: {"password":"x"}',
      `add: {"server_port":${one},"password":""}`,
      'add',
      'remove: {}',
      `remove: {"server_port":${one}}`,
      `remove: {"server_port":${other}}`,
      'ping',
    ] as const;
    const [ours, theirs] = [await somewhere(), await somewhere()];
    await startManaged(ours, ['--method', 'aes-256-gcm', '--no-udp']);
    const said = await panelHears(ours, messages);
    await startSsManager(theirs);
    expect(said).toEqual(await panelHears(theirs, messages));
    expect(said).toContainEqual([
      `[\n\t{"server_port":"${one}","password":"first","method":"aes-256-gcm"}\n]`,
    ]);
  });

  it('lists five hundred ports in several datagrams', async () => {
    const place = await somewhere();
    await startManaged(place, ['--no-udp']);
    const ports: number[] = [];
    while (ports.length < 500) ports.push(await freePort());
    const wanted = [...new Set(ports)];
    const password = 'p'.repeat(100);
    const adds = wanted.map((port) => `add: {"server_port":${port},"password":"${password}"}`);
    const answers = (await panelHears(place, adds)).flat();
    const opened = answers.filter((answer) => answer === 'ok').length;
    expect(opened).toBeGreaterThan(400);
    const [parts = []] = await panelHears(place, [['list', Math.ceil((opened * 170) / 32_767)]]);
    expect(JSON.parse(parts.join(''))).toHaveLength(opened);
  });
});
