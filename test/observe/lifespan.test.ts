import { describe, expect, it } from 'vitest';
import { StoppedError } from '../../shared/errors.js';
import { Lifespan } from '../../shared/observe/lifespan.js';
import type { Service } from '../../shared/service.js';

interface Door {
  readonly passed: Promise<void>;
  open(): void;
  shut(error: Error): void;
}

/** Nobody passes before the test says so. */
function door(): Door {
  let open = (): void => undefined;
  let shut: Door['shut'] = () => undefined;
  const passed = new Promise<void>((resolve, reject) => {
    open = resolve;
    shut = reject;
  });
  return { passed, open, shut };
}

interface House {
  readonly life: Lifespan<Service>;
  readonly said: readonly string[];
  readonly open: () => void;
  readonly fail: (error: Error) => void;
  readonly close: () => void;
}

/** A service that says when it is started and stopped, and waits for both. */
function house(): House {
  const said: string[] = [];
  let count = 0;
  let opening = door();
  const closing = door();
  const life = new Lifespan<Service>('house', async () => {
    count += 1;
    const number = count;
    said.push(`start ${number}`);
    await opening.passed;
    return {
      listen: `:${number}`,
      stop: async (graceMs) => {
        said.push(`stop ${number} within ${graceMs}`);
        await closing.passed;
        said.push(`stopped ${number}`);
      },
    };
  });
  return {
    life,
    said,
    open: () => {
      opening.open();
    },
    fail: (error) => {
      opening.shut(error);
      opening = door();
    },
    close: () => {
      closing.open();
    },
  };
}

describe('what is started', () => {
  it('is started once, however many ask for it', async () => {
    const { life, said, open } = house();
    const both = [life.start(), life.start()] as const;
    open();
    const [one, other] = await Promise.all(both);
    expect(one).toBe(other);
    expect(await life.start()).toBe(one);
    expect(life.running).toBe(one);
    expect(said).toEqual(['start 1']);
  });

  it('is none before it runs', () => {
    const { life, open } = house();
    expect(() => life.running).toThrow('house: expected it to be started, got one that is not');
    void life.start();
    expect(life.serving).toBeUndefined();
    open();
  });

  it('can be tried again after a failure', async () => {
    const { life, said, open, fail } = house();
    const failing = life.start();
    fail(new Error('no room'));
    await expect(failing).rejects.toThrow('no room');
    open();
    await life.start();
    expect(said).toEqual(['start 1', 'start 2']);
  });
});

describe('a stop', () => {
  it('of what was never started is nothing', async () => {
    const { life, said } = house();
    await life.stop(0);
    expect(said).toEqual([]);
  });

  it('asked for twice is told twice, and both settle', async () => {
    const { life, said, open, close } = house();
    open();
    await life.start();
    const both = [life.stop(1000), life.stop(0)];
    close();
    await Promise.all(both);
    await life.stop(0);
    expect(said).toEqual(['start 1', 'stop 1 within 1000', 'stop 1 within 0', 'stopped 1', 'stopped 1']);
    expect(() => life.running).toThrow('expected it to be started');
  });

  it('takes back a start that is under way', async () => {
    const { life, said, open, close } = house();
    const starting = life.start();
    const rejected = expect(starting).rejects.toThrow(StoppedError);
    const stopping = life.stop(1000);
    open();
    close();
    await Promise.all([rejected, stopping]);
    expect(said).toEqual(['start 1', 'stop 1 within 0', 'stopped 1']);
    expect(life.serving).toBeUndefined();
  });

  it('is waited for by the next start', async () => {
    const { life, said, open, close } = house();
    open();
    await life.start();
    const stopping = life.stop(0);
    const again = life.start();
    expect(said).toEqual(['start 1', 'stop 1 within 0']);
    close();
    const [, next] = await Promise.all([stopping, again]);
    expect(life.running).toBe(next);
    expect(said).toEqual(['start 1', 'stop 1 within 0', 'stopped 1', 'start 2']);
  });

  it('takes back a start that waits for another stop', async () => {
    const { life, said, open, close } = house();
    open();
    await life.start();
    const first = life.stop(0);
    const again = expect(life.start()).rejects.toThrow(StoppedError);
    const second = life.stop(0);
    close();
    await Promise.all([first, again, second]);
    expect(said).toEqual(['start 1', 'stop 1 within 0', 'stopped 1']);
  });
});
