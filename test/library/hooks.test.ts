import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, expectTypeOf, it, onTestFinished } from 'vitest';
import {
  type ByteFilter,
  ConfigError,
  type ConnectionFacts,
  createForward,
  dumper,
  type EmbeddedForward,
  type Filtered,
  type Hook,
  type HookEvent,
  type HookOption,
  informer,
  type Verdict,
} from '../../index.js';
import { temporaryDirectory } from '../support/directory.js';
import { echoThrough, embeddedLocal, embeddedRemote } from '../support/embedded.js';
import { hookFile } from '../support/hook-file.js';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';

/** Forwards one port to an echo, until the test is over. */
async function echoForward(...hooks: readonly HookOption[]): Promise<EmbeddedForward> {
  const { host, port } = await startEcho();
  const forward = createForward({ forwards: [{ from: '127.0.0.1:0', to: `${host}:${port}` }], hooks });
  onTestFinished(() => forward.stop());
  return forward.start();
}

/** What comes back of some text. */
async function echoed(forward: EmbeddedForward, text: string): Promise<string> {
  const client = await connect(forward.address().port);
  void client.send(text);
  client.end();
  return (await client.rest()).toString();
}

const upper = `
export const hook = { filter: () => ({ up: { received: (bytes) => Buffer.from(String(bytes).toUpperCase()) } }) };`;

describe('hooks of a program', () => {
  it('are functions and files alike, asked in order, and heard when it stops', async () => {
    const told: string[] = [];
    const first: Hook = {
      on: {
        started: ({ role }) => told.push(`started ${role}`),
        closed: ({ up, down }) => told.push(`${up.sent} up, ${down.sent} down`),
        stopped: async () => {
          await Promise.resolve();
          told.push('stopped');
        },
      },
      filter: () => ({ down: { sent: (bytes) => Buffer.concat([bytes, Buffer.from('!')]) } }),
    };
    const forward = await echoForward(first, hookFile(upper));
    expect(await echoed(forward, 'some words')).toBe('SOME WORDS!');
    await forward.stop();
    expect(told).toEqual(['started forward', '10 up, 11 down', 'stopped']);
  });

  it('are made anew for each start, by a function that knows where it is', async () => {
    const made: string[] = [];
    const forward = await echoForward(({ role, warn }) => {
      made.push(role);
      warn('here\u001b[2J');
      return { name: 'counted' };
    });
    const warnings: string[] = [];
    forward.on('warning', ({ detail }) => warnings.push(detail));
    await forward.stop();
    await forward.start();
    expect(made).toEqual(['forward', 'forward']);
    expect(warnings).toEqual(['hook hooks[0]: here\\u001b[2J']);
  });

  it('watch both halves, each in threads of its own', async () => {
    const echo = await startEcho();
    const file = hookFile(upper);
    const remote = await embeddedRemote({ hooks: [file] });
    const local = await embeddedLocal(remote.uri(), { hooks: [file] });
    expect(await echoThrough(local, echo, 'through both')).toBe('THROUGH BOTH');
  });

  it('that are files with mistakes keep it from listening, and leave nothing behind', async () => {
    const file = hookFile('export const hooks = {};');
    const forward = createForward({ forwards: { 0: 'localhost:80' }, hooks: [hookFile(upper), file] });
    await expect(forward.start()).rejects.toThrow(
      new ConfigError(`hook ${file}: expected an export named hook (export const hook = { … }), got hooks`),
    );
    expect(() => forward.address()).toThrow();
  });

  it('that fail are reported once, with their names, and the traffic goes on', async () => {
    const file = hookFile(`export const hook = {
      on: { closed() { throw new Error('out of order'); } },
      admit: async () => 'maybe',
      filter: () => ({ down: { received: () => 5 } }),
    };`);
    const forward = await echoForward(file);
    const warnings: string[] = [];
    forward.on('warning', ({ detail }) => warnings.push(detail.replace(/ \d+$/, ' N')));
    expect(await echoed(forward, 'one')).toBe('one');
    expect(await echoed(forward, 'two')).toBe('two');
    await forward.stop();
    expect(warnings).toEqual([
      "hook hook.js: admit: expected allow or deny, got 'maybe'; connection N",
      'hook hook.js: down.received: expected pass, hold, a Uint8Array or { end }, got a number; connection N',
      `hook hook.js: on.closed: expected no error, got: out of order (${file}:2); connection N`,
    ]);
  });
});

describe('the hooks that come with it', () => {
  it('inform of each connection', async () => {
    const lines: string[] = [];
    const forward = await echoForward(informer({ form: 'json', write: (line) => lines.push(line) }));
    expect(await echoed(forward, 'some words')).toBe('some words');
    await forward.stop();
    const events = lines.map((line) => (JSON.parse(line) as HookEvent).event);
    expect(events.filter((event) => event !== 'tick')).toEqual(
      'started accepted requested dialed first-byte first-byte closed stopped'.split(' '),
    );
  });

  it('dump each conversation', async () => {
    const directory = temporaryDirectory();
    const forward = await echoForward(dumper({ directory, formats: ['text'] }));
    expect(await echoed(forward, 'some words')).toBe('some words');
    await forward.stop();
    const [name = '', ...others] = readdirSync(directory);
    expect(others).toEqual([]);
    expect(readFileSync(path.join(directory, name), 'utf8').match(/some words/g)?.length).toBe(2);
  });

  it.each([
    [
      () => informer({ form: 'long' as 'wide' }),
      'form: expected one of compact, wide, json, got another text',
    ],
    [() => informer({ write: 5 as never }), 'write: expected a function, got something else'],
    [() => dumper({} as { directory: string }), 'directory: expected one, got none'],
    [() => dumper({ directory: '.', formats: [] }), 'formats: expected at least one, got none'],
    [
      () => dumper({ directory: '.', fileBytes: 5 }),
      'fileBytes: expected 0 (no limit) or a whole number from 4096 on, got another number',
    ],
    [
      () => dumper({ directory: '.', files: -1 }),
      'files: expected 0 (no limit) or a whole number from 1 on, got another number',
    ],
    [
      () => dumper({ directory: '.', targets: ['a:b:c'] }),
      'targets[0]: expected HOST, HOST:PORT or :PORT, got something else',
    ],
  ])('judge their options: %s', (make, message) => {
    expect(make).toThrow(new ConfigError(message));
  });

  it('need a directory when they start', async () => {
    const directory = path.join(temporaryDirectory(), 'none');
    const forward = createForward({ forwards: { 0: 'localhost:80' }, hooks: [dumper({ directory })] });
    await expect(forward.start()).rejects.toThrow(ConfigError);
  });
});

it('no answer that a hook must not give compiles', () => {
  expectTypeOf<ReturnType<NonNullable<Hook['admit']>>>().toEqualTypeOf<Verdict | Promise<Verdict>>();
  expectTypeOf<Filtered>().toEqualTypeOf<'pass' | 'hold' | Uint8Array | { readonly end: Uint8Array }>();
  expectTypeOf<Parameters<NonNullable<Hook['filter']>>[0]>().toEqualTypeOf<ConnectionFacts>();
  const filters = [
    // @ts-expect-error a filter says what becomes of the bytes
    { received: () => undefined },
    // @ts-expect-error a text is no bytes
    { sent: () => 'text' },
    // @ts-expect-error nothing is held back at the end
    { ended: () => 'hold' },
    // @ts-expect-error a slip of the pen
    { recieved: () => 'pass' },
  ] satisfies readonly ByteFilter[];
  const hooks: readonly HookOption[] = [
    // @ts-expect-error the words are others
    { admit: () => true },
    // @ts-expect-error there is no such event
    { on: { close: () => undefined } },
    // @ts-expect-error filters come at once
    { filter: () => Promise.resolve({}) },
  ];
  expect([filters.length, hooks.length]).toEqual([4, 3]);
});
