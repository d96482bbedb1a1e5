import { expect, it } from 'vitest';
import { startAmong, until } from '../support/servers.js';
import { deadPort, startTarget } from '../support/targets.js';
import { connectThrough } from '../support/tunnel.js';

it('a conversation that is only slow goes on, though nobody answers where servers are asked about', async () => {
  const target = await startTarget();
  const { remotes, local } = await startAmong(2, {
    uri: { wire: 'shadowsocks' },
    local: {
      probeTarget: { host: '127.0.0.1', port: await deadPort() },
      timeouts: { attemptMs: 50, doubtMs: 50 },
    },
  });
  await until(() => local.seen('remote-lost').length === 2);
  const client = await connectThrough({ local }, target);
  void client.send('think about it');
  const far = await target.next();
  await far.read(14);
  // Until the path has been asked about a few times.
  const opened = remotes[0]?.seen('opened').length ?? 0;
  await until(() => (remotes[0]?.seen('opened').length ?? 0) > opened + 3);
  void far.send('done');
  expect((await client.read(4)).toString()).toBe('done');
});
