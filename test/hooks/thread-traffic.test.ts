/** Real connections through the hooks of real files. */
import { expect, it } from 'vitest';
import { codeOf } from '../../shared/errors.js';
import { hookFile, startThread } from '../support/hook-file.js';
import { hooked } from '../support/hooked.js';
import { connect } from '../support/peer.js';

/** Whether a new client is reset, which can be as early as while it connects. */
async function turnedAway(port: number): Promise<boolean> {
  const ending = await connect(port).then(
    (client) => client.ended(),
    (error: unknown) => codeOf(error),
  );
  return ending === 'reset' || ending === 'ECONNRESET';
}

it('a filter in a thread changes 5 MB both ways exactly', async () => {
  const { hook } = await startThread(
    hookFile(`const flip = { received: (bytes) => bytes.map((byte) => byte ^ 0xff) };
      export const hook = { filter: () => ({ up: flip, down: flip }) };`),
  );
  const { join } = await hooked([hook]);
  const { client, target } = await join();
  const bytes = Buffer.alloc(5_000_000);
  for (let at = 0; at < bytes.length; at += 1) bytes[at] = (at * 7) ^ (at >> 8);
  const flipped = bytes.map((byte) => byte ^ 0xff);
  void client.send(bytes);
  void target.send(bytes);
  client.end();
  target.end();
  const [up, down] = await Promise.all([target.rest(), client.rest()]);
  expect([up.equals(flipped), down.equals(flipped)]).toEqual([true, true]);
});

it('what passes a filter that answers later is what was received, whatever comes in elsewhere', async () => {
  const { hook } = await startThread(
    hookFile(
      `export const hook = { filter: () => ({ up: { received: () => 'pass' }, down: { sent: async () => 'pass' } }) };`,
    ),
  );
  const { join } = await hooked([hook]);
  const peers = [await join(), await join(), await join(), await join()];
  const carried = peers.map(async ({ client, target }) => {
    const up = target.digest();
    const down = client.digest();
    const [sent, answered] = await Promise.all([client.pour(2_000_000), target.pour(2_000_000)]);
    client.end();
    target.end();
    expect([await up, await down]).toEqual([sent, answered]);
  });
  await Promise.all(carried);
});

it('a thread says who may go on to the target', async () => {
  const { hook } = await startThread(
    hookFile(`let asked = 0;
      export const hook = { async admit() { asked += 1; return asked === 1 ? 'deny' : 'allow'; } };`),
  );
  const { join, port } = await hooked([hook]);
  expect(await turnedAway(port)).toBe(true);
  const { client, target } = await join();
  await client.send('let in');
  expect((await target.read(6)).toString()).toBe('let in');
});

/** Keeps what it is given, and forgets to say so. */
const silent = (failClosed: boolean): string =>
  hookFile(`export const hook = {
    failClosed: ${failClosed},
    filter: () => ({ up: { received(bytes) { console.assert(bytes.length > 0); } } }),
  };`);

it('a filter of a file that answers nothing is reported, and bytes go on without it', async () => {
  const { hook } = await startThread(silent(false));
  const { join, warnings } = await hooked([hook]);
  const { client, target } = await join();
  await client.send('words');
  expect((await target.read(5)).toString()).toBe('words');
  expect(warnings).toEqual([
    expect.stringContaining('up.received: expected pass, hold, a Uint8Array or { end }, got nothing'),
  ]);
});

it('a filter of a file that answers nothing and fails closed lets nothing through', async () => {
  const { hook } = await startThread(silent(true));
  const { join } = await hooked([hook]);
  const { client, target } = await join();
  await client.send('words');
  expect(await client.ended()).toBe('reset');
  expect((await target.rest()).toString()).toBe('');
});

/** Observes with all it has: what it never does is to answer about a connection that says \`stop\`. */
const stuck = (failClosed: boolean): string =>
  hookFile(`export const hook = {
    failClosed: ${failClosed},
    filter: () => ({ up: { received(bytes) {
      if (String(bytes).startsWith('hold')) return 'hold';
      if (String(bytes).startsWith('stop')) while (true);
      return 'pass';
    } } }),
  };`);

it('connections go on when the thread of a hook hangs, with what it has held back', async () => {
  const { hook, warnings } = await startThread(stuck(false), { silenceMs: 300 });
  const { join, warnings: others } = await hooked([hook]);
  const [one, two] = [await join(), await join()];
  await one.client.send('first ');
  await one.target.read(6);
  await one.client.send('hold ');
  await two.client.send('stop');
  expect((await two.target.read(4)).toString()).toBe('stop');
  await one.client.send('second');
  expect((await one.target.read(11)).toString()).toBe('hold second');
  const { client, target } = await join();
  await client.send('stop');
  expect((await target.read(4)).toString()).toBe('stop');
  expect(warnings).toEqual(['hook hook.js: expected its thread to go on, got no sign of life for 0.3 s']);
  expect(others.length).toBeLessThanOrEqual(1);
});

it('connections are cut when the thread of a hook that fails closed hangs', async () => {
  const { hook, cut } = await startThread(stuck(true), { silenceMs: 300 });
  const { join, port } = await hooked([hook]);
  const [one, two] = [await join(), await join()];
  await one.client.send('stop');
  expect(await Promise.all([one.client.ended(), two.client.ended()])).toEqual(['reset', 'reset']);
  expect(cut.length).toBe(2);
  expect(await turnedAway(port)).toBe(true);
});
