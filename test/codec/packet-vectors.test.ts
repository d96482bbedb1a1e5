import { describe, expect, test } from 'vitest';
import { concat } from '../../shared/bytes.js';
import { masterKey, sessionSubkey } from '../../shared/codec/keys.js';
import { packetClient, packetServer } from '../../shared/codec/packets.js';
import type { Environment } from '../../shared/environment.js';
import {
  backends,
  fixedEnvironment,
  hex,
  methods2017,
  methods2022,
  pattern,
  text,
  toHex,
} from '../support/codec.js';
import { packetVectors, payload } from '../support/packets.js';

const nameServer = { host: '8.8.8.8', port: 53 };
const clientSession = hex('0102030405060708');
const serverSession = hex('1112131415161718');
const nonce = pattern(24);
for (const at of nonce.keys()) nonce[at] = 0x40 + at;

/** The draw that makes 2 bytes of padding out of 1..895. */
const twoOfPadding = hex('00500000');

describe.each(backends)('vectors of packets, %s', (backend) => {
  test.each(methods2017)('$name: a packet is byte for byte that of SIP004, either way', (method) => {
    const vector = packetVectors.sip004[method.name] ?? expect.fail('no vector');
    const cipher = { method, key: masterKey(method, 'password'), backend };
    const dice = (): Environment => fixedEnvironment([hex(vector.salt)]);

    expect(toHex(packetClient(cipher, dice()).seal(nameServer, payload))).toBe(vector.udp);
    const opened = packetServer(cipher, dice()).open(hex(vector.udp));
    expect({ ...opened, payload: text(opened.payload), sealer: undefined }).toEqual({
      timestamp: undefined,
      target: nameServer,
      payload: 'hello',
      session: undefined,
      sealer: undefined,
    });

    expect(toHex(opened.sealer.seal(nameServer, payload))).toBe(vector.udp);
    const answer = packetClient(cipher, dice()).open(hex(vector.udp));
    expect(answer.source).toEqual(nameServer);
    expect(text(answer.payload)).toBe('hello');
  });

  test.each(methods2022)('$name: packets are byte for byte those of SIP022', (method) => {
    const vector = packetVectors.sip022[method.name] ?? expect.fail('no vector');
    const cipher = { method, key: hex(vector.psk), backend };
    const extended = method.aead === 'chacha20-poly1305';
    if (vector.udp_session_subkey_c !== undefined)
      expect(toHex(sessionSubkey(method, cipher.key, clientSession))).toBe(vector.udp_session_subkey_c);

    // The vector has the packet ID 7, so that seven others go before it; they need dice only for their nonces.
    const before = extended ? new Array<Uint8Array>(7).fill(nonce) : [];
    const last = extended ? [nonce] : [];
    const client = packetClient(cipher, fixedEnvironment([clientSession, ...before, twoOfPadding, ...last]));
    for (let sent = 0; sent < 7; sent++) client.seal({ host: '192.0.2.1', port: 9 }, payload);
    expect(toHex(client.seal(nameServer, payload))).toBe(vector.udp_c2s);

    const server = packetServer(cipher, fixedEnvironment([serverSession, twoOfPadding, ...last]));
    const opened = server.open(hex(vector.udp_c2s));
    expect(opened.timestamp).toBe(1_700_000_000);
    expect(opened.target).toEqual(nameServer);
    expect(text(opened.payload)).toBe('hello');
    expect(toHex(opened.sealer.seal(nameServer, payload))).toBe(vector.udp_s2c);

    const answer = client.open(hex(vector.udp_s2c));
    expect(answer.source).toEqual(nameServer);
    expect(text(answer.payload)).toBe('hello');
    expect(() => client.open(concat([hex(vector.udp_s2c)]))).toThrow('packet ID');
  });
});
