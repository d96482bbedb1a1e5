import { expect, it } from 'vitest';
import { adviceOn, type FailedCheck } from '../../local/advice.js';
import { methods } from '../../shared/codec/methods.js';
import { AuthError, DialError, ProtocolError } from '../../shared/errors.js';

const failed: FailedCheck = {
  stage: 'authenticate',
  cause: new ProtocolError('expected an answer, got silence', 'silence'),
  wire: 'raw',
  method: methods['2022-blake3-aes-256-gcm'],
};
const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
const cut = new ProtocolError('stream: expected more, got the end of the connection', 'truncated');
const forged = new AuthError('tag: expected an authentic one, got another');

it('silence is blamed on the key, the method and, with a 2022 method, on the clocks', () => {
  expect(adviceOn(failed)).toMatch(/check key and method, and that both clocks/);
  const older = adviceOn({ ...failed, method: methods['aes-256-gcm'] });
  expect(older).toMatch(/check key and method$/);
});

it('an answer from another time is blamed on the clocks alone', () => {
  const cause = new AuthError('timestamp: expected within 30 s of our clock, got 3600 s behind', {
    code: 'clock',
  });
  expect(adviceOn({ ...failed, cause })).toMatch(/both clocks/);
  expect(adviceOn({ ...failed, cause })).not.toMatch(/method/);
});

it.each([
  ['closes', cut],
  ['resets', reset],
  ['says something not authentic', forged],
])('a server that %s is taken for another one, not for another key', (_how, cause) => {
  const advice = adviceOn({ ...failed, cause });
  expect(advice).toMatch(/^something else answers there: check host and port/);
  expect(advice).toContain('the ss:// form');
  expect(advice).not.toMatch(/key|clock/);
  expect(adviceOn({ ...failed, cause, wire: 'shadowsocks' })).not.toContain('ss://');
});

it.each(['network-unreachable', 'host-unreachable'] as const)('%s is blamed on this computer', (code) => {
  const cause = new DialError(code, 'dial: expected a connection, got ENETUNREACH');
  expect(adviceOn({ ...failed, stage: 'tcp', cause })).toContain('this computer seems to be offline');
});

it('a refused connection is blamed on what listens there', () => {
  const cause = new DialError('connection-refused', 'dial: expected a connection, got ECONNREFUSED');
  expect(adviceOn({ ...failed, stage: 'tcp', cause })).toContain('check that the remote runs');
});
