import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseIp } from '../../shared/codec/ip.js';
import { checkHostname } from '../../shared/proxy/hostname.js';
import { readUdpHeader, writeUdpHeader } from '../../shared/proxy/udp-header.js';
import { converse } from '../support/handshake.js';
import { readRequest } from '../../shared/proxy/socks5.js';
import { fuzzRuns } from '../support/fuzz.js';
import { hostileNames } from '../support/socks.js';

const byte = fc.nat(255);
const name = fc.oneof(
  fc.uint8Array({ maxLength: 255 }),
  fc.domain().map((domain) => Uint8Array.from(Buffer.from(domain))),
  fc.constantFrom(...hostileNames, '127.0.0.1', '[::1]').map((host) => Uint8Array.from(Buffer.from(host))),
);
const address = fc.oneof(
  fc.uint8Array({ minLength: 4, maxLength: 4 }).map((ip) => [1, ...ip]),
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((ip) => [4, ...ip]),
  name.map((host) => [3, host.length, ...host]),
);
const reserved = fc.oneof({ weight: 9, arbitrary: fc.constant([0, 0]) }, fc.tuple(byte, byte));
const port = fc.oneof(fc.constant([0, 0]), fc.tuple(byte, byte));

test('any bytes are a datagram or nothing, and never an exception', () => {
  const nearly = fc
    .tuple(reserved, byte, fc.oneof(address, fc.array(byte)), port, fc.uint8Array({ maxLength: 40 }))
    .map(([rsv, fragment, where, at, payload]) =>
      Uint8Array.from([...rsv, fragment, ...where, ...at, ...payload]),
    );
  fc.assert(
    fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 300 })), fc.nat(400), (whole, length) => {
      const datagram = whole.subarray(0, length);
      const before = datagram.slice();
      const header = readUdpHeader(datagram);
      expect(datagram).toEqual(before);
      if (header === undefined) return;
      const { target, payload, fragment } = header;
      expect([datagram[0], datagram[1], datagram[2]]).toEqual([0, 0, fragment]);
      expect(target.port).toBeGreaterThan(0);
      expect(parseIp(target.host) ?? checkHostname(target.host)).not.toBeTypeOf('string');
      expect(payload).toEqual(datagram.slice(datagram.length - payload.length));
      expect(readUdpHeader(writeUdpHeader(target, payload))).toEqual({ fragment: 0, target, payload });
    }),
    { numRuns: fuzzRuns(3000) },
  );
});

test('a datagram goes where a request with the same address would', () => {
  fc.assert(
    fc.property(address, port, (where, at) => {
      const asked = converse(readRequest(), [Uint8Array.from([5, 1, 0, ...where, ...at])]).result;
      expect(readUdpHeader(Uint8Array.from([0, 0, 0, ...where, ...at]))?.target).toEqual(asked?.target);
    }),
    { numRuns: fuzzRuns(1500) },
  );
});
