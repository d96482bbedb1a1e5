import { expect, it, onTestFinished } from 'vitest';
import { createForward, type EmbeddedForward } from '../../forward/embedded.js';
import type { ForwardOptions } from '../../shared/config/forward-options.js';
import { errorOf } from '../support/forward.js';
import { connect } from '../support/peer.js';
import { startEcho } from '../support/targets.js';

function created(options: ForwardOptions): EmbeddedForward {
  const forward = createForward(options);
  onTestFinished(() => forward.stop());
  return forward;
}

it('forwards are started, heard, stopped, and started again', async () => {
  const echo = await startEcho();
  const forward = created({ forwards: { '0': `127.0.0.1:${echo.port}` } });
  const heard: string[] = [];
  forward.on('opened', ({ role }) => heard.push(role));
  expect(() => forward.address()).toThrow('forward: expected it to be started, got one that is not');
  for (const text of ['once', 'more']) {
    expect(await forward.start()).toBe(forward);
    const { host, port } = forward.address();
    expect(forward.forwards).toEqual([
      { listen: `${host}:${port}`, to: `127.0.0.1:${echo.port}`, transport: 'tcp' },
    ]);
    const client = await connect(port);
    await client.send(text);
    expect(String(await client.read(4))).toBe(text);
    const finished = forward.stop({ graceMs: Infinity });
    client.end();
    await finished;
    expect(await client.ended()).toBe('fin');
    expect(await errorOf(connect(port))).toMatchObject({ code: 'ECONNREFUSED' });
  }
  expect(heard).toEqual(['forward', 'forward']);
});

it('forwards of which one cannot listen leave nothing open, and may be tried again', async () => {
  const taken = await startEcho();
  const [first, second] = [await startEcho(), await startEcho()];
  const forward = created({
    forwards: [
      { from: 0, to: `127.0.0.1:${first.port}` },
      { from: taken.port, to: `127.0.0.1:${second.port}` },
    ],
  });
  for (let times = 0; times < 2; times += 1) {
    expect(await errorOf(forward.start())).toMatchObject({
      code: 'EADDRINUSE',
      message: `forward 127.0.0.1:${taken.port}: expected a place that is free, got one where somebody listens (EADDRINUSE)`,
    });
  }
});
