import { describe, expect, it } from 'vitest';
import { ProtocolError, type Refusal } from '../../shared/errors.js';
import { greetSocks5, readSocks5Reply } from '../../shared/proxy/socks5.js';
import { byteByByte, toHex } from '../support/codec.js';
import { converse, spacedHex } from '../support/handshake.js';

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
    ['05ff', 'SOCKS5 method: expected 0, got 255'],
    ['0502', 'SOCKS5 method: expected 0, got 2'],
    ['4854', 'SOCKS5 version: expected 5, got 72'],
  ])('answered %s is a protocol error', (answer, message) => {
    const { error } = converse(greetSocks5(), [spacedHex(answer)]);
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toBe(message);
  });
});

describe("a proxy's answer", () => {
  it.each([
    ['05000001 c0000207 1234', '192.0.2.7'],
    ['05000004 00000000000000000000000000000001 1234', '::1'],
    ['05000003 0b 6578616d706c652e636f6d 1234', 'example.com'],
    ['0500ff01 c0000207 1234', '192.0.2.7'],
  ])('%s grants, with the bound address', (answer, host) => {
    const { result, rest } = converse(readSocks5Reply(), [spacedHex(answer), spacedHex('aa')]);
    expect(result).toEqual({ refusal: undefined, bound: { host, port: 0x1234 }, bytes: spacedHex(answer) });
    expect(toHex(rest)).toBe('aa');
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
    ['05000003 00 1234', 'target domain: expected 1 to 255 bytes, got none'],
  ])('%s is a protocol error, without waiting for more', (answer, message) => {
    const { error } = converse(readSocks5Reply(), [spacedHex(answer)]);
    expect(error).toBeInstanceOf(ProtocolError);
    expect((error as Error).message).toBe(message);
  });
});
