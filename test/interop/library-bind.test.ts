/** BIND of the client library through real proxies: a port over there, and whoever comes to it. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { Socks4Error, Socks5Error } from '../../index.js';
import { connect } from '../support/peer.js';
import { startDanted } from './danted.js';
import { login } from './doors.js';
import { startLocal } from './halves.js';
import { dialerForTest } from '../support/client.js';
import { expectEchoed, rejection } from './library.js';
import { credential, startOurRemote } from './real-proxies.js';

async function startBindingLocal(): Promise<string> {
  return (await startLocal(await startOurRemote(['--allow-bind']))).listen;
}

const proxies: Readonly<Record<string, () => Promise<string>>> = {
  'dante, SOCKS4': async () => `socks4://someone@${await startDanted()}`,
  'dante, SOCKS5': async () => `socks5://${await startDanted()}`,
  'dante, SOCKS5 with a password': async () => `socks5://${login}${await startDanted(credential)}`,
  'our local, SOCKS4': async () => `socks4://someone@${await startBindingLocal()}`,
  'our local, SOCKS5': async () => `socks5://${await startBindingLocal()}`,
  'our remote': () => startOurRemote(['--allow-bind']),
};

describe.each(Object.entries(proxies))('a binding at %s', (_name, start) => {
  it('says where it waits, then brings who came', async () => {
    const dialer = dialerForTest(await start());
    const binding = await dialer.bind({ host: '127.0.0.1', port: 21 });
    onTestFinished(() => {
      binding.close();
    });
    expect(binding.bound).toEqual({ host: '127.0.0.1', port: expect.any(Number) as number });
    const caller = await connect(binding.bound.port);
    const socket = await binding.accepted;
    caller.socket.removeAllListeners('data').pipe(caller.socket);
    await expectEchoed(socket, 1_000_000);
  });
});

describe('a binding', () => {
  it('is refused by a remote that does not allow it, in the words of each protocol', async () => {
    const remote = await startOurRemote();
    const { listen } = await startLocal(remote);
    const from = { host: '127.0.0.1', port: 21 };
    const bySocks5 = { kind: Socks5Error, code: 'ERR_PROXY_NOT_ALLOWED', phase: 'request', reply: 2 };
    expect(await rejection(dialerForTest(remote).bind(from))).toEqual(bySocks5);
    expect(await rejection(dialerForTest(`socks5://${listen}`).bind(from))).toEqual(bySocks5);
    const bySocks4 = { kind: Socks4Error, code: 'ERR_PROXY_FAILURE', phase: 'request', reply: 91 };
    expect(await rejection(dialerForTest(`socks4://${listen}`).bind(from))).toEqual(bySocks4);
  });
});
