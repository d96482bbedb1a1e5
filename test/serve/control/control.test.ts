import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askCut, askTable } from '../../../shared/serve/control/ask.js';
import { openConnection, runningControl, tableOf } from '../../support/control.js';
import { temporaryDirectory } from '../../support/directory.js';

/** Somebody who is connected to the socket. */
async function visitor(path: string): Promise<net.Socket> {
  const socket = net.connect({ path });
  socket.on('error', () => undefined);
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, 'connect');
  return socket;
}

/** All that comes back for `text`, which is all that is said. */
async function answers(path: string, text: string): Promise<readonly unknown[]> {
  const socket = await visitor(path);
  socket.end(text);
  const said = Buffer.concat(await socket.toArray()).toString();
  return said
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

describe('the control socket', () => {
  it('tells this user what is open, and nobody else', async () => {
    const { path } = await runningControl();
    expect(await askTable(path)).toEqual(tableOf([openConnection]));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('cuts one connection off, and says when there is none of that number', async () => {
    const cuts: unknown[] = [];
    const { path } = await runningControl({
      cut: (named) => {
        cuts.push(named);
        return named.id === 12;
      },
    });
    expect([await askCut(path, { id: 12 }), await askCut(path, { id: 13, worker: 2 })]).toEqual([
      true,
      false,
    ]);
    expect(cuts).toEqual([
      { ask: 'cut', id: 12 },
      { ask: 'cut', id: 13, worker: 2 },
    ]);
  });

  it('answers several questions in their order', async () => {
    const { path } = await runningControl();
    const said = await answers(path, '{"ask":"cut","id":12}\n{"ask":"cut","id":1}\n{"ask":"table"}\n');
    expect(said).toEqual([{ cut: true }, { cut: false }, tableOf([openConnection])]);
  });

  it.each([
    ['nonsense', 'question: expected JSON, got something else'],
    ['[', 'question: expected JSON, got something else'],
    ['null', 'question: expected a JSON object, got another value'],
    ['{"ask":"stop"}', 'ask: expected table or cut, got something else'],
    ['{"ask":"cut"}', 'id: expected a whole number, got something else'],
    ['{"ask":"cut","id":1.5}', 'id: expected a whole number, got something else'],
    ['{"ask":"cut","id":1,"worker":"x"}', 'worker: expected a whole number, got something else'],
    ['\u0000\u00ff', 'question: expected JSON, got something else'],
  ])('says what is wrong with %j, and hears the next question', async (line, error) => {
    const { path } = await runningControl();
    expect(await answers(path, `${line}\n{"ask":"cut","id":12}\n`)).toEqual([{ error }, { cut: true }]);
  });

  it.each([
    'null',
    '5',
    '[]',
    '{}',
    '{',
    '{"connections":[]}',
    JSON.stringify({ ...tableOf([]), connections: [{}] }),
    JSON.stringify({ ...tableOf([]), process: { ...tableOf([]).process, role: '\u001b[5m' } }),
    JSON.stringify(tableOf([{ ...openConnection, state: 'up' as 'open' }])),
    '{"error":5}',
  ])('is not taken for what listens at its path and says %s', async (line) => {
    const place = path.join(temporaryDirectory(), 'c.sock');
    const other = net.createServer((client) => client.end(`${line}\n`));
    onTestFinished(() => {
      other.close();
    });
    await once(other.listen(place), 'listening');
    await expect(askTable(place)).rejects.toThrow(`${place}: expected an answer of halflight, got another`);
  });

  it('leaves no timer behind an answer, which would hold who asked', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { path: place } = await runningControl();
    const before = timers();
    await askTable(place);
    await askCut(place, { id: 12 });
    expect(timers()).toBe(before);
  });

  it('does not listen to a line without end', async () => {
    const { path } = await runningControl();
    const socket = await visitor(path);
    socket.write('x'.repeat(1024 * 1024));
    await new Promise((resolve) => socket.resume().once('close', resolve));
    expect(await askCut(path, { id: 12 })).toBe(true);
  });

  it('hands on what its half cannot do, and survives it', async () => {
    const { path } = await runningControl({ table: () => Promise.reject(new Error('no table today')) });
    await expect(askTable(path)).rejects.toThrow(`${path}: expected a table, got no table today`);
    expect(await askCut(path, { id: 12 })).toBe(true);
  });

  it('makes no more answers for whoever does not read them', async () => {
    const connections = Array.from({ length: 2_000 }, (_, id) => ({ ...openConnection, id }));
    let asked = 0;
    const { path } = await runningControl({
      table: () => {
        asked += 1;
        return tableOf(connections);
      },
    });
    const socket = await visitor(path);
    socket.pause().write('{"ask":"table"}\n'.repeat(1_000));
    // Whoever else comes is answered meanwhile, several times.
    for (let times = 0; times < 5; times += 1) await askTable(path);
    expect(asked).toBeLessThan(5 + 5);
    // Nor when it has gone: what it has asked before goes with it.
    socket.destroy();
    for (let times = 0; times < 5; times += 1) await askTable(path);
    expect(asked).toBeLessThan(10 + 5);
  });

  it('survives whoever vanishes before the answer, and many at once', async () => {
    let resolve = (): void => undefined;
    const gate = new Promise<void>((open) => {
      resolve = open;
    });
    const { path } = await runningControl({
      table: async () => {
        await gate;
        return tableOf([openConnection]);
      },
    });
    const socket = await visitor(path);
    socket.write('{"ask":"table"}\n');
    socket.destroy();
    const tables = Array.from({ length: 10 }, () => askTable(path));
    resolve();
    expect(await Promise.all(tables)).toHaveLength(10);
  });

  it('gives the place of who has asked nothing for longest to who comes', async () => {
    const { path } = await runningControl();
    const idle: net.Socket[] = [];
    for (let count = 0; count < 16; count += 1) idle.push(await visitor(path));
    const [first, second] = idle;
    first?.write('{"ask":"cut","id":12}\n');
    await once(first as net.Socket, 'data');
    const ended = once((second as net.Socket).resume(), 'close');
    expect(await askCut(path, { id: 12 })).toBe(true);
    await ended;
    expect(idle.map((each) => each.destroyed)).toEqual(idle.map((each) => each === second));
  });

  it('is gone when it is closed, with all who were there', async () => {
    const control = await runningControl();
    const socket = await visitor(control.path);
    control.close();
    await once(socket.resume(), 'close');
    expect(existsSync(control.path)).toBe(false);
    await expect(askTable(control.path)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
