import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import type { PacketServer } from '../../shared/codec/packets.js';
import type { Cipher } from '../../shared/codec/session.js';
import { backends, fixedEnvironment, flipBit, hex, text, toHex } from '../support/codec.js';
import { household, identityMethods, identityVector, rosterOf } from '../support/identity.js';
import { clockAt, craftRequest, environmentOf, payload, refusalOf, target } from '../support/packets.js';

const nameServer = { host: '8.8.8.8', port: 53 };
const clientSession = hex('0102030405060708');
const serverSession = hex('1112131415161718');

/** The draw that makes 2 bytes of padding out of 1..895. */
const twoOfPadding = hex('00500000');

describe.each(backends)('identity headers of packets, %s', (backend) => {
  describe.each(identityMethods)('$name', (method) => {
    const house = household(method, backend);

    function serverOf(seed = 2): PacketServer {
      return packetServer(house.remote, environmentOf(clockAt(), seed), house.roster);
    }

    function packetOf(cipher: Cipher, seed = 1): Uint8Array {
      return packetClient(cipher, environmentOf(clockAt(), seed)).seal(target, payload);
    }

    test('packets are byte for byte those of SIP023', () => {
      const vector = identityVector(method);
      for (const [identityKeys, expected] of [
        [[vector.ipsk0], vector.udp_c2s_1ipsk],
        [[vector.ipsk0, vector.ipsk1], vector.udp_c2s_2ipsk],
      ] as const) {
        const cipher = { method, key: vector.psk, backend, identityKeys };
        const client = packetClient(cipher, fixedEnvironment([clientSession, twoOfPadding]));
        // The vector has the packet ID 7, so that seven others go before it.
        for (let sent = 0; sent < 7; sent++) client.seal({ host: '192.0.2.1', port: 9 }, payload);
        expect(toHex(client.seal(nameServer, payload))).toBe(toHex(expected));
        expect(client.open(vector.udp_s2c).source).toEqual(nameServer);
      }
    });

    test('the remote opens the packet of the vector, and answers it with the key of the user alone', () => {
      const vector = identityVector(method);
      const users = rosterOf([...house.users, { name: 'zoe', cipher: { method, key: vector.psk, backend } }]);
      const own = { method, key: vector.ipsk0, backend };
      const server = packetServer(own, fixedEnvironment([serverSession, twoOfPadding]), users);
      const opened = server.open(vector.udp_c2s_1ipsk);
      expect(opened.user).toBe('zoe');
      expect(opened.target).toEqual(nameServer);
      expect(text(opened.payload)).toBe('hello');
      expect(toHex(opened.sealer.seal(nameServer, payload))).toBe(toHex(vector.udp_s2c));
    });

    test('users have sessions of their own, and hear only their own answers', () => {
      const server = serverOf();
      const ann = packetClient(house.client('ann'), environmentOf(clockAt(), 3));
      const ben = packetClient(house.client('ben'), environmentOf(clockAt(), 4));
      const [first, second] = [ann.seal(target, payload), ben.seal(target, payload)].map((packet) =>
        server.open(packet),
      );
      expect([first?.user, second?.user]).toEqual(['ann', 'ben']);
      expect(first?.session).not.toBe(second?.session);
      expect(server.open(ann.seal(target, payload)).session).toBe(first?.session);
      const answer = first?.sealer.seal(target, payload) ?? expect.fail('nothing to answer with');
      expect(() => ben.open(answer)).toThrow();
      expect(text(ann.open(answer).payload)).toBe('hello');
    });

    test('a packet in the session of another user is refused, and the session goes on', () => {
      const server = serverOf();
      const ids = { session: 77n, packet: 0n };
      const env = environmentOf(clockAt());
      expect(server.open(craftRequest(house.client('ann'), ids, env)).user).toBe('ann');
      const intruding = craftRequest(house.client('ben'), { ...ids, packet: 1n }, env);
      expect(() => server.open(intruding)).toThrow('of another');
      expect(server.open(craftRequest(house.client('ann'), { ...ids, packet: 1n }, env)).user).toBe('ann');
    });

    test('a repeated packet is refused as one', () => {
      const server = serverOf();
      const packet = packetOf(house.client('eve'));
      expect(refusalOf(() => server.open(packet))).toBe('none');
      expect(refusalOf(() => server.open(packet))).toBe('replay');
    });

    test('a stranger, the key of the remote alone and no header at all are refused', () => {
      const own = house.users[0]?.cipher ?? expect.fail('no user');
      for (const cipher of [
        house.client('nobody'),
        house.remote,
        own,
        { ...house.remote, identityKeys: [house.remote.key] },
      ]) {
        expect(refusalOf(() => serverOf().open(packetOf(cipher)))).toBe('auth');
      }
      const plain = packetServer(house.remote, environmentOf(clockAt()));
      expect(refusalOf(() => plain.open(packetOf(house.client('ann'))))).toBe('auth');
    });

    test('any flipped bit and any cut is refused, and leaves no trace', () => {
      const server = serverOf();
      const packet = packetOf(house.client('ann'));
      for (let bit = 0; bit < 8 * packet.length; bit += 5) {
        expect(refusalOf(() => server.open(flipBit(packet, bit)))).toBe('auth');
      }
      for (let length = 0; length < packet.length; length += 3) {
        expect(refusalOf(() => server.open(packet.subarray(0, length)))).toBe('auth');
      }
      expect(refusalOf(() => server.open(concat([packet, Uint8Array.of(0)])))).toBe('auth');
      expect(server.open(packet).user).toBe('ann');
    });
  });
});
