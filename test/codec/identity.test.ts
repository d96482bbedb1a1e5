import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { identitySubkey, keyHash } from '../../shared/codec/keys.js';
import type { Cipher } from '../../shared/codec/session.js';
import { RequestOpener, RequestSealer, ResponseOpener, ResponseSealer } from '../../shared/codec/stream.js';
import type { OpenedRequest } from '../../shared/codec/stream.js';
import { streamUsers } from '../../shared/codec/users.js';
import {
  ascii,
  backends,
  byteByByte,
  fixedEnvironment,
  flipBit,
  hex,
  openAll,
  pattern,
  sealed,
  text,
  toHex,
} from '../support/codec.js';
import { household, rosterOf, type Household, identityMethods, identityVector } from '../support/identity.js';

const target = { host: 'example.com', port: 443 };

/** The draw that makes 3 bytes of padding out of 0..895, for a first payload of 5. */
const threeOfPadding = hex('00e00000');

function requestOf(cipher: Cipher): Uint8Array {
  const request = new RequestSealer(cipher, target, fixedEnvironment());
  return sealed((out) => {
    request.seal(ascii('hello'), out);
  });
}

function openerOf({ remote, roster }: Household): RequestOpener {
  const asking = { users: streamUsers(remote, roster, fixedEnvironment()), source: '192.0.2.7' };
  return new RequestOpener(remote, fixedEnvironment(), asking);
}

function openRequest(house: Household, bytes: Uint8Array): OpenedRequest {
  return openerOf(house).open(bytes) ?? expect.fail('a whole request asked for more');
}

describe.each(backends)('identity headers of streams, %s', (backend) => {
  describe.each(identityMethods)('$name', (method) => {
    const house = household(method, backend);

    test('a request is byte for byte that of SIP023', () => {
      const vector = identityVector(method);
      expect(keyHash(vector.psk)).toEqual(vector.psk_hash16);
      const last = identitySubkey(method, vector.ipsk1, vector.request_salt);
      expect(
        [vector.ipsk0, vector.ipsk1].map((key) => toHex(identitySubkey(method, key, vector.request_salt))),
      ).toContain(toHex(vector.eih1_identity_subkey));
      expect(last).toHaveLength(method.keyLength);
      for (const [identityKeys, expected] of [
        [[vector.ipsk0], vector.tcp_request_1ipsk],
        [[vector.ipsk0, vector.ipsk1], vector.tcp_request_2ipsk],
      ] as const) {
        const env = fixedEnvironment([vector.request_salt, threeOfPadding]);
        const request = new RequestSealer({ method, key: vector.psk, backend, identityKeys }, target, env);
        const bytes = sealed((out) => {
          request.seal(ascii('hello'), out);
          request.seal(ascii('world'), out);
        });
        expect(toHex(bytes)).toBe(toHex(expected));
      }
    });

    test('the remote opens the request of the vector with the key of the user that it names', () => {
      const vector = identityVector(method);
      const own = { method, key: vector.ipsk0, backend };
      const roster = rosterOf([
        ...house.users,
        { name: 'zoe', cipher: { method, key: vector.psk, backend } },
      ]);
      const opened = openRequest({ ...house, remote: own, roster }, vector.tcp_request_1ipsk);
      expect(opened.user).toBe('zoe');
      expect(opened.target).toEqual(target);
      expect(text(opened.payload)).toBe('hello');
      const rest = vector.tcp_request_1ipsk.subarray(opened.consumed);
      expect(text(openAll(opened.opener, [rest]).plaintext)).toBe('world');
    });

    test.each(['ann', 'ben', 'eve'])(
      '%s is told from the others, and answered under a key of their own',
      (name) => {
        const client = house.client(name);
        const bytes = requestOf(client);
        const opened = openRequest(house, bytes);
        expect(opened.user).toBe(name);
        expect(opened.consumed).toBe(bytes.length);
        const dice = fixedEnvironment([pattern(method.saltLength, 9)]);
        const response = new ResponseSealer(opened.cipher, opened.salt, dice);
        const answer = sealed((out) => {
          response.seal(ascii('hi'), out);
        });
        const options = { endMarks: false };
        const heard = new ResponseOpener(client, opened.salt, fixedEnvironment(), options);
        expect(text(openAll(heard, [answer]).plaintext)).toBe('hi');
        const other = house.client(name === 'ann' ? 'ben' : 'ann');
        const deaf = new ResponseOpener(other, opened.salt, fixedEnvironment(), options);
        expect(() => openAll(deaf, [answer])).toThrow('tag');
      },
    );

    test('nothing depends on how the bytes come in', () => {
      const bytes = requestOf(house.client('ben'));
      const opener = openerOf(house);
      const came: Uint8Array[] = [];
      let opened: OpenedRequest | undefined;
      for (const byte of byteByByte(bytes)) {
        expect(opened).toBeUndefined();
        came.push(byte);
        opened = opener.open(concat(came));
      }
      expect(opened?.user).toBe('ben');
      expect(openRequest(house, concat([bytes, ascii('trailing')])).consumed).toBe(bytes.length);
    });

    test('a stranger, the key of the remote alone and no header at all are refused', () => {
      expect(() => openRequest(house, requestOf(house.client('nobody')))).toThrow('identity header');
      expect(() => openRequest(house, requestOf(house.remote))).toThrow('identity header');
      const own = house.users[0]?.cipher ?? expect.fail('no user');
      expect(() => openRequest(house, requestOf(own))).toThrow('identity header');
      // Every user knows the key of the remote: it must not do for a name.
      const asRemote = { ...house.remote, identityKeys: [house.remote.key] };
      expect(() => openRequest(house, requestOf(asRemote))).toThrow('identity header');
    });

    test('a name without the key that belongs to it opens nothing', () => {
      const bytes = requestOf(house.client('eve'));
      const { saltLength } = method;
      const forged = requestOf({ ...house.client('nobody') });
      forged.set(bytes.subarray(0, saltLength + 16));
      expect(() => openRequest(house, forged)).toThrow('tag');
    });

    test('a chain for a remote behind this one is not for this one', () => {
      const chain = {
        ...house.client('ann'),
        identityKeys: [house.remote.key, house.users[1]?.cipher.key ?? house.remote.key],
      };
      expect(() => openRequest(house, requestOf(chain))).toThrow();
    });

    test('any flipped bit of the opening is refused', () => {
      const bytes = requestOf(house.client('ann'));
      const last = 8 * (method.saltLength + 16);
      for (let bit = 0; bit < last; bit += 7) {
        expect(() => openRequest(house, flipBit(bytes, bit))).toThrow();
      }
    });

    test('a remote without users does not take a header', () => {
      expect(() =>
        new RequestOpener(house.remote, fixedEnvironment()).open(requestOf(house.client('ann'))),
      ).toThrow('tag');
    });
  });
});
