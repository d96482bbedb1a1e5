import { describe, expect, test } from 'vitest';
import { concat, writeU16 } from '../../shared/bytes.js';
import { encodeTarget } from '../../shared/codec/address.js';
import { encodeAnswer, encodeRequest } from '../../shared/codec/packets-body.js';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import type { OpenedPacket, PacketClient, PacketServer } from '../../shared/codec/packets.js';
import { cipherFor, fixedEnvironment, hex, methods2022, pattern, text } from '../support/codec.js';
import {
  clockAt,
  craftFrame,
  craftRequest,
  environmentOf,
  payload,
  refusalOf,
  target,
} from '../support/packets.js';
import type { Clock } from '../support/packets.js';

const nameServer = { host: '192.0.2.1', port: 53 };
const address = encodeTarget(target);
const ids = { session: 1n, packet: 0n };

interface Pair {
  readonly clock: Clock;
  readonly client: PacketClient;
  readonly server: PacketServer;
}

describe.each(methods2022)('packets of $name', (method) => {
  const cipher = cipherFor(method);

  function pair(clock: Clock = clockAt()): Pair {
    return {
      clock,
      client: packetClient(cipher, environmentOf(clock, 1)),
      server: packetServer(cipher, environmentOf(clock, 2)),
    };
  }

  /** A body of a genuine request with something else from an offset on. */
  function bodyWith(offset: number, ...rest: readonly Uint8Array[]): Uint8Array {
    const body = encodeRequest({ peer: target, payload }, environmentOf(clockAt()));
    return concat([body.subarray(0, offset), ...rest]);
  }

  function open(body: Uint8Array): OpenedPacket {
    return pair().server.open(craftFrame(cipher, ids, { body, env: environmentOf(clockAt(), 3) }));
  }

  describe('time', () => {
    test.each([-30, 0, 30])('a packet %i s old is taken', (age) => {
      const { clock, client, server } = pair();
      const packet = client.seal(target, payload);
      clock.seconds += age;
      const opened = server.open(packet);
      expect(opened.timestamp).toBe(clock.seconds - age);
      const answer = opened.sealer.seal(target, payload);
      clock.seconds += age;
      expect(text(client.open(answer).payload)).toBe('hello');
    });

    test.each([-31, 31, 3600])('a packet %i s old is refused, and taken once the clock is right', (age) => {
      const { clock, client, server } = pair();
      const packet = client.seal(target, payload);
      clock.seconds += age;
      expect(refusalOf(() => server.open(packet))).toBe('clock');
      clock.seconds -= age;
      const answer = server.open(packet).sealer.seal(target, payload);
      clock.seconds += age;
      expect(refusalOf(() => client.open(answer))).toBe('clock');
      clock.seconds -= age;
      expect(text(client.open(answer).payload)).toBe('hello');
    });
  });

  describe('bodies sealed with the right key', () => {
    test.each([
      ['nothing at all', hex('')],
      ['a type alone', hex('00')],
      ['a timestamp without a padding length', bodyWith(10)],
      ['no address', bodyWith(11)],
      ['an address cut short', bodyWith(11, address.subarray(0, -1))],
      ['a padding length beyond the end', bodyWith(9, hex('ffff'), address)],
      ['padding that swallows the address', bodyWith(9, hex('0007'), address)],
      ['padding longer than what is left by one', bodyWith(9, hex('0008'), address)],
      ['an unknown ATYP', bodyWith(11, hex('0200'))],
      ['a domain of no bytes', bodyWith(11, hex('03000050'))],
      ['a domain that runs over the end', bodyWith(11, hex('03ff6161610050'))],
      ['a domain with a NUL', bodyWith(11, hex('03036100610050'))],
      ['port 0', bodyWith(11, encodeTarget({ ...target, port: 0 }))],
    ])('%s is the client’s mistake', (_, body) => {
      expect(refusalOf(() => open(body))).toBe('protocol');
    });

    test('the refusal says what is missing', () => {
      expect(() => open(bodyWith(10))).toThrow('packet body: expected at least 11 bytes, got 10');
      expect(() => open(bodyWith(9, hex('0008'), address))).toThrow(
        'padding: expected at most 7 bytes, got 8',
      );
    });

    test('the type of an answer is refused', () => {
      const env = environmentOf(clockAt());
      expect(refusalOf(() => open(encodeAnswer(1n, { peer: target, payload }, env)))).toBe('auth');
      expect(refusalOf(() => open(concat([hex('02'), bodyWith(9).subarray(1), hex('0000'), address])))).toBe(
        'auth',
      );
    });

    test('any amount of padding is skipped, whatever is in it', () => {
      for (const length of [1, 900, 901, 60_000]) {
        const padded = concat([new Uint8Array(2), pattern(length), address, payload]);
        writeU16(padded, 0, length);
        const opened = open(bodyWith(9, padded));
        expect(opened.target).toEqual(target);
        expect(text(opened.payload)).toBe('hello');
      }
    });

    test('a packet that was refused leaves its session and its number free', () => {
      const env = environmentOf(clockAt(), 3);
      const { server } = pair();
      expect(refusalOf(() => server.open(craftFrame(cipher, ids, { body: bodyWith(11), env })))).toBe(
        'protocol',
      );
      const first = server.open(craftRequest(cipher, ids, env));
      const malformed = craftFrame(cipher, { ...ids, packet: 90_000n }, { body: bodyWith(11), env });
      expect(refusalOf(() => server.open(malformed))).toBe('protocol');
      // Had the malformed one moved the window, this number would be too old.
      expect(server.open(craftRequest(cipher, { ...ids, packet: 1n }, env)).session).toBe(first.session);
    });
  });

  describe('sessions at the remote', () => {
    const env = environmentOf(clockAt(), 3);

    test('all packets of a session have the same object, those of another have another', () => {
      const { client, server } = pair();
      const other = packetClient(cipher, environmentOf(clockAt(), 4));
      const { session } = server.open(client.seal(target, payload));
      expect(session).toBeDefined();
      expect(server.open(client.seal(nameServer, payload)).session).toBe(session);
      const second = server.open(other.seal(target, payload));
      expect(second.session).not.toBe(session);
      expect(second.sealer).toBe(second.session);
      expect(server.open(client.seal(target, payload)).session).toBe(session);
    });

    test('the sequence of WireGuard goes over the wire', () => {
      const { server } = pair();
      const limit = 8129n;
      const taken = [0n, 1n, 9n, 8n, 7n, limit, limit - 1n, limit - 2n, 2n, limit + 16n, limit * 4n];
      for (const packet of taken) {
        expect(refusalOf(() => server.open(craftRequest(cipher, { ...ids, packet }, env)))).toBe('none');
        expect(refusalOf(() => server.open(craftRequest(cipher, { ...ids, packet }, env)))).toBe('replay');
      }
      expect(refusalOf(() => server.open(craftRequest(cipher, { ...ids, packet: 3n }, env)))).toBe('replay');
    });

    test.each([0n, 0xffff_ffff_ffff_ffffn])('session ID %i is as good as any', (session) => {
      const opened = pair().server.open(craftRequest(cipher, { session, packet: 5n }, env));
      expect(text(opened.payload)).toBe('hello');
    });

    test('a packet ID from 2^64 − 2^13 on is refused, and one before it taken, from the first packet on', () => {
      const limit = 2n ** 64n - 2n ** 13n;
      const { server } = pair();
      const attempt = (packet: bigint): string =>
        refusalOf(() => server.open(craftRequest(cipher, { ...ids, packet }, env)));
      expect([limit, 2n ** 64n - 1n].map(attempt)).toEqual(['replay', 'replay']);
      expect([limit - 1n, limit].map(attempt)).toEqual(['none', 'replay']);
    });

    test('a session that has ended is forgotten, and its end does not end the one after it', () => {
      const { client, server } = pair();
      const packet = client.seal(target, payload);
      const first = server.open(packet);
      first.session?.end();
      const second = server.open(packet);
      expect(second.session).not.toBe(first.session);
      first.session?.end();
      expect(refusalOf(() => server.open(packet))).toBe('replay');
      expect(server.open(client.seal(target, payload)).session).toBe(second.session);
    });
  });

  test('a body that ends before the padding length is the remote’s mistake', () => {
    const clientSession = hex('0000000000000007');
    const client = packetClient(cipher, fixedEnvironment([clientSession]));
    const env = environmentOf(clockAt(), 3);
    const whole = encodeAnswer(7n, { peer: target, payload }, env);
    for (let length = 0; length < whole.length - payload.length; length++) {
      const packet = craftFrame(cipher, ids, { body: whole.subarray(0, length), env });
      expect(refusalOf(() => client.open(packet))).toBe('protocol');
    }
    expect(text(client.open(craftFrame(cipher, ids, { body: whole, env })).payload)).toBe('hello');
  });

  describe('padding', () => {
    const overhead = (length: number, port: number, seed: number): number => {
      const client = packetClient(cipher, environmentOf(clockAt(), seed));
      return client.seal({ host: '192.0.2.1', port }, new Uint8Array(length)).length - length;
    };

    test('packets to a name server are filled with 1 byte up to 900 in all, others are not', () => {
      const bare = overhead(40, 4000, 1);
      for (let seed = 1; seed < 40; seed++) {
        expect(overhead(40, 54, seed)).toBe(bare);
        expect(overhead(40, 53, seed) - bare).toBeGreaterThanOrEqual(1);
        expect(overhead(40, 53, seed) - bare).toBeLessThanOrEqual(860);
        expect(overhead(899, 53, seed) - bare).toBe(1);
        expect(overhead(900, 53, seed)).toBe(bare);
      }
    });

    test('its length is drawn anew for each', () => {
      const client = packetClient(cipher, environmentOf(clockAt()));
      const lengths = Array.from({ length: 40 }, () => client.seal(nameServer, payload).length);
      expect(new Set(lengths).size).toBeGreaterThan(20);
    });
  });
});
