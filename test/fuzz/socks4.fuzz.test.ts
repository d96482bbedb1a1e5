import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIp } from '../../shared/codec/ip.js';
import { ProtocolError, type Refusal } from '../../shared/errors.js';
import { checkHostname } from '../../shared/proxy/hostname.js';
import { DeniedError } from '../../shared/proxy/request.js';
import { acceptSocks4, readSocks4Reply, socks4Replies } from '../../shared/proxy/socks4.js';
import { toHex } from '../support/codec.js';
import { converse, cutAt } from '../support/handshake.js';
import { hostileNames } from '../support/socks.js';
import { fuzzRuns } from '../support/fuzz.js';

const text = fc
  .uint8Array({ maxLength: 300 })
  .map((bytes) => bytes.map((byte) => (byte === 0 ? 0x61 : byte)));
const name = fc.oneof(
  { weight: 3, arbitrary: fc.domain().map((domain) => Uint8Array.from(Buffer.from(domain))) },
  fc
    .constantFrom(...hostileNames)
    .map((hostile) => Uint8Array.from(Buffer.from(hostile.replaceAll('\0', '0')))),
  text,
);
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }),
  fc.integer({ min: 0, max: 255 }).map((lowest) => Uint8Array.of(0, 0, 0, lowest)),
);
/** A request with every field right or wrong, each by itself. */
const request = fc.record({
  version: fc.oneof({ weight: 9, arbitrary: fc.constant(4) }, fc.nat(255)),
  command: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(1, 2) }, fc.nat(255)),
  port: fc.oneof(fc.constant(0), fc.nat(65_535)),
  address,
  user: text,
  name,
});
const places = fc.array(fc.nat(600), { maxLength: 6 });
const rejected = '005b000000000000';

test('a SOCKS4 request of any fields is granted a hearing, rejected or closed, by the rules', () => {
  fc.assert(
    fc.property(request, places, (fields, cuts) => {
      const { version, command, port, address: ip, user } = fields;
      const named = ip[0] === 0 && ip[1] === 0 && ip[2] === 0 && ip[3] !== 0;
      const host = named ? Buffer.from(fields.name).toString('latin1') : formatIp(ip);
      const bytes = Uint8Array.from(
        [
          [version, command, port >>> 8, port & 255],
          [...ip],
          [...user, 0],
          named ? [...fields.name, 0] : [],
        ].flat(),
      );
      const { result, error, written } = converse(acceptSocks4(), cutAt(bytes, cuts));
      if (version !== 4 || user.length > 255) {
        expect(error).toBeInstanceOf(ProtocolError);
        expect(written).toHaveLength(0);
      } else if (result === undefined) {
        expect(error).toBeInstanceOf(ProtocolError);
        expect(toHex(written)).toBe(rejected);
      } else {
        expect(result.command).toBe(command === 1 ? 'connect' : 'bind');
        expect(result.target.port).toBe(port);
        expect(port > 0 || command === 2).toBe(true);
        expect(result.words).toEqual(bytes);
        expect(written).toHaveLength(0);
        if (!named) expect(result.target.host).toBe(host);
        // A name of letters only cannot be an address: it is asked for as it came.
        else if (checkHostname(host) === undefined) expect(result.target.host).toBe(host);
      }
      const plain = named ? checkHostname(host) === undefined : host !== '0.0.0.0';
      const sound = version === 4 && user.length <= 255 && (command === 2 || (command === 1 && port > 0));
      if (plain && sound) expect(result).toBeDefined();
    }),
    { numRuns: fuzzRuns(1500) },
  );
});

test('any bytes end in a request, a rejection or silence, and in a denial when credentials are wanted', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 700 }), places, (rubbish, cuts) => {
      const bytes = Uint8Array.from([4, ...rubbish]);
      const open = converse(acceptSocks4(), cutAt(bytes, cuts));
      const closed = converse(acceptSocks4({ closed: true }), cutAt(bytes, cuts));
      expect(['', rejected]).toContain(toHex(open.written));
      expect(closed.written).toHaveLength(0);
      expect(closed.waiting).toBe(open.waiting);
      if (!open.waiting && !String(open.error).includes('user id')) {
        expect(closed.error).toBeInstanceOf(DeniedError);
      }
    }),
    { numRuns: fuzzRuns(1500) },
  );
});

test('any answer is understood as it was meant, or not at all', () => {
  const target = fc.record({ host: fc.oneof(fc.ipV4(), fc.ipV6()), port: fc.nat(65_535) });
  const asked = converse(acceptSocks4(), [Uint8Array.of(4, 1, 0, 80, 192, 0, 2, 1, 0)]).result;
  fc.assert(
    fc.property(target, fc.uint8Array({ minLength: 8, maxLength: 8 }), (bound, rubbish) => {
      const granted = asked?.granted(bound) ?? rubbish;
      const reply = converse(readSocks4Reply(), [granted]).result;
      expect(reply).toMatchObject({ refusal: undefined, bound: { port: bound.port } });
      if (!bound.host.includes(':')) expect(reply?.bound).toEqual(bound);
      const { error } = converse(readSocks4Reply(), [rubbish]);
      if (error !== undefined) expect(error).toBeInstanceOf(ProtocolError);
    }),
    { numRuns: fuzzRuns(500) },
  );
  for (const refusal of Object.keys(socks4Replies) as Refusal[]) {
    const refused = asked?.refused(refusal) ?? new Uint8Array(0);
    expect(converse(readSocks4Reply(), [refused]).result?.refusal).toBe('general-failure');
  }
});
