import { describe, expect, it } from 'vitest';
import { checkThrough } from '../../local/check.js';
import { systemEnvironment } from '../../index.js';
import { createResolver } from '../../shared/net/resolve.js';
import type { Tunnel } from '../../shared/outbound/reach.js';
import { defaultTimeouts } from '../../shared/serve/timeouts.js';
import type { Target } from '../../shared/codec/address.js';
import type { CheckResult } from '../../shared/observe/events.js';
import { nameServer } from '../support/servers.js';
import { deadPort, startTarget } from '../support/targets.js';
import { remoteHalf, type RemoteChanges } from '../support/tunnel.js';

const { signal } = new AbortController();

/** What a check says that goes through a remote to `target`. */
async function checked(
  target: Target,
  changes: { readonly remote?: RemoteChanges; readonly port?: number } = {},
): Promise<CheckResult> {
  const remote = await remoteHalf(changes.remote);
  const tunnel: Tunnel = {
    remote: { host: '127.0.0.1', port: changes.port ?? remote.port },
    cipher: remote.cipher,
    environment: systemEnvironment,
    resolver: createResolver(),
    timeouts: { ...defaultTimeouts, replyMs: 500 },
    pathWorks: () => Promise.resolve(true),
  };
  return checkThrough(tunnel, target, signal);
}

describe('a check as far as a name server', () => {
  it('proves the key when an answer comes back', async () => {
    const target = await nameServer();
    expect(await checked(target)).toMatchObject({ ok: true, verified: true });
    expect(target.accepted).toBe(1);
  });

  it('proves it by whatever comes back: nobody without the key could have sealed it', async () => {
    const mail = await startTarget({ serve: (peer) => void peer.send('220 mail.example ESMTP\r\n') });
    expect(await checked(mail)).toMatchObject({ ok: true, verified: true });
  });

  it.each(['aes-256-gcm', '2022-blake3-chacha20-poly1305'] as const)('works with %s', async (method) => {
    expect(await checked(await nameServer(), { remote: { method } })).toMatchObject({ ok: true });
  });

  it('fails at TCP when the server is not there', async () => {
    const result = await checked(await nameServer(), { port: await deadPort() });
    expect(result).toMatchObject({ ok: false, stage: 'tcp' });
  });

  it.each([
    ['nobody is there', async (): Promise<Target> => ({ host: '127.0.0.1', port: await deadPort() })],
    ['somebody is silent', () => startTarget({ serve: () => undefined })],
    [
      'somebody hangs up',
      () =>
        startTarget({
          serve: (peer) => {
            peer.end();
          },
        }),
    ],
  ])('fails at the authentication when %s, for that may be the key', async (_who, start) => {
    const target = await start();
    const result = await checked(target);
    expect(result).toMatchObject({
      ok: false,
      stage: 'authenticate',
      advice: expect.stringContaining(`no answer of 127.0.0.1:${target.port} came back: check key`) as string,
    });
  });
});
