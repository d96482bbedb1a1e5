import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HookEvent } from '../../shared/hooks/hook.js';
import { connection, hookFile, startThread } from '../support/hook-file.js';

const tick: HookEvent = { event: 'tick', at: 1, open: 0, up: 0, down: 0 };
const closed: HookEvent = {
  event: 'closed',
  at: 1,
  connection: connection(7),
  up: { received: 1, sent: 1, unsent: 0 },
  down: { received: 1, sent: 1, unsent: 0 },
  by: 'client',
  why: 'end',
  ms: 5,
};

describe('a hook in a thread', () => {
  it('is told of the events that it observes, in order, and before it is asked anything', async () => {
    const { hook } = await startThread(
      hookFile(`
        const seen = [];
        export const hook = {
          on: { tick: ({ at }) => { seen.push(at); }, closed: ({ connection }) => { seen.push('closed ' + connection.id); } },
          filter: () => ({ up: { received: () => new TextEncoder().encode(seen.join()) } }),
        };`),
    );
    expect(Object.keys(hook.on ?? {}).sort()).toEqual(['closed', 'tick']);
    for (let at = 1; at <= 3; at += 1) void hook.on?.tick?.({ ...tick, at });
    void hook.on?.closed?.(closed);
    const seen = await hook.filter?.(connection(1))?.up?.received?.(new Uint8Array(1));
    expect(Buffer.from(seen as Uint8Array).toString()).toBe('1,2,3,closed 7');
  });

  it('answers whether connections are admitted, now or later', async () => {
    const { hook } = await startThread(
      hookFile(`export const hook = {
        admit: ({ target, id }) => id === 2 ? new Promise((resolve) => setTimeout(resolve, 5, 'allow')) : target.port === 25 ? 'deny' : 'allow',
      };`),
    );
    const asked = [connection(1), connection(2), connection(3, 25)].map(async (facts) => hook.admit?.(facts));
    expect(await Promise.all(asked)).toEqual(['allow', 'allow', 'deny']);
  });

  it('hands on what is no answer, for its half to judge, and what it throws, with its place', async () => {
    const file = hookFile(`
      const wrong = [undefined, 5, 'yes', null, {}, [], { end: 3 }];
      export const hook = {
        admit({ id }) {
          if (id < wrong.length) return wrong[id];
          if (id === 8) throw new Error('no such list');
          return id === 9 ? Promise.reject(7) : () => 'allow';
        },
      };`);
    const { hook } = await startThread(file);
    const answers = [0, 1, 2, 3, 4, 5, 6].map(async (id) => hook.admit?.(connection(id)));
    expect(await Promise.all(answers)).toEqual([undefined, 5, 'yes', null, {}, [], { end: 3 }]);
    await expect(hook.admit?.(connection(8))).rejects.toThrow(`no such list (${file}:6)`);
    await expect(hook.admit?.(connection(9))).rejects.toThrow('7');
    await expect(hook.admit?.(connection(10))).rejects.toThrow('expected an answer, got a function');
  });

  it('hands on that a filter answers nothing, at once or later', async () => {
    const { hook } = await startThread(
      hookFile(`export const hook = { filter: () => ({
        up: { received() {}, sent: () => null, ended() {} },
        down: { async received() {}, sent: async () => null, ended: () => null },
      }) };`),
    );
    const { up, down } = hook.filter?.(connection(1)) ?? {};
    const piece = new Uint8Array(1);
    const answers = [up, down].map(async (filter) => [
      await filter?.received?.(piece.slice()),
      await filter?.sent?.(piece.slice()),
      await filter?.ended?.(),
    ]);
    expect(await Promise.all(answers)).toEqual([
      [undefined, null, undefined],
      [undefined, null, null],
    ]);
  });

  it('fails the very event for which an observer fails, at once or later', async () => {
    const { hook } = await startThread(
      hookFile(`export const hook = { on: { tick({ at }) {
        if (at === 1) throw new Error('at once');
        if (at === 2) return Promise.reject(new Error('soon'));
        if (at === 3) return new Promise((_, reject) => setTimeout(reject, 5, new Error('late')));
      } } };`),
    );
    const outcomes = [1, 2, 3, 4].map((at) => hook.on?.tick?.({ ...tick, at }));
    const settled = await Promise.allSettled(outcomes);
    expect(
      settled.map((one) =>
        one.status === 'rejected' ? (one.reason as Error).message.split(' (')[0] : one.status,
      ),
    ).toEqual(['at once', 'soon', 'late', 'fulfilled']);
  });

  it('changes the bytes of both directions exactly, and leaves those alone that it does not look at', async () => {
    const { hook } = await startThread(
      hookFile(`export const hook = { filter({ id }) {
        if (id === 2) return undefined;
        const flip = (bytes) => bytes.map((byte) => byte ^ 0x55);
        let held = [];
        return {
          up: { received: flip },
          down: {
            received(bytes) { held.push(bytes); return 'hold'; },
            async ended() { return Buffer.concat(held).reverse(); },
          },
        };
      } };`),
    );
    const bytes = Buffer.alloc(5_000_000, 'some bytes that are not all the same');
    const { up, down } = hook.filter?.(connection(1)) ?? {};
    const changed: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += 65_536) {
      changed.push((await up?.received?.(Buffer.from(bytes.subarray(at, at + 65_536)))) as Uint8Array);
      expect(await down?.received?.(Buffer.from(bytes.subarray(at, at + 65_536)))).toBe('hold');
    }
    expect(Buffer.concat(changed).equals(bytes.map((byte) => byte ^ 0x55))).toBe(true);
    expect(Buffer.from((await down?.ended?.()) ?? []).equals(Buffer.from(bytes).reverse())).toBe(true);
    expect(await up?.ended?.()).toEqual(new Uint8Array());
    expect(up?.sent?.(new Uint8Array(1))).toBe('pass');
    const other = hook.filter?.(connection(2));
    await other?.up?.received?.(new Uint8Array(1));
    expect(other?.up?.received?.(new Uint8Array(1))).toBe('pass');
  });

  it('is given its bytes alone, not what else is in the same memory', async () => {
    const { hook } = await startThread(
      hookFile(
        `export const hook = { filter: () => ({ up: { received: ({ buffer }) => new Uint8Array(buffer) } }) };`,
      ),
    );
    const memory = new Uint8Array([1, 2, 3, 4]);
    const answer = await hook.filter?.(connection(1))?.up?.received?.(memory.subarray(1, 3));
    expect(answer).toEqual(new Uint8Array([2, 3]));
    expect(memory).toEqual(new Uint8Array([1, 2, 3, 4]));
  });

  it('keeps what it gives, and can give it again', async () => {
    const { hook } = await startThread(
      hookFile(`const blocked = Buffer.from('blocked');
        export const hook = { filter: () => ({ up: { received: () => ({ end: blocked }) } }) };`),
    );
    for (const id of [1, 2]) {
      const answer = await hook.filter?.(connection(id))?.up?.received?.(Buffer.from('some of a pool'));
      expect(answer).toEqual({ end: new Uint8Array(Buffer.from('blocked')) });
    }
  });

  it.each([
    ['5', 'filter: expected { up, down } or undefined, got a number'],
    ['Promise.resolve()', 'filter: expected { up, down } or undefined, got a promise'],
    ['({ upp: {} })', 'filter: filters: expected the name of a direction, got "upp" (did you mean up?)'],
    ['({ up: () => "pass" })', 'filter: up: expected { received, sent, ended }, got a function'],
    [
      '({ down: { recieved() {} } })',
      'filter: down: expected the name of a part of a filter, got "recieved" (did you mean received?)',
    ],
    ['({ down: { sent: "pass" } })', "filter: down.sent: expected a function, got 'pass'"],
  ])('fails the bytes of a connection when its filters are %s', async (filters, message) => {
    const { hook } = await startThread(hookFile(`export const hook = { filter: () => ${filters} };`));
    const { up } = hook.filter?.(connection(1)) ?? {};
    await expect(up?.received?.(new Uint8Array(1))).rejects.toThrow(message);
    expect(() => up?.received?.(new Uint8Array(1))).toThrow(message);
  });

  it('forgets the filters of a connection that is closed', async () => {
    const { hook } = await startThread(
      hookFile(`export const hook = { filter: () => ({ up: { received: () => 'hold' } }) };`),
    );
    const { up } = hook.filter?.(connection(7)) ?? {};
    expect(await up?.received?.(new Uint8Array(1))).toBe('hold');
    void hook.on?.closed?.(closed);
    expect(await up?.received?.(new Uint8Array(1))).toBe('pass');
  });

  it('warns, as long as it lives and before', async () => {
    const { hook, warnings } = await startThread(
      hookFile(`export const hook = ({ role, warn }) => {
        warn('at a ' + role);
        return { admit() { warn('asked'); return 'allow'; } };
      };`),
    );
    await hook.admit?.(connection(1));
    expect(warnings).toEqual(['hook hook.js: at a local', 'hook hook.js: asked']);
  });

  it('does what it was asked before it is stopped', async () => {
    const file = hookFile(`import { writeFileSync } from 'node:fs';
      export const hook = { on: { async stopped() {
        await new Promise((resolve) => setTimeout(resolve, 20));
        writeFileSync(new URL('./done', import.meta.url), 'done');
      } } };`);
    const started = await startThread(file);
    const observed = started.hook.on?.stopped?.({ event: 'stopped', at: 1, role: 'local' });
    await started.stop();
    await observed;
    expect(readFileSync(path.join(path.dirname(file), 'done'), 'utf8')).toBe('done');
  });

  it('is not waited for without end when it is stopped', async () => {
    const started = await startThread(
      hookFile(
        `export const hook = { on: { stopped: () => new Promise(() => setInterval(() => 0, 1000)) } };`,
      ),
      { finishMs: 10 },
    );
    const observed = started.hook.on?.stopped?.({ event: 'stopped', at: 1, role: 'local' });
    await started.stop();
    await expect(observed).resolves.toBeUndefined();
  });
});
