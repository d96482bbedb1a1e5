import { describe, expect, it } from 'vitest';
import { during, type HopPhase } from '../../shared/outbound/hop.js';
import { errno } from '../support/fake-net.js';
import { hopErrorOf, never } from '../support/scripted-proxy.js';

const hop = { protocol: 'SOCKS5', name: 'socks5://proxy.example' } as const;

describe('what fails at a hop', () => {
  it.each<[HopPhase, string, string]>([
    ['connect', 'ECONNREFUSED', 'unreachable'],
    ['connect', 'ETIMEDOUT', 'silence'],
    ['handshake', 'ECONNRESET', 'ended'],
    ['handshake', 'EPIPE', 'ended'],
    ['request', 'ERR_SSL_WRONG_VERSION_NUMBER', 'invalid'],
  ])('in the phase %s by %s is %s', async (phase, code, fault) => {
    const error = await hopErrorOf(during({ hop, phase, signal: never }, Promise.reject(errno(code))));
    expect([error.phase, error.fault]).toEqual([phase, fault]);
  });
});
