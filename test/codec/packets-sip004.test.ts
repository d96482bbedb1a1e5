import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { encodeTarget } from '../../shared/codec/address.js';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import type { PacketServer } from '../../shared/codec/packets.js';
import { createSession, sealMessage } from '../../shared/codec/session.js';
import { cipherFor, fixedEnvironment, hex, methods2017, pattern, text, toHex } from '../support/codec.js';
import { clockAt, environmentOf, payload, refusalOf, target } from '../support/packets.js';

const address = encodeTarget(target);

describe.each(methods2017)('packets of $name', (method) => {
  const cipher = cipherFor(method);
  const { saltLength } = method;

  function craft(salt: Uint8Array, plain: Uint8Array): Uint8Array {
    return concat([salt, sealMessage(createSession(cipher, salt), plain)]);
  }

  function newServer(): PacketServer {
    return packetServer(cipher, environmentOf(clockAt(), 2));
  }

  test.each([
    ['nothing at all', hex('')],
    ['an address cut short', address.subarray(0, -1)],
    ['an unknown ATYP', hex('0201020304')],
    ['a domain of no bytes', hex('03000050')],
    ['a domain that runs over the end', hex('03ff6161610050')],
    ['a domain with a NUL', hex('03036100610050')],
    ['port 0', encodeTarget({ ...target, port: 0 })],
  ])('%s is the client’s mistake, and its salt is not remembered', (_, plain) => {
    const server = newServer();
    const salt = pattern(saltLength, 5);
    expect(refusalOf(() => server.open(craft(salt, plain)))).toBe('protocol');
    expect(text(server.open(craft(salt, concat([address, payload]))).payload)).toBe('hello');
  });

  test('a forged packet does not burn the salt of the genuine one', () => {
    const server = newServer();
    const packet = craft(pattern(saltLength, 5), concat([address, payload]));
    const forged = concat([packet.subarray(0, saltLength), pattern(40)]);
    expect(refusalOf(() => server.open(forged))).toBe('auth');
    expect(text(server.open(packet).payload)).toBe('hello');
  });

  test('every packet has a salt of its own, which is never all zeros', () => {
    const client = packetClient(cipher, fixedEnvironment([new Uint8Array(saltLength), pattern(saltLength)]));
    const first = client.seal(target, payload);
    expect(toHex(first.subarray(0, saltLength))).toBe(toHex(pattern(saltLength)));
    expect(toHex(client.seal(target, payload))).not.toBe(toHex(first));
  });

  test('neither has a session, and any sealer answers any client', () => {
    const server = newServer();
    const [one, other] = [1, 3].map((seed) => packetClient(cipher, environmentOf(clockAt(), seed)));
    if (one === undefined || other === undefined) expect.fail('no clients');
    const opened = server.open(one.seal(target, payload));
    expect(opened.session).toBeUndefined();
    expect(opened.timestamp).toBeUndefined();
    expect(text(other.open(opened.sealer.seal(target, payload)).payload)).toBe('hello');
  });

  test('a packet is as good after an hour', () => {
    const clock = clockAt();
    const server = packetServer(cipher, environmentOf(clock, 2));
    const packet = packetClient(cipher, environmentOf(clock, 1)).seal(target, payload);
    clock.seconds += 3600;
    expect(text(server.open(packet).payload)).toBe('hello');
  });

  test('answers from port 53 have no padding: the edition has none', () => {
    const client = packetClient(cipher, environmentOf(clockAt()));
    expect(client.seal({ ...target, port: 53 }, payload)).toHaveLength(saltLength + 7 + 5 + 16);
  });
});

test('the last 65,536 salts are remembered, exactly', () => {
  // The fastest of the methods, for once: this takes as many packets as there are salts.
  const cipher = cipherFor(methods2017[0] ?? expect.fail('no methods'));
  const server = packetServer(cipher, environmentOf(clockAt(), 2));
  const client = packetClient(cipher, environmentOf(clockAt(), 1));
  const first = client.seal(target, payload);
  const second = client.seal(target, payload);
  const { sealer } = server.open(first);
  server.open(second);
  for (let salts = 2; salts < 65_536; salts++) sealer.seal(target, payload);
  expect([first, second].map((packet) => refusalOf(() => server.open(packet)))).toEqual(['replay', 'replay']);
  sealer.seal(target, payload);
  expect(refusalOf(() => server.open(second))).toBe('replay');
  expect(refusalOf(() => server.open(first))).toBe('none');
});

test('a local remembers 4,096 salts of an association, its own among them', () => {
  const cipher = cipherFor(methods2017[0] ?? expect.fail('no methods'));
  const client = packetClient(cipher, environmentOf(clockAt(), 1));
  const first = client.seal(target, payload);
  for (let salts = 1; salts < 4096; salts++) client.seal(target, payload);
  expect(refusalOf(() => client.open(first))).toBe('replay');
  client.seal(target, payload);
  expect(refusalOf(() => client.open(first))).toBe('none');
});
