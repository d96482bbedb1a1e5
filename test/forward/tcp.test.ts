import { describe, expect, it } from 'vitest';
import { connect } from '../support/peer.js';
import { running } from '../support/forward.js';
import { startEcho, startTarget } from '../support/targets.js';

describe('a forward', () => {
  it.each(['127.0.0.1', '::1'])('listens on %s and leads to its target', async (host) => {
    const echo = await startEcho(host === '::1' ? '127.0.0.1' : '::1');
    const { at, forwards, listen } = await running([{ from: { host, port: 0 }, to: echo }]);
    const [place] = at;
    const client = await connect(place?.port ?? 0, host);
    await client.send('hello');
    expect(String(await client.read(5))).toBe('hello');
    client.end();
    expect(await client.ended()).toBe('fin');
    const text = host === '::1' ? `[::1]:${place?.port}` : `127.0.0.1:${place?.port}`;
    const to = host === '::1' ? `127.0.0.1:${echo.port}` : `[::1]:${echo.port}`;
    expect([listen, forwards]).toEqual([text, [{ listen: text, to, transport: 'tcp' }]]);
  });

  it('lets each direction end by itself', async () => {
    const target = await startTarget();
    const { at } = await running([{ to: target }]);
    const client = await connect(at[0]?.port ?? 0);
    const far = await target.next();
    void client.send('question');
    client.end();
    expect([String(await far.rest()), await far.ended()]).toEqual(['question', 'fin']);
    void far.send('answer');
    far.end();
    expect([String(await client.rest()), await client.ended()]).toEqual(['answer', 'fin']);
  });
});
