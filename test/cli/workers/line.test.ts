import { describe, expect, it } from 'vitest';
import { type Answers, Line } from '../../../cli/workers/line.js';
import { ConfigError } from '../../../shared/errors.js';
import { endingOf } from '../../../shared/config/exit.js';

interface Own {
  readonly double: (value: number) => number;
  readonly bytes: (value: Uint8Array) => Uint8Array;
  readonly fail: (error: string) => Promise<never>;
  readonly heard: (value: string) => void;
}

const failures: Readonly<Record<string, Error>> = {
  config: new ConfigError('key: expected another', { others: [new ConfigError('port: expected 1')] }),
  system: Object.assign(new Error('listen EADDRINUSE'), {
    code: 'EADDRINUSE',
    address: '127.0.0.1',
    port: 8388,
    syscall: 'listen',
  }),
  plain: new Error('nothing special'),
};

/** Two ends, joined; the far one answers. */
function joined<Theirs extends Answers<Theirs>>(
  own: Theirs,
): { readonly near: Line<Theirs>; readonly far: Line<Theirs> } {
  const near: Line<Theirs> = new Line((text) => {
    queueMicrotask(() => {
      far.hear(text);
    });
  });
  const far: Line<Theirs> = new Line((text) => {
    queueMicrotask(() => {
      near.hear(text);
    });
  });
  far.answers(own);
  return { near, far };
}

const said: string[] = [];
const own: Own = {
  double: (value) => 2 * value,
  bytes: (value) => value.map((byte) => byte ^ 0xff),
  fail: (name) => Promise.reject(failures[name] ?? new Error('unknown')),
  heard: (value) => {
    said.push(value);
  },
};

describe('a line between two processes', () => {
  it('joins each answer to its question', async () => {
    const { near } = joined(own);
    const answers = await Promise.all([1, 2, 3].map((value) => near.ask('double', value)));
    expect(answers).toEqual([2, 4, 6]);
  });

  it('carries bytes as they are', async () => {
    const { near } = joined(own);
    const all = Uint8Array.from({ length: 256 }, (_, at) => at);
    expect(Uint8Array.from(await near.ask('bytes', all))).toEqual(all.map((byte) => byte ^ 0xff));
  });

  it('says what needs no answer', async () => {
    const { near } = joined(own);
    near.tell('heard', 'good morning');
    await near.ask('double', 1);
    expect(said).toEqual(['good morning']);
  });

  it.each(Object.keys(failures))(
    'ends a start as the error at the other end would have: %s',
    async (name) => {
      const { near } = joined(own);
      const error: unknown = await near.ask('fail', name).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(endingOf(error)).toEqual(endingOf(failures[name]));
    },
  );

  it('refuses a question that the other end does not know', async () => {
    const { near } = joined<{ readonly other: (nothing: undefined) => number }>({ other: () => 1 });
    const strange = near as unknown as Line<Own>;
    await expect(strange.ask('double', 1)).rejects.toThrow('expected a question that is known, got double');
  });

  it('leaves no question open when the other end is gone', async () => {
    const line = new Line<Own>(() => undefined);
    const asked = [line.ask('double', 1), line.ask('double', 2)];
    line.close();
    for (const each of [...asked, line.ask('double', 3)]) {
      await expect(each).rejects.toMatchObject({ code: 'stopped' });
    }
  });
});
