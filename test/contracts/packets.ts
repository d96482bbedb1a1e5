import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { CipherBackend } from '../../shared/codec/aead.js';
import { formatTarget } from '../../shared/codec/address.js';
import type { AeadName, Method } from '../../shared/codec/methods.js';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import type { PacketClient, PacketServer } from '../../shared/codec/packets.js';
import { ProtocolError } from '../../shared/errors.js';
import { cipherFor, flipBit, pattern, text, toHex } from '../support/codec.js';
import { clockAt, environmentOf, payload, refusalOf, target } from '../support/packets.js';

/** The separate header or the nonce with the IDs, and the tag. */
const minimum2022: Readonly<Record<AeadName, number>> = {
  'aes-128-gcm': 32,
  'aes-256-gcm': 32,
  'chacha20-poly1305': 56,
  'xchacha20-poly1305': 56,
};

/** What packets of every method have to do, from both sides. */
export function packetContract(method: Method, backend: CipherBackend): void {
  const cipher = cipherFor(method, backend);
  const seal = (seed: number): Uint8Array =>
    packetClient(cipher, environmentOf(clockAt(), seed)).seal(target, payload);

  function pair(): { readonly client: PacketClient; readonly server: PacketServer } {
    const clock = clockAt();
    return {
      client: packetClient(cipher, environmentOf(clock, 1)),
      server: packetServer(cipher, environmentOf(clock, 2)),
    };
  }

  test.each([0, 1, 2, 500, 899, 900, 1200, 1400, 65_000])(
    'a payload of %i bytes goes there and back',
    (length) => {
      const { client, server } = pair();
      for (const port of [53, 4000]) {
        const there = server.open(client.seal({ host: 'example.com', port }, pattern(length)));
        expect(there.target).toEqual({ host: 'example.com', port });
        expect(toHex(there.payload)).toBe(toHex(pattern(length)));
        const back = client.open(there.sealer.seal({ host: '2001:db8::1', port }, pattern(length, 2)));
        expect(back.source).toEqual({ host: '2001:db8::1', port });
        expect(toHex(back.payload)).toBe(toHex(pattern(length, 2)));
      }
    },
  );

  test('an IPv4 address is not dressed as IPv6, either way', () => {
    const { client, server } = pair();
    const there = server.open(client.seal({ host: '::ffff:192.0.2.1', port: 7 }, payload));
    expect(formatTarget(there.target)).toBe('192.0.2.1:7');
    const back = client.open(there.sealer.seal({ host: '::ffff:192.0.2.1', port: 7 }, payload));
    expect(formatTarget(back.source)).toBe('192.0.2.1:7');
  });

  test('what is lent to seal and open may be overwritten afterwards', () => {
    const { client, server } = pair();
    const lentPayload = Buffer.from(payload);
    const packet = client.seal(target, lentPayload);
    lentPayload.fill(0);
    const lent = Buffer.from(packet);
    const opened = server.open(lent);
    lent.fill(0);
    expect(text(opened.payload)).toBe('hello');
    expect(refusalOf(() => server.open(packet))).toBe('replay');
  });

  test('a packet may lie anywhere in a larger buffer', () => {
    const packet = seal(1);
    const { server } = pair();
    const pool = Buffer.alloc(packet.length + 7, 0xff);
    pool.set(packet, 3);
    expect(text(server.open(pool.subarray(3, 3 + packet.length)).payload)).toBe('hello');
  });

  test('a packet is taken once, however often it comes', () => {
    const { client, server } = pair();
    const packet = client.seal(target, payload);
    const opened = server.open(packet);
    const answer = opened.sealer.seal(target, payload);
    client.open(answer);
    for (let times = 0; times < 100; times++) {
      expect(refusalOf(() => server.open(packet))).toBe('replay');
      expect(refusalOf(() => client.open(answer))).toBe('replay');
    }
    expect(text(server.open(client.seal(target, payload)).payload)).toBe('hello');
  });

  test('packets come in any order', () => {
    const { client, server } = pair();
    const packets = Array.from({ length: 50 }, (_, number) => client.seal(target, Uint8Array.of(number)));
    const opened = packets.toReversed().map((packet) => server.open(packet));
    expect(opened.map((packet) => packet.payload[0])).toEqual([...packets.keys()].toReversed());
  });

  test('a packet sent back to its sender is refused', () => {
    const { client, server } = pair();
    const packet = client.seal(target, payload);
    expect(['auth', 'replay']).toContain(refusalOf(() => client.open(packet)));
    const answer = server.open(packet).sealer.seal(target, payload);
    expect(['auth', 'replay']).toContain(refusalOf(() => server.open(answer)));
    client.open(answer);
  });

  test('0 to 80 bytes of noise are refused, and so is a buffer of the largest size', () => {
    const { client, server } = pair();
    for (const length of [...new Array(81).keys(), 65_507]) {
      for (const bytes of [pattern(length), new Uint8Array(length)]) {
        expect(refusalOf(() => server.open(bytes))).toBe('auth');
        expect(refusalOf(() => client.open(bytes))).toBe('auth');
      }
    }
  });

  test('what is too short to be opened is not tried', () => {
    const { client, server } = pair();
    const shortest = method.edition === 2017 ? method.saltLength + 16 : minimum2022[method.aead];
    for (let length = 0; length < shortest; length++) {
      const message = `packet: expected at least ${shortest} bytes, got ${length}`;
      expect(() => server.open(pattern(length))).toThrow(message);
      expect(() => client.open(pattern(length))).toThrow(message);
    }
    expect(() => server.open(pattern(shortest))).toThrow('tag');
  });

  test('a packet cut short anywhere, or with a byte too many, is refused and leaves no trace', () => {
    const { client, server } = pair();
    const packet = client.seal(target, payload);
    for (let length = 0; length < packet.length; length++) {
      expect(refusalOf(() => server.open(packet.subarray(0, length)))).toBe('auth');
    }
    expect(refusalOf(() => server.open(Buffer.concat([packet, Uint8Array.of(0)])))).toBe('auth');
    expect(text(server.open(packet).payload)).toBe('hello');
  });

  test('a packet with any bit flipped is refused and leaves no trace, on either side', () => {
    const { client, server } = pair();
    const packet = client.seal(target, payload);
    for (let bit = 0; bit < 8 * packet.length; bit++) {
      expect(refusalOf(() => server.open(flipBit(packet, bit)))).toBe('auth');
    }
    const opened = server.open(packet);
    const answer = opened.sealer.seal(target, payload);
    for (let bit = 0; bit < 8 * answer.length; bit++) {
      expect(refusalOf(() => client.open(flipBit(answer, bit)))).toBe('auth');
    }
    expect(text(opened.payload) + text(client.open(answer).payload)).toBe('hellohello');
  });

  test('a packet under another key is refused', () => {
    const stranger = { ...cipher, key: pattern(method.keyLength, 99) };
    const packet = packetClient(stranger, environmentOf(clockAt())).seal(target, payload);
    expect(refusalOf(() => pair().server.open(packet))).toBe('auth');
  });

  test('port 0 is refused, as a target and as a source', () => {
    const { client, server } = pair();
    expect(refusalOf(() => server.open(client.seal({ ...target, port: 0 }, payload)))).toBe('protocol');
    const { sealer } = server.open(client.seal(target, payload));
    expect(refusalOf(() => client.open(sealer.seal({ ...target, port: 0 }, payload)))).toBe('protocol');
  });

  test('an answer is heard from a remote that names its source as it was asked for', () => {
    const { client, server } = pair();
    const source = { host: 'example.com', port: 53 };
    const { sealer } = server.open(client.seal(source, payload));
    expect(client.open(sealer.seal(source, payload)).source).toEqual(source);
  });

  test('a host that no packet can name is not sealed', () => {
    const { client } = pair();
    for (const host of ['', 'a\0b', 'x'.repeat(256)]) {
      expect(() => client.seal({ host, port: 1 }, payload)).toThrow(ProtocolError);
    }
  });

  test('open(seal(x)) is x', () => {
    const { client, server } = pair();
    fc.assert(
      fc.property(
        fc.domain(),
        fc.integer({ min: 1, max: 65_535 }),
        fc.uint8Array({ maxLength: 300 }),
        (host, port, bytes) => {
          const opened = server.open(client.seal({ host, port }, bytes));
          expect(opened.target).toEqual({ host, port });
          expect(toHex(opened.payload)).toBe(toHex(bytes));
        },
      ),
      { numRuns: 30 },
    );
  });
}
