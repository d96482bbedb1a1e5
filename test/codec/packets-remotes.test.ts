import { describe, expect, test } from 'vitest';
import { encodeAnswer } from '../../shared/codec/packets-body.js';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import type { PacketClient } from '../../shared/codec/packets.js';
import { cipherFor, hex, methods2022, pattern, text } from '../support/codec.js';
import { clockAt, craftFrame, environmentOf, payload, refusalOf, target } from '../support/packets.js';
import type { Clock } from '../support/packets.js';

interface Local {
  readonly clock: Clock;
  readonly client: PacketClient;
}

describe.each(methods2022)('sessions of the remote as the local sees them, $name', (method) => {
  const cipher = cipherFor(method);

  function pair(clock: Clock = clockAt()): Local {
    return { clock, client: packetClient(cipher, environmentOf(clock, 1)) };
  }

  /** What a remote with that seed answers to a packet of this client: each seed is a remote started anew. */
  function answerOf(seed: number, { client, clock }: Local): Uint8Array {
    const server = packetServer(cipher, environmentOf(clock, seed));
    return server.open(client.seal(target, payload)).sealer.seal(target, payload);
  }

  test('an answer to another client is refused', () => {
    const one = pair();
    const other = { ...one, client: packetClient(cipher, environmentOf(one.clock, 9)) };
    expect(refusalOf(() => one.client.open(answerOf(2, other)))).toBe('auth');
    expect(text(one.client.open(answerOf(2, one)).payload)).toBe('hello');
  });

  test('the remote may be started anew, and its last packets still arrive', () => {
    const { clock, client } = pair();
    const [before, after] = [2, 3].map((seed) => {
      const server = packetServer(cipher, environmentOf(clock, seed));
      const { sealer } = server.open(client.seal(target, payload));
      return [1, 2].map((answer) => sealer.seal(target, Uint8Array.of(seed, answer)));
    });
    const arriving = [before?.[0], after?.[0], before?.[1], after?.[1]].map((packet) => packet ?? hex(''));
    expect(arriving.map((packet) => [...client.open(packet).payload])).toEqual([
      [2, 1],
      [3, 1],
      [2, 2],
      [3, 2],
    ]);
    for (const packet of arriving) expect(refusalOf(() => client.open(packet))).toBe('replay');
  });

  test('a third session is refused until the old one has been silent for 61 s', () => {
    const one = pair();
    one.client.open(answerOf(2, one));
    one.client.open(answerOf(3, one));
    expect(refusalOf(() => one.client.open(answerOf(4, one)))).toBe('auth');
    one.clock.seconds += 60;
    expect(refusalOf(() => one.client.open(answerOf(4, one)))).toBe('auth');
    one.clock.seconds += 1;
    expect(text(one.client.open(answerOf(4, one)).payload)).toBe('hello');
    // From now on 3 is the old session and 2 a stranger.
    expect(refusalOf(() => one.client.open(answerOf(3, one)))).toBe('replay');
    expect(text(one.client.open(answerOf(2, one)).payload)).toBe('hello');
  });

  test('as long as the old session is heard of, it is not given up for a third', () => {
    const one = pair();
    const old = packetServer(cipher, environmentOf(one.clock, 2));
    const { sealer } = old.open(one.client.seal(target, payload));
    one.client.open(sealer.seal(target, payload));
    one.client.open(answerOf(3, one));
    one.clock.seconds += 40;
    one.client.open(sealer.seal(target, payload));
    one.clock.seconds += 60;
    expect(refusalOf(() => one.client.open(answerOf(4, one)))).toBe('auth');
  });

  test('a clock that was set back does not shut out a third session', () => {
    const one = pair();
    one.client.open(answerOf(2, one));
    one.client.open(answerOf(3, one));
    one.clock.seconds -= 3600;
    expect(text(one.client.open(answerOf(4, one)).payload)).toBe('hello');
  });

  test('made-up sessions push nothing out', () => {
    const one = pair();
    one.client.open(answerOf(2, one));
    for (let seed = 10; seed < 30; seed++) {
      expect(refusalOf(() => one.client.open(pattern(120, seed)))).toBe('auth');
      const env = environmentOf(one.clock, seed);
      const body = encodeAnswer(BigInt(seed), { peer: target, payload }, env);
      const foreign = craftFrame(cipher, { session: BigInt(seed), packet: 0n }, { body, env });
      expect(refusalOf(() => one.client.open(foreign))).toBe('auth');
    }
    expect(refusalOf(() => one.client.open(answerOf(2, one)))).toBe('replay');
    expect(text(one.client.open(answerOf(3, one)).payload)).toBe('hello');
  });
});
