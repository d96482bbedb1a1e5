import { describe, expect, it } from 'vitest';
import { ProtocolError, type Refusal } from '../../shared/errors.js';
import type { Command } from '../../shared/proxy/request.js';
import {
  expectMethodReply,
  greetSocks5,
  methodAndReply,
  proveSocks5,
  readSocks5Reply,
  requestSocks5,
  socks5Request,
} from '../../shared/proxy/socks5-client.js';
import { byteByByte, toHex } from '../support/codec.js';
import { converse, spacedHex } from '../support/handshake.js';
import { credentials, threeFeedings } from '../support/socks.js';

const alice = { user: 'alice', password: 'b:c' };

describe('greeting a proxy', () => {
  it('offers method 0 and returns when it is taken', () => {
    const { written, rest, error, waiting } = converse(greetSocks5(), byteByByte(spacedHex('0500aa')));
    expect({ written: toHex(written), rest: toHex(rest), error, waiting }).toEqual({
      written: '050100',
      rest: 'aa',
      error: undefined,
      waiting: false,
    });
  });

  it.each([
    ['05ff', 'denied', 'SOCKS5 method: expected 0, got 255: it asks for credentials'],
    ['0502', 'denied', 'SOCKS5 method: expected 0, got 2: it asks for credentials'],
    ['4854', 'protocol', 'SOCKS5 version: expected 5, got 72'],
  ])('answered %s is a protocol error of code %s', (answer, code, message) => {
    for (const start of [() => greetSocks5(), expectMethodReply, methodAndReply]) {
      const { error } = threeFeedings<unknown>(start, spacedHex(answer));
      expect(error).toBeInstanceOf(ProtocolError);
      expect(error).toMatchObject({ code, message });
    }
  });

  it('offers a password when it has one, and keeps it when nobody asks', () => {
    const { written, error, waiting } = threeFeedings(() => greetSocks5(alice), spacedHex('0500'));
    expect({ written: toHex(written), error, waiting }).toEqual({
      written: '05020002',
      error: undefined,
      waiting: false,
    });
  });

  it('says the password when asked', () => {
    const { written, error, waiting } = threeFeedings(() => greetSocks5(alice), spacedHex('0502 0100'));
    expect({ written: toHex(written), error, waiting }).toEqual({
      written: `05020002${credentials('alice', 'b:c')}`,
      error: undefined,
      waiting: false,
    });
  });

  it.each(['05ff', '0502 0101'])('answered %s it was denied', (answer) => {
    const { error } = threeFeedings(() => greetSocks5(alice), spacedHex(answer));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ code: 'denied' });
  });
});

describe('proving that a proxy is there', () => {
  it.each(['0500', '0502', '05ff'])('takes the answer %s, whichever method it names', (answer) => {
    const { written, error, waiting, result } = threeFeedings(proveSocks5, spacedHex(answer));
    expect({ written: toHex(written), error, waiting, result }).toEqual({
      written: '050100',
      error: undefined,
      waiting: false,
      result: answer === '0500',
    });
  });

  it('takes no answer of another protocol', () => {
    expect(threeFeedings(proveSocks5, spacedHex('4854')).error).toBeInstanceOf(ProtocolError);
  });
});

it.each([`ff ${'ff'.repeat(255)}`, '00', '01 00'])(
  'a proxy that grants, bound to the name %s that is none, has bound nothing that could be said again',
  (name) => {
    const { result, error } = threeFeedings(readSocks5Reply, spacedHex(`05000003 ${name} 1234`));
    expect([result, error]).toMatchObject([
      { refusal: undefined, bound: { host: '0.0.0.0', port: 0 } },
      undefined,
    ]);
  },
);

it.each(['00', '02', 'ff'])('a proxy that refuses, with an address of type %s, has refused', (type) => {
  const { result, error } = threeFeedings(readSocks5Reply, spacedHex(`050500 ${type}`));
  expect([result, error]).toEqual([
    {
      refusal: 'connection-refused',
      bound: { host: '0.0.0.0', port: 0 },
      bytes: spacedHex('05050001 00000000 0000'),
    },
    undefined,
  ]);
});

describe('asking a proxy', () => {
  it.each<[Command, string, string]>([
    ['connect', 'example.com', '05010003 0b 6578616d706c652e636f6d 01bb'],
    ['bind', '192.0.2.1', '05020001 c0000201 01bb'],
    ['associate', '::', `05030004 ${'00'.repeat(16)} 01bb`],
  ])('to %s %s it sends the request, and returns what it hears', (command, host, words) => {
    const target = { host, port: 443 };
    expect(socks5Request(command, target)).toEqual(spacedHex(words));
    const reply = spacedHex('05000001 c0000207 1234');
    const { written, result } = threeFeedings(() => requestSocks5(command, target), reply);
    expect(written).toEqual(spacedHex(words));
    expect(result).toEqual({ refusal: undefined, bound: { host: '192.0.2.7', port: 0x1234 }, bytes: reply });
  });

  it('reads the second answer after the first one, of which only that is returned', () => {
    const reply = spacedHex('05050001 00000000 0000');
    const { result } = threeFeedings(methodAndReply, Uint8Array.from([5, 0, ...reply]));
    expect(result).toEqual({
      refusal: 'connection-refused',
      bound: { host: '0.0.0.0', port: 0 },
      bytes: reply,
    });
  });
});

describe("a proxy's answer", () => {
  it.each([
    ['05000001 c0000207 1234', '192.0.2.7'],
    ['05000004 00000000000000000000000000000001 1234', '::1'],
    ['05000003 0b 6578616d706c652e636f6d 1234', 'example.com'],
    ['0500ff01 c0000207 1234', '192.0.2.7'],
  ])('%s grants, with the bound address', (answer, host) => {
    const { result } = threeFeedings(readSocks5Reply, spacedHex(answer));
    expect(result).toEqual({ refusal: undefined, bound: { host, port: 0x1234 }, bytes: spacedHex(answer) });
  });

  it.each<[number, Refusal]>([
    [1, 'general-failure'],
    [2, 'not-allowed'],
    [3, 'network-unreachable'],
    [4, 'host-unreachable'],
    [5, 'connection-refused'],
    [6, 'timed-out'],
    [7, 'command-not-supported'],
    [8, 'address-type-not-supported'],
    [9, 'general-failure'],
    [255, 'general-failure'],
  ])('of REP %i is the refusal %s', (reply, refusal) => {
    const answer = Uint8Array.of(5, reply, 0, 1, 0, 0, 0, 0, 0, 0);
    expect(converse(readSocks5Reply(), [answer]).result).toMatchObject({ refusal, bytes: answer });
  });

  it.each([
    ['48545450 2f31', 'SOCKS5 reply version: expected 5, got 72'],
    ['05000002', 'SOCKS5 reply ATYP: expected 1, got 2'],
  ])('%s is a protocol error, without waiting for more', (answer, message) => {
    const { error } = threeFeedings(readSocks5Reply, spacedHex(answer));
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toBe(message);
  });
});
