/** What filters make of the bytes of connections, over real sockets. */
import { randomBytes } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ByteFilter, Filtered, Hook } from '../../shared/hooks/hook.js';
import { fuzzRuns } from '../support/fuzz.js';
import { hooked } from '../support/hooked.js';
import type { Peer } from '../support/peer.js';

/** The same filter for both directions, made anew for each. */
function both(make: () => ByteFilter): Hook {
  return { filter: () => ({ up: make(), down: make() }) };
}

const flip = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ 0xff);

async function later<T>(value: T): Promise<T> {
  await turn();
  return value;
}

/** Sends all of it and the end, and brings what arrives on the other side and how that ends. */
async function carried(from: Peer, to: Peer, bytes: Uint8Array): Promise<Buffer> {
  void from.send(bytes).then(() => {
    from.end();
  });
  const rest = await to.rest();
  expect(to.ending).toBe('fin');
  return rest;
}

const kinds: Readonly<Record<string, () => ByteFilter>> = {
  'pass at once': () => ({ received: () => 'pass', sent: () => 'pass' }),
  'pass later': () => ({ received: () => later('pass'), sent: () => later('pass') }),
  'change in place and pass': () => ({
    received: (bytes) => {
      bytes.fill(0);
      return 'pass';
    },
  }),
  'change there and back': () => ({ received: flip, sent: (bytes) => later(flip(bytes)) }),
  'hold all until the end': () => {
    const kept: Uint8Array[] = [];
    return {
      received: (bytes) => {
        kept.push(bytes);
        return 'hold';
      },
      ended: () => Buffer.concat(kept),
    };
  },
  'hold every other piece': () => {
    let kept: Uint8Array = new Uint8Array(0);
    let holds = false;
    return {
      sent: (bytes): Filtered => {
        holds = !holds;
        kept = Buffer.concat([kept, bytes]);
        if (holds) return 'hold';
        const all = kept;
        kept = new Uint8Array(0);
        return all;
      },
      ended: () => later(kept),
    };
  },
  'answer in the same memory each time': () => {
    const scratch = new Uint8Array(512 * 1024);
    return {
      received: (bytes) => {
        scratch.set(bytes);
        return scratch.subarray(0, bytes.length);
      },
    };
  },
};

describe.each(Object.entries(kinds))('filters that %s', (_name, make) => {
  it.each([0, 1, 65_536, 5_000_000])(
    'leave %i bytes as they are, both ways and half-closed',
    async (size) => {
      const { join, heard, warnings } = await hooked([both(make)]);
      const { client, target } = await join();
      const [question, answer] = [randomBytes(size), randomBytes(size)];
      expect((await carried(client, target, question)).equals(question)).toBe(true);
      expect((await carried(target, client, answer)).equals(answer)).toBe(true);
      const { up, down, by, why } = await heard('closed');
      expect([up, down, by, why, warnings]).toEqual([
        { received: size, sent: size, unsent: 0 },
        { received: size, sent: size, unsent: 0 },
        'client',
        'end',
        [],
      ]);
    },
  );
});

describe('a filter', () => {
  it('may make bytes more or fewer, and what was sent is counted', async () => {
    const double: ByteFilter = { received: (bytes) => Buffer.concat([bytes, bytes]) };
    const none: ByteFilter = { received: () => new Uint8Array(0) };
    const { join, heard } = await hooked([{ filter: () => ({ up: double, down: none }) }]);
    const { client, target } = await join();
    expect((await carried(client, target, Buffer.from('twice'))).toString()).toBe('twicetwice');
    expect((await carried(target, client, Buffer.from('never'))).toString()).toBe('');
    expect(await heard('closed')).toMatchObject({
      up: { received: 5, sent: 10, unsent: 0 },
      down: { received: 5, sent: 0, unsent: 0 },
    });
  });

  it('stands in the order of the hooks, with all that see bytes as received before all that see them as sent', async () => {
    const mark = (name: string): ByteFilter => ({
      received: (bytes) => Buffer.concat([bytes, Buffer.from(`${name}r `)]),
      sent: (bytes) => Buffer.concat([bytes, Buffer.from(`${name}s `)]),
    });
    const hooks = ['a', 'b', 'c'].map((name) => both(() => mark(name)));
    const { join } = await hooked(hooks);
    const { client, target } = await join();
    expect((await carried(client, target, Buffer.from('> '))).toString()).toBe('> ar br cr as bs cs ');
    expect((await carried(target, client, Buffer.from('< '))).toString()).toBe('< ar br cr as bs cs ');
  });

  it('hears the end once, and what it then lets go passes those behind it', async () => {
    let ends = 0;
    const first: ByteFilter = {
      received: () => 'hold',
      sent: () => 'pass',
      ended: () => {
        ends += 1;
        return Buffer.from('last words');
      },
    };
    const loud: ByteFilter = { received: (bytes) => Buffer.from(String(Buffer.from(bytes)).toUpperCase()) };
    const { join } = await hooked([{ filter: () => ({ up: first }) }, { filter: () => ({ up: loud }) }]);
    const { client, target } = await join();
    expect([(await carried(client, target, Buffer.from('kept'))).toString(), ends]).toEqual([
      'LAST WORDS',
      1,
    ]);
  });

  it('may end what goes up: the target hears the last words and an end, and the answer still comes', async () => {
    const stop: ByteFilter = { received: () => later({ end: Buffer.from('enough') }) };
    const { join, heard } = await hooked([{ filter: () => ({ up: stop }) }]);
    const { client, target } = await join();
    await client.send('a');
    expect([(await target.rest()).toString(), target.ending]).toEqual(['enough', 'fin']);
    await client.send(randomBytes(1_000_000));
    await target.send('the answer');
    expect((await client.read(10)).toString()).toBe('the answer');
    client.end();
    target.end();
    expect(await heard('closed')).toMatchObject({
      by: 'halflight',
      why: 'end',
      up: { received: 1_000_001, sent: 6 },
    });
  });

  it('may end what comes down: the target is let go of, though it goes on talking', async () => {
    const stop: ByteFilter = { sent: () => ({ end: Buffer.from('that is all') }) };
    const { join, heard } = await hooked([{ filter: () => ({ down: stop }) }]);
    const { client, target } = await join();
    await target.send('blah');
    expect([(await client.rest()).toString(), client.ending]).toEqual(['that is all', 'fin']);
    await target.send('blah blah');
    client.end();
    expect(await target.ended()).toBe('fin');
    expect(await heard('closed')).toMatchObject({
      by: 'halflight',
      why: 'end',
      down: { sent: 11, unsent: 0 },
    });
    target.end();
  });

  it('of a connection whose target breaks lets all that came arrive first', async () => {
    const { join, heard } = await hooked([both(() => ({ received: () => later('pass') }))]);
    const { client, target } = await join();
    const answer = randomBytes(300_000);
    await target.send(answer);
    const came = client.read(answer.length);
    expect((await came).equals(answer)).toBe(true);
    target.reset();
    expect(await client.ended()).toBe('reset');
    expect(await heard('closed')).toMatchObject({ by: 'target', why: 'ECONNRESET' });
  });

  it('of a connection whose client breaks is asked nothing more, and the target is reset', async () => {
    let asked = 0;
    const count: ByteFilter = {
      received: () => {
        asked += 1;
        return 'pass';
      },
    };
    const { join, heard } = await hooked([both(() => count)]);
    const { client, target } = await join();
    await client.send('hello');
    await target.read(5);
    client.reset();
    expect(await target.ended()).toBe('reset');
    expect(await heard('closed')).toMatchObject({ by: 'client', why: 'ECONNRESET' });
    expect(asked).toBe(1);
  });

  it('is asked for anew for each connection, and may look away', async () => {
    let asked = 0;
    const { join } = await hooked([
      {
        filter: ({ target }) => {
          asked += 1;
          expect(target?.host).toBe('127.0.0.1');
          return asked === 1 ? undefined : { up: { received: flip } };
        },
      },
    ]);
    for (const expected of [Buffer.from('hi'), Buffer.from(flip(Buffer.from('hi')))]) {
      const { client, target } = await join();
      expect((await carried(client, target, Buffer.from('hi'))).equals(expected)).toBe(true);
      target.end();
    }
  });
});

it('however bytes are cut, and whenever filters answer, they arrive in order and unchanged', async () => {
  const actions = fc.array(fc.constantFrom('pass', 'same', 'hold', 'later'), { minLength: 1, maxLength: 5 });
  /** Does one after the other, round and round; what it holds goes with what comes next. */
  const scripted = (script: readonly string[]): ByteFilter => {
    let kept = Buffer.alloc(0);
    let at = 0;
    return {
      received: (bytes): Filtered | Promise<Filtered> => {
        const action = script[at++ % script.length];
        if (action === 'pass' && kept.length === 0) return 'pass';
        kept = Buffer.concat([kept, bytes]);
        if (action === 'hold') return 'hold';
        const all = kept;
        kept = Buffer.alloc(0);
        return action === 'later' ? later(all) : all;
      },
      ended: () => kept,
    };
  };
  const hooks: Hook[] = [];
  const scripts: { current: readonly (readonly string[])[] } = { current: [] };
  for (const at of [0, 1]) hooks.push(both(() => scripted(scripts.current[at] ?? ['pass'])));
  const { join } = await hooked(hooks);
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(actions, actions),
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 3000 }), { maxLength: 12 }),
      async (chosen, pieces) => {
        scripts.current = chosen;
        const { client, target } = await join();
        const all = Buffer.concat(pieces);
        const [heard, back] = [target.rest(), client.rest()];
        for (const piece of pieces) {
          await Promise.all([client.send(piece), target.send(piece)]);
        }
        client.end();
        target.end();
        expect((await heard).equals(all)).toBe(true);
        expect((await back).equals(all)).toBe(true);
      },
    ),
    { numRuns: fuzzRuns(40) },
  );
});
