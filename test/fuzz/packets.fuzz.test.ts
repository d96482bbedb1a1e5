import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeAnswer, decodeRequest } from '../../shared/codec/packets-body.js';
import { readDatagram } from '../../shared/codec/packets-edition.js';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import { allMethods, cipherFor, methods2022, toHex, vectorTime } from '../support/codec.js';
import { clockAt, craftFrame, environmentOf, payload, refusalOf, target } from '../support/packets.js';
import { fuzzRuns } from '../support/fuzz.js';

const env = environmentOf(clockAt(), 2);
const words = ['auth', 'clock', 'replay', 'protocol'];

/** Bytes that begin as a packet does, so that more than the first check is met. */
function mutated(packet: Uint8Array): fc.Arbitrary<Uint8Array> {
  const cut = fc.nat(packet.length - 1).map((length) => packet.slice(0, length));
  const changed = fc
    .uniqueArray(fc.tuple(fc.nat(packet.length - 1), fc.integer({ min: 1, max: 255 })), {
      selector: ([at]) => at,
      minLength: 1,
      maxLength: 4,
    })
    .map((changes) => {
      const copy = packet.slice();
      for (const [at, by] of changes) copy[at] = (copy[at] ?? 0) ^ by;
      return copy;
    });
  const grown = fc
    .uint8Array({ minLength: 1, maxLength: 40 })
    .map((more) => Uint8Array.from([...packet, ...more]));
  return fc.oneof(cut, changed, grown);
}

describe.each(allMethods)('packets from strangers, $name', (method) => {
  const cipher = cipherFor(method);

  test('whatever comes is refused in one of four words, and the genuine packet behind it is taken', () => {
    const client = packetClient(cipher, environmentOf(clockAt(), 1));
    const server = packetServer(cipher, env);
    const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated(client.seal(target, payload)));
    fc.assert(
      fc.property(bytes, (packet) => {
        expect(words).toContain(refusalOf(() => server.open(packet)));
        expect(words).toContain(refusalOf(() => client.open(packet)));
      }),
      { numRuns: fuzzRuns(300) },
    );
    const answer = server.open(client.seal(target, payload)).sealer.seal(target, payload);
    expect(toHex(client.open(answer).payload)).toBe(toHex(payload));
  });
});

describe.each(methods2022)('packets from people who know the key, $name', (method) => {
  const cipher = cipherFor(method);

  test('any body is opened or refused, and never throws anything else', () => {
    const server = packetServer(cipher, env);
    let number = 0n;
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 80 }),
        fc.bigInt(0n, 2n ** 64n - 1n),
        fc.boolean(),
        (rest, id, near) => {
          const body = Uint8Array.from([0, ...stamp(), ...rest]);
          const ids = { session: near ? 1n : id, packet: near ? number++ : id };
          const packet = craftFrame(cipher, ids, { body, env });
          expect([...words, 'none']).toContain(refusalOf(() => server.open(packet)));
          expect([...words]).toContain(refusalOf(() => server.open(packet)));
        },
      ),
      { numRuns: fuzzRuns(300) },
    );
  });
});

test('bodies and addresses: a result within the bytes given, or a refusal', () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 60 }),
    fc.uint8Array({ maxLength: 60 }).map((rest) => Uint8Array.from([0, ...stamp(), 0, ...rest])),
    fc
      .uint8Array({ maxLength: 60 })
      .map((rest) => Uint8Array.from([1, ...stamp(), ...new Array<number>(9).fill(0), ...rest])),
  );
  fc.assert(
    fc.property(body, fc.nat(70), (bytes, offset) => {
      for (const read of [
        () => decodeRequest(bytes, env),
        () => decodeAnswer(bytes, env, { clientSession: 0n }),
        () => readDatagram(bytes, offset),
      ]) {
        expect([...words, 'none']).toContain(
          refusalOf(() => {
            expect(read().payload.length).toBeLessThan(bytes.length);
          }),
        );
      }
    }),
    { numRuns: fuzzRuns(3000) },
  );
});

function stamp(): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(vectorTime));
  return bytes;
}
