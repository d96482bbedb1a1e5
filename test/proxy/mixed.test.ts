import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../shared/errors.js';
import { acceptSocks, ForeignGreeting, replyReaders } from '../../shared/proxy/mixed.js';
import { DeniedError } from '../../shared/proxy/request.js';
import { toHex } from '../support/codec.js';
import { converse, spacedHex } from '../support/handshake.js';
import { credentials, knowsAlice, threeFeedings } from '../support/socks.js';

describe('one port for every protocol', () => {
  it('hears SOCKS5', () => {
    const { result, written } = threeFeedings(
      () => acceptSocks(),
      spacedHex('050100 05010001 c0000201 0050'),
    );
    expect(result).toMatchObject({ protocol: 'SOCKS5', target: { host: '192.0.2.1', port: 80 } });
    expect(toHex(written)).toBe('0500');
  });

  it('hears SOCKS4', () => {
    const { result, written } = threeFeedings(() => acceptSocks(), spacedHex('0401 0050 c0000201 00'));
    expect(result).toMatchObject({ protocol: 'SOCKS4', target: { host: '192.0.2.1', port: 80 } });
    expect(written).toHaveLength(0);
  });

  it.each(['CONNECT a.example:443 HTTP/1.1\r\n', 'GET http://a.example/ HTTP/1.1\r\n', 'A', 'Z'])(
    'hands on %j with every byte of it',
    (input) => {
      const bytes = Uint8Array.from(Buffer.from(input));
      const outcome = threeFeedings(() => acceptSocks(), bytes);
      expect(outcome).toMatchObject({ result: 'http', waiting: false, rest: bytes });
      expect(outcome.written).toHaveLength(0);
    },
  );

  it.each([0x00, 0x03, 0x06, 0x16, 0x40, 0x5b, 0x67, 0xff])(
    'says nothing to a client that begins with %i',
    (first) => {
      const outcome = threeFeedings(() => acceptSocks(), Uint8Array.of(first, 3, 1));
      expect(outcome.error).toBeInstanceOf(ForeignGreeting);
      expect(outcome.error).toBeInstanceOf(ProtocolError);
      expect(outcome.error).toMatchObject({ firstByte: first, code: 'protocol' });
      expect(outcome.message).toBe(`first byte: expected that of SOCKS4, SOCKS5 or HTTP, got ${first}`);
      expect(outcome.written).toHaveLength(0);
    },
  );

  it('waits for the first byte', () => {
    expect(converse(acceptSocks(), []).waiting).toBe(true);
  });

  it('closes on a client that begins with SOCKS5 and goes on with SOCKS4', () => {
    const outcome = threeFeedings(() => acceptSocks(), spacedHex('050100 04010050'));
    expect(outcome.message).toBe('SOCKS5 request version: expected 5, got 4');
    expect(toHex(outcome.written)).toBe('0500');
  });
});

describe('one port that wants credentials', () => {
  it('takes those of SOCKS5', () => {
    const words = spacedHex(`050102 ${credentials('alice', 'b:c')} 05010001 c0000201 0050`);
    const { result, written } = threeFeedings(() => acceptSocks(knowsAlice), words);
    expect(result).toMatchObject({ protocol: 'SOCKS5', words });
    expect(toHex(written)).toBe('05020100');
  });

  it('is closed to SOCKS4, which has none', () => {
    const outcome = threeFeedings(() => acceptSocks(knowsAlice), spacedHex('0401 0050 c0000201 00'));
    expect(outcome.error).toBeInstanceOf(DeniedError);
    expect(outcome.written).toHaveLength(0);
  });

  it('leaves it to HTTP to ask for them', () => {
    expect(threeFeedings(() => acceptSocks(knowsAlice), spacedHex('474554')).result).toBe('http');
  });
});

describe('the answer to words that were passed on', () => {
  it('is read in the protocol of the words', () => {
    const bound = { host: '192.0.2.7', port: 0x1234 };
    const socks4 = spacedHex('005a 1234 c0000207');
    const socks5 = spacedHex('05000001 c0000207 1234');
    expect(threeFeedings(replyReaders.SOCKS4, socks4).result).toEqual({
      refusal: undefined,
      bound,
      bytes: socks4,
    });
    expect(threeFeedings(replyReaders.SOCKS5, Uint8Array.from([5, 0, ...socks5])).result).toEqual({
      refusal: undefined,
      bound,
      bytes: socks5,
    });
  });
});
