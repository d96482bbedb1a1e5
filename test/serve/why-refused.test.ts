import { describe, expect, it } from 'vitest';
import { DialError, RefusedError } from '../../shared/errors.js';
import { dialErrorOf } from '../../shared/net/dial-errors.js';
import { HopError, type HopTrouble } from '../../shared/outbound/hop.js';
import { FarFailure, FarRefusal } from '../../shared/outbound/outbound.js';
import { whyRefused } from '../../shared/serve/why-refused.js';

function errno(code: string): Error {
  return Object.assign(new Error(`connect ${code} secret.example`), { code });
}

function hop(trouble: Pick<HopTrouble, 'phase' | 'fault' | 'code'>): HopError {
  return new HopError(
    { protocol: 'SOCKS5', name: 'socks5://a:1' },
    { message: 'expected x, got y', ...trouble },
  );
}

const remote = { host: 'remote.example', port: 1 };

describe('why something was refused', () => {
  it.each<readonly [string, unknown, object]>([
    [
      'a target that refuses',
      dialErrorOf(errno('ECONNREFUSED')),
      { reason: 'connection-refused', at: 'target' },
    ],
    [
      'a missing unix socket',
      dialErrorOf(errno('ENOENT')),
      { reason: 'general-failure', at: 'target', why: 'ENOENT' },
    ],
    [
      'a name that nobody has',
      new DialError('name-not-resolved', 'x'),
      { reason: 'name-not-resolved', at: 'target' },
    ],
    ['no descriptors here', dialErrorOf(errno('EMFILE')), { reason: 'general-failure', why: 'EMFILE' }],
    ['our own rules', new RefusedError('x'), { reason: 'not-allowed' }],
    ['anything else', new Error('x'), { reason: 'general-failure' }],
    [
      'a remote that is not there',
      new FarFailure(remote, errno('ECONNREFUSED')),
      { at: 'proxy', why: 'ECONNREFUSED' },
    ],
    ['what a remote says', new FarRefusal('timed-out'), { reason: 'timed-out', at: 'target' }],
    [
      'a proxy that is not there',
      hop({ phase: 'connect', fault: 'unreachable', code: 'connection-refused' }),
      { reason: 'connection-refused', at: 'proxy', why: 'unreachable' },
    ],
    ['a wrong password', hop({ phase: 'auth', fault: 'auth-failed' }), { at: 'proxy', why: 'auth-failed' }],
    [
      'what a proxy says',
      hop({ phase: 'request', fault: 'refused', code: 'host-unreachable' }),
      { reason: 'host-unreachable', at: 'target' },
    ],
    [
      'a proxy that never says',
      new DialError('timed-out', 'x', { cause: hop({ phase: 'request', fault: 'given-up' }) }),
      { reason: 'timed-out', why: 'given-up' },
    ],
  ])('is known of %s', (_, failure, expected) => {
    const { detail, ...told } = whyRefused(failure);
    expect(detail).toContain(failure instanceof Error ? failure.message : '');
    expect(told).toEqual({ reason: 'general-failure', ...expected });
  });
});
