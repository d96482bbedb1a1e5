import { describe, expect, test } from 'vitest';
import { packetFrame } from '../../shared/codec/packets-frame.js';
import type { PacketIds } from '../../shared/codec/packets-frame.js';
import { OutgoingPackets } from '../../shared/codec/packets-outgoing.js';
import { ascii, cipherFor, methods2022, text } from '../support/codec.js';
import { clockAt, environmentOf } from '../support/packets.js';

describe.each(methods2022)('a session going out, $name', (method) => {
  const env = environmentOf(clockAt());
  const frame = packetFrame(cipherFor(method), env);

  function idsOf(packet: Uint8Array): PacketIds {
    const { ids, body } = frame.open(packet, ({ session }) => frame.aead(session));
    expect(text(body)).toBe('body');
    return ids;
  }

  test('its packets are counted from 0', () => {
    const packets = new OutgoingPackets(frame, env);
    const ids = [1, 2, 3].map(() => idsOf(packets.seal(ascii('body'))));
    expect(ids).toEqual([0n, 1n, 2n].map((packet) => ({ session: packets.id, packet })));
  });

  test('another has another ID', () => {
    expect(new OutgoingPackets(frame, env).id).not.toBe(new OutgoingPackets(frame, env).id);
  });

  test('when its count comes near the end, a new session begins', () => {
    const packets = new OutgoingPackets(frame, env, 2n ** 64n - 2n ** 13n - 1n);
    const before = packets.id;
    const last = idsOf(packets.seal(ascii('body')));
    expect(last).toEqual({ session: before, packet: 2n ** 64n - 2n ** 13n - 1n });
    const next = idsOf(packets.seal(ascii('body')));
    expect(next).toEqual({ session: packets.id, packet: 0n });
    expect(packets.id).not.toBe(before);
  });
});
