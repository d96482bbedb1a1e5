import { expect, it } from 'vitest';
import { checkPath, checkThrough } from '../../local/check.js';
import { methods } from '../../shared/codec/methods.js';
import type { Tunnel } from '../../shared/outbound/reach.js';
import { defaultTimeouts } from '../../shared/serve/timeouts.js';
import { cipherFor } from '../support/codec.js';
import { stillEnvironment } from '../support/gate.js';

const { signal } = new AbortController();

/** A tunnel whose name cannot be looked up, for this reason. */
function tunnel(code: string): Tunnel {
  const failure = Object.assign(new Error(`socket ${code}`), { code });
  return {
    remote: { host: 'remote.example', port: 1 },
    cipher: cipherFor(methods['2022-blake3-aes-256-gcm']),
    environment: stillEnvironment,
    pathWorks: () => Promise.resolve(true),
    resolver: { resolve: () => Promise.reject(failure), close: () => undefined },
    timeouts: defaultTimeouts,
  };
}

it.each(['EMFILE', 'ENOBUFS'])('a check that this computer has no means for says so (%s)', async (code) => {
  const found = await Promise.all([
    checkPath(tunnel(code), 'raw', signal),
    checkThrough(tunnel(code), { host: '192.0.2.1', port: 53 }, signal),
  ]);
  for (const check of found) {
    expect(check).toMatchObject({ ok: false, ownTrouble: true });
    expect(check).toHaveProperty('advice', expect.stringContaining('limit of open files'));
  }
});

it('a check that fails for the network says nothing of our own means', async () => {
  expect(await checkPath(tunnel('ENOTFOUND'), 'raw', signal)).not.toHaveProperty('ownTrouble');
});
