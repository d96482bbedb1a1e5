/** Filters that are slow, or make much of little: their source waits, and memory is bounded. Bytes are counted, no time. */
import { describe, expect, it } from 'vitest';
import type { ByteFilter, Direction, Filtered } from '../../shared/hooks/hook.js';
import { StoppedError } from '../../shared/errors.js';
import { openConnections } from '../../shared/serve/open.js';
import { hooked } from '../support/hooked.js';
import { stalled, type Peer } from '../support/peer.js';

const MiB = 1024 * 1024;
const directions: readonly Direction[] = ['up', 'down'];

/** Whoever sends in that direction, and whoever receives. */
function sides(
  direction: Direction,
  { client, target }: { readonly client: Peer; readonly target: Peer },
): [Peer, Peer] {
  return direction === 'up' ? [client, target] : [target, client];
}

describe.each(directions)('of what goes %s', (direction) => {
  it('nothing more is read while a filter takes its time', async () => {
    const answers: (() => void)[] = [];
    let seen = 0;
    const slow: ByteFilter = {
      received: (bytes) => {
        seen += bytes.length;
        return new Promise<Filtered>((resolve) => {
          answers.push(() => {
            resolve('pass');
          });
        });
      },
    };
    let impatient = true;
    const half = await hooked([{ filter: () => ({ [direction]: slow }) }]);
    const joined = await half.join();
    const [from, to] = sides(direction, joined);
    const poured = from.pour(64 * MiB);
    await stalled(from);
    // One read is with the filter, and one may have come before the source heard that it is to wait.
    expect([answers.length, seen <= 256 * 1024]).toEqual([1, true]);
    expect(from.socket.bytesWritten - from.socket.writableLength).toBeLessThan(32 * MiB);
    const heard = to.digest();
    const patience = (): void => {
      for (const answer of answers.splice(0)) answer();
      if (impatient) setImmediate(patience);
    };
    patience();
    const sent = await poured;
    from.end();
    expect(await heard).toEqual(sent);
    impatient = false;
    to.end();
  });

  it('a thousand bytes for each are sent at the pace of who reads them', async () => {
    let made = 0;
    const amplify: ByteFilter = {
      sent: (bytes) => {
        const more = Buffer.alloc(bytes.length * 1000, bytes);
        made += more.length;
        return more;
      },
    };
    const half = await hooked([{ filter: () => ({ [direction]: amplify }) }]);
    const joined = await half.join();
    const [from, to] = sides(direction, joined);
    to.socket.pause();
    await from.send(Buffer.alloc(20_000));
    await half.heard('first-byte');
    await stalled(from);
    // What was read at once has been made more of; then whoever reads is waited for.
    const before = made;
    void from.send(Buffer.alloc(MiB));
    await stalled(from);
    expect([before > 0, made]).toEqual([true, before]);
    const rest = to.digest();
    to.socket.resume();
    from.socket.destroy();
    expect((await rest).length).toBeGreaterThan(0);
  });
});

function cutAll(): void {
  for (const connection of openConnections())
    connection.cut(new StoppedError('test: expected no connection, got one'));
}

it('what waited for a filter, or in a queue, when a connection is cut was not sent', async () => {
  const deaf: ByteFilter = { received: () => new Promise<Filtered>(() => undefined) };
  const half = await hooked([{ filter: () => ({ up: deaf }) }]);
  const { client, target } = await half.join();
  await client.send(Buffer.alloc(1000));
  await half.heard('first-byte');
  cutAll();
  expect(await half.heard('closed')).toMatchObject({
    by: 'halflight',
    why: 'stopped',
    up: { received: 1000, sent: 0, unsent: 1000 },
  });
  expect(await target.ended()).toBe('reset');
});

it('what waits for a target that does not read is counted as not sent when the connection is cut', async () => {
  const half = await hooked([]);
  const { client, target } = await half.join();
  target.socket.pause();
  void client.pour(64 * MiB);
  await stalled(client);
  cutAll();
  const { up } = await half.heard('closed');
  expect(up.unsent).toBeGreaterThan(0);
  expect(up.sent + up.unsent).toBe(up.received);
});
