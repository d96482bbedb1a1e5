/** What clients hear whom a hook does not let on, in every protocol, from a local and through it from a remote. */
import { describe, expect, it } from 'vitest';
import type { Hook } from '../../shared/hooks/hook.js';
import type { HookSetting } from '../../shared/hooks/setting.js';
import { connect } from '../support/peer.js';
import { localHalf, remoteHalf } from '../support/tunnel.js';
import { deadPort, startEcho } from '../support/targets.js';
import { turnsUntil } from '../support/turns.js';

const denying: Hook = {
  admit: async () => {
    await Promise.resolve();
    return 'deny' as const;
  },
};
const hooks: readonly HookSetting[] = [{ kind: 'given', source: denying }];

const host = '127.0.0.1';
const port = (target: number): string => String.fromCharCode(target >> 8, target & 0xff);

/** What is said, and how the answer begins; bytes are Latin-1. */
const protocols: Readonly<Record<string, { say: (target: number) => string; hear: RegExp }>> = {
  // RFC 1928 §6: connection not allowed by ruleset.
  SOCKS5: {
    say: (target) => `\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01${port(target)}`,
    hear: /^\x05\x00\x05\x02/,
  },
  SOCKS4: { say: (target) => `\x04\x01${port(target)}\x7f\x00\x00\x01\x00`, hear: /^\x00\x5b/ },
  CONNECT: {
    say: (target) => `CONNECT ${host}:${String(target)} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    hear: /^HTTP\/1\.1 403 /,
  },
  HTTP: {
    say: (target) =>
      `GET http://${host}:${String(target)}/ HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`,
    hear: /^HTTP\/1\.1 403 /,
  },
};

describe.each(['local', 'remote'] as const)('denied by a hook of the %s', (half) => {
  it.each(Object.entries(protocols))(
    'a client that speaks %s is refused honestly',
    async (_name, { say, hear }) => {
      const echo = await startEcho();
      const remote = await remoteHalf(half === 'remote' ? { hooks } : {});
      const local = await localHalf(remote, half === 'local' ? { hooks } : {});
      const client = await connect(local.port);
      void client.send(Buffer.from(say(echo.port), 'latin1'));
      const heard = client.rest();
      expect((await heard).toString('latin1')).toMatch(hear);
      expect([client.ending, echo.accepted]).toEqual(['fin', 0]);
      client.end();
    },
  );
});

it('what a remote says of a target that it cannot reach is not for filters', async () => {
  const closed = await deadPort();
  const asked: string[] = [];
  const watching: Hook = {
    on: { error: ({ code }) => asked.push(code), closed: ({ why }) => asked.push(why) },
    filter: () => {
      asked.push('filter');
      return undefined;
    },
  };
  const local = await localHalf(await remoteHalf(), { hooks: [{ kind: 'given', source: watching }] });
  const client = await connect(local.port);
  void client.send(Buffer.from(`\x05\x01\x00\x05\x01\x00\x01\x7f\x00\x00\x01${port(closed)}`, 'latin1'));
  // RFC 1928 §6: connection refused.
  expect((await client.rest()).toString('latin1')).toMatch(/^\x05\x00\x05\x05/);
  client.end();
  await turnsUntil(() => asked.length > 1);
  expect(asked).toEqual(['connection-refused', 'connection-refused']);
});
