import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError, type Refusal } from '../../shared/errors.js';
import { checkHostname } from '../../shared/proxy/hostname.js';
import { type Command, DeniedError } from '../../shared/proxy/request.js';
import { acceptSocks5, readRequest } from '../../shared/proxy/socks5.js';
import { readSocks5Reply, requestSocks5, socks5Request } from '../../shared/proxy/socks5-client.js';
import { socks5Replies } from '../../shared/proxy/socks5-message.js';
import { sendCredentials } from '../../shared/proxy/socks5-auth.js';
import { parseIp } from '../../shared/codec/ip.js';
import { toHex } from '../support/codec.js';
import { converse, cutAt, type Outcome } from '../support/handshake.js';
import { fuzzRuns } from '../support/fuzz.js';
import { hostileNames, knowsAlice } from '../support/socks.js';

const places = fc.array(fc.nat(900), { maxLength: 6 });
const often = <T>(usual: fc.Arbitrary<T>, seldom: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 6, arbitrary: usual }, seldom);
const byte = fc.nat(255);
const rubbish = fc.uint8Array({ maxLength: 255 });
const prefixed = fc.oneof(
  rubbish,
  fc.domain().map((domain) => Uint8Array.from(Buffer.from(domain))),
  fc
    .constantFrom(...hostileNames, '127.0.0.1', '[::1]', '::')
    .map((host) => Uint8Array.from(Buffer.from(host))),
);
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((ip) => [1, ...ip]),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((ip) => [4, ...ip]),
  prefixed.map((name) => [3, name.length, ...name]),
  fc.tuple(byte, rubbish).map(([type, more]) => [type, ...more]),
);
const port = fc.oneof(fc.constant([0, 0]), fc.tuple(byte, byte));
const request = fc
  .tuple(often(fc.constant(5), byte), often(fc.constantFrom(1, 2, 3), byte), byte, address, port)
  .map((fields) => fields.flat());
const methods = often(fc.constantFrom<number[]>([0], [2], [0, 2]), fc.array(byte, { maxLength: 255 }));
const alice = [1, 5, ...Buffer.from('alice'), 3, ...Buffer.from('b:c')];
const auth = often(
  fc.constant(alice),
  fc
    .tuple(often(fc.constant(1), byte), rubbish, rubbish)
    .map(([version, user, password]) => [
      ...[version, user.length, ...user],
      ...[password.length, ...password],
    ]),
);
const replies = Object.values(socks5Replies).map((reply) => `050${reply}0001000000000000`);

/** What may be told to anybody after `before`: nothing yet, or one refusal. */
function expectSaid({ written, result, waiting }: Outcome<unknown>, before: readonly string[]): void {
  const said = toHex(written);
  const possible = [...before, ...before.flatMap((words) => replies.map((reply) => words + reply))];
  expect(possible).toContain(said);
  if (result !== undefined || waiting) expect(before).toContain(said);
}

test('whatever a client says, it gets one answer to each message, and no target that is not plain', () => {
  fc.assert(
    fc.property(methods, request, fc.boolean(), places, (offered, asked, cutShort, cuts) => {
      const whole = Uint8Array.from([5, offered.length, ...offered, ...asked]);
      const bytes = cutShort ? whole.subarray(0, cuts[0]) : whole;
      const outcome = converse(acceptSocks5(), cutAt(bytes, cuts));
      const { result, error } = outcome;
      expectSaid(outcome, ['', '05ff', '0500']);
      if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
      if (result === undefined) return;
      const { target, command, words } = result;
      expect(parseIp(target.host) ?? checkHostname(target.host)).not.toBeTypeOf('string');
      expect(command === 'connect' && target.port === 0).toBe(false);
      expect(command === 'bind' && ['0.0.0.0', '::'].includes(target.host)).toBe(false);
      expect(words).toEqual(bytes.subarray(0, words.length));
      expect(words.length + outcome.rest.length).toBe(bytes.length);
      expect(converse(readRequest(), [socks5Request(command, target)]).result).toMatchObject({
        command,
        target,
      });
    }),
    { numRuns: fuzzRuns(1200) },
  );
});

test('nobody comes in without the right credentials', () => {
  fc.assert(
    fc.property(methods, auth, request, places, (offered, credentials, asked, cuts) => {
      const bytes = Uint8Array.from([5, offered.length, ...offered, ...credentials, ...asked]);
      const outcome = converse(acceptSocks5(knowsAlice), cutAt(bytes, cuts));
      const right =
        offered.includes(2) && toHex(Uint8Array.from(credentials)) === toHex(Uint8Array.from(alice));
      expectSaid(outcome, right ? ['05020100'] : ['', '05ff', '0502']);
      if (right) return;
      expect(outcome.result).toBeUndefined();
      if (offered.includes(2))
        expect(outcome.error ?? new DeniedError('SOCKS5', bytes)).toBeInstanceOf(DeniedError);
      else expect(outcome.error).toMatchObject({ code: 'denied' });
    }),
    { numRuns: fuzzRuns(1200) },
  );
});

test('what our client says, our proxy hears', () => {
  const commands = fc.constantFrom<Command>('connect', 'bind', 'associate');
  const target = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()), port: fc.nat(65_535) });
  const reasons = fc.constantFrom(...(Object.keys(socks5Replies) as Refusal[]));
  fc.assert(
    fc.property(commands, target, reasons, places, (command, asked, reason, cuts) => {
      const { written } = converse(requestSocks5(command, asked), []);
      const { result } = converse(readRequest(), cutAt(written, cuts));
      if (result === undefined) return;
      expect(result.command).toBe(command);
      expect(result.target.port).toBe(asked.port);
      const granted = converse(readSocks5Reply(), cutAt(result.granted(result.target), cuts)).result;
      expect(granted).toMatchObject({ refusal: undefined, bound: result.target });
      const refused = converse(readSocks5Reply(), cutAt(result.refused(reason), cuts)).result;
      expect(refused?.refusal && socks5Replies[refused.refusal]).toBe(socks5Replies[reason]);
    }),
    { numRuns: fuzzRuns(500) },
  );
});

test('what our client says of itself, our proxy hears', () => {
  const word = fc.string({ minLength: 1, maxLength: 60, unit: 'grapheme' });
  fc.assert(
    fc.property(word, word, (user, password) => {
      const { written } = converse(sendCredentials({ user, password }), []);
      const heard: Uint8Array[] = [];
      const check = (...said: readonly Uint8Array[]): boolean => heard.push(...said) > 0;
      converse(acceptSocks5(check), [Uint8Array.of(5, 1, 2), written]);
      expect(heard.map((bytes) => Buffer.from(bytes))).toEqual([Buffer.from(user), Buffer.from(password)]);
    }),
    { numRuns: fuzzRuns(300) },
  );
});

test('any bytes are an answer or a protocol error', () => {
  const reply = fc.oneof(
    rubbish,
    request.map((message) => Uint8Array.from(message)),
  );
  fc.assert(
    fc.property(reply, places, (bytes, cuts) => {
      const { error, written } = converse(readSocks5Reply(), cutAt(bytes, cuts));
      if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
      expect(written).toHaveLength(0);
    }),
    { numRuns: fuzzRuns(500) },
  );
});
