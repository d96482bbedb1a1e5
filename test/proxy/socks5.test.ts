import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../shared/errors.js';
import { acceptSocks5, readGreeting, readRequest } from '../../shared/proxy/socks5.js';
import { socks5Replies } from '../../shared/proxy/socks5-message.js';
import { toHex } from '../support/codec.js';
import { converse, type Outcome, spacedHex } from '../support/handshake.js';
import { domainAddress, hostileNames, longestName, threeFeedings, trailing } from '../support/socks.js';

const greeting = '050100';

/** Greets, asks and feeds it three ways. */
function ask(request: string): Outcome<unknown> & { readonly message: string } {
  return threeFeedings(() => acceptSocks5(), spacedHex(greeting + request));
}

/** A CONNECT to a domain, port 80 unless said otherwise. */
function connectTo(domain: string | Uint8Array, port?: string): string {
  return `050100${domainAddress(domain, port)}`;
}

describe('a request that can be carried out', () => {
  const cases: readonly (readonly [name: string, request: string, host: string, port: number])[] = [
    ['an IPv4 address', '05010001 c0000201 0050', '192.0.2.1', 80],
    ['an IPv6 address', '05010004 20010db8000000000000000000000001 01bb', '2001:db8::1', 443],
    ['an IPv4-mapped IPv6 address', '05010004 00000000000000000000ffff7f000001 01bb', '127.0.0.1', 443],
    ['a domain', connectTo('example.com'), 'example.com', 80],
    ['a domain with a final dot', connectTo('example.com.'), 'example.com.', 80],
    ['a domain of 253 bytes', connectTo(longestName), longestName, 80],
    ['a domain that is an IPv4 address', connectTo('127.0.0.1'), '127.0.0.1', 80],
    ['a domain that is an IPv6 address', connectTo('::1'), '::1', 80],
    ['a domain that is an IPv6 address in brackets', connectTo('[::0001]'), '::1', 80],
    ['a domain that is an IPv4-mapped address', connectTo('::ffff:127.0.0.1'), '127.0.0.1', 80],
    ['the highest port', connectTo('example.com', 'ffff'), 'example.com', 65535],
    ['a reserved byte that is not 0', '0501ff01 c0000201 0050', '192.0.2.1', 80],
    ['no host at all, which is for the guard to refuse', '05010001 00000000 0050', '0.0.0.0', 80],
  ];
  it.each(cases)('is returned for %s, not yet answered', (_, request, host, port) => {
    const { result, written } = ask(request);
    expect(result).toMatchObject({ protocol: 'SOCKS5', command: 'connect', target: { host, port } });
    expect(toHex(written)).toBe('0500');
  });

  const others: readonly (readonly [name: string, request: string, host: string, port: number])[] = [
    ['bind', '05020001 c0000201 0050', '192.0.2.1', 80],
    ['bind', '05020001 c0000201 0000', '192.0.2.1', 0],
    ['bind', `050200${domainAddress('example.com', '0000')}`, 'example.com', 0],
    ['associate', '05030001 c0000201 1234', '192.0.2.1', 0x1234],
    ['associate', '05030001 00000000 0000', '0.0.0.0', 0],
    ['associate', `05030004 ${'00'.repeat(16)} 0000`, '::', 0],
    ['associate', `050300${domainAddress('laptop.example', '0035')}`, 'laptop.example', 53],
    ['associate', `050300${domainAddress('0', '1234')}`, '0.0.0.0', 0x1234],
  ];
  it.each(others)('is returned to %s for %s', (command, request, host, port) => {
    const { result, written } = ask(request);
    expect(result).toMatchObject({ command, target: { host, port } });
    expect(toHex(written)).toBe('0500');
  });

  it('keeps the bytes of the client to be passed on word for word', () => {
    const words = '05030201000501ff01c00002010050';
    expect(toHex(converse(acceptSocks5(), [spacedHex(words)]).result?.words ?? trailing)).toBe(words);
  });

  it('leaves what follows the request to the relay', () => {
    const { rest } = converse(acceptSocks5(), [spacedHex(`${greeting}05010001c00002010050474554`)]);
    expect(rest).toEqual(trailing);
  });

  it('is taken with 255 methods and answered once', () => {
    const input = spacedHex(`05ff${'0001'.repeat(127)}02 05010001c00002010050`);
    const { written, result } = threeFeedings(() => acceptSocks5(), input);
    expect(toHex(written)).toBe('0500');
    expect(result).toBeDefined();
  });

  it('is taken from a client that offers GSSAPI and a password as well', () => {
    const { written } = threeFeedings(() => acceptSocks5(), spacedHex('0503000102 05010001c00002010050'));
    expect(toHex(written)).toBe('0500');
  });
});

describe('an answer', () => {
  const request = converse(acceptSocks5(), [spacedHex(`${greeting}05010001c00002010050`)]).result;

  it('grants with the real bound address, in the family it has', () => {
    const bound = (host: string): string => toHex(request?.granted({ host, port: 0x1234 }) ?? spacedHex(''));
    expect(bound('192.0.2.7')).toBe('05000001c00002071234');
    expect(bound('::1')).toBe('05000004000000000000000000000000000000011234');
    expect(bound('::ffff:192.0.2.7')).toBe('05000001c00002071234');
  });

  it.each(Object.entries(socks5Replies))('of %s carries REP %i and no address', (reason, reply) => {
    const refused = request?.refused(reason as keyof typeof socks5Replies);
    expect(toHex(refused ?? spacedHex(''))).toBe(`050${reply}0001000000000000`);
  });
});

describe('a greeting that cannot be met', () => {
  const cases: readonly (readonly [name: string, input: string, written: string, message: string])[] = [
    ['no methods at all', '0500', '05ff', 'got none at all'],
    ['only method 2', '050102', '05ff', 'got 2'],
    ['only GSSAPI and private methods', '05030180fe', '05ff', 'got 1 128 254'],
  ];
  it.each(cases)('with %s is answered 05 FF', (_, input, written, message) => {
    const outcome = threeFeedings(() => acceptSocks5(), spacedHex(input));
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(outcome.message).toContain(message);
    expect(toHex(outcome.written)).toBe(written);
  });

  it.each(['00', '04', '06', '16', '43', '47', 'ff'])('of another protocol (%s) gets no byte', (first) => {
    const outcome = threeFeedings(() => acceptSocks5(), spacedHex(`${first}0100`));
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(outcome.message).toBe(`SOCKS5 version: expected 5, got ${Number.parseInt(first, 16)}`);
    expect(outcome.written).toHaveLength(0);
  });
});

describe('a request that cannot be carried out', () => {
  const tooLong = `${longestName}b`;
  const cases: readonly (readonly [name: string, request: string, reply: string, message: string])[] = [
    ['command 0', '05000001c00002010050', '07', 'command: expected 1, 2 or 3, got 0'],
    ['command 4', '05040001c00002010050', '07', 'got 4'],
    ['command 255', `05ff00${domainAddress('example.com')}`, '07', 'got 255'],
    [
      'BIND for anybody',
      '05020001000000000050',
      '02',
      'BIND address: expected the host to wait for, got none',
    ],
    ['BIND for anybody, IPv6', `05020004${'00'.repeat(16)}0050`, '02', 'got none'],
    ['BIND for anybody, as text', `050200${domainAddress('[::]')}`, '02', 'got none'],
    ['UDP ASSOCIATE from no name', '05030003000000', '01', 'expected 1 to 253 bytes, got 0'],
    ['address type 0', '05010000', '08', 'ATYP: expected 1, 3 or 4, got 0'],
    ['address type 2', '05010002', '08', 'got 2'],
    ['address type 5', '05010005', '08', 'got 5'],
    ['address type 255', '050100ff', '08', 'got 255'],
    ['a domain of no bytes', '05010003000050', '01', 'expected 1 to 253 bytes, got 0'],
    ['a domain of 254 bytes', connectTo(tooLong), '04', 'got 254'],
    ['a domain of 255 bytes', connectTo(`${tooLong}.`), '04', 'got 255'],
    ['255 colons', connectTo(':'.repeat(255)), '04', 'got 255'],
    ['a label of 64 bytes', connectTo(`${'a'.repeat(64)}.example`), '04', 'got 64'],
    ['an empty label', connectTo('a..example'), '04', 'got 0'],
    ['port 0', '05010001c00002010000', '01', 'port: expected 1 to 65535, got 0'],
    ['port 0 of a domain', connectTo('example.com', '0000'), '01', 'port'],
  ];
  it.each(cases)('with %s is refused', (_, request, reply, message) => {
    const outcome = ask(request);
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(outcome.message).toContain(message);
    expect(toHex(outcome.written)).toBe(`0500 05${reply}0001 00000000 0000`.replaceAll(' ', ''));
  });

  it.each(hostileNames)('is never looked up when its domain is %j', (domain) => {
    // To an association 0 is no host at all.
    for (const command of domain === '0' ? ['01', '02'] : ['01', '02', '03']) {
      const outcome = ask(`05${command}00${domainAddress(domain)}`);
      expect(outcome.error).toBeInstanceOf(ProtocolError);
      expect(toHex(outcome.written)).toBe('050005040001000000000000');
      expect(outcome.message).not.toContain(domain.slice(0, 40));
    }
  });

  it('does not wait for an address of a type it does not know', () => {
    expect(converse(acceptSocks5(), [spacedHex(`${greeting}05010009`)]).waiting).toBe(false);
  });

  it('is heard to its end before its command is refused', () => {
    const outcome = converse(acceptSocks5(), [spacedHex(`${greeting}05040001c000020100`)]);
    expect(outcome.waiting).toBe(true);
    expect(toHex(outcome.written)).toBe('0500');
  });

  it('gets no byte when its version is not 5', () => {
    const outcome = ask('04010050');
    expect(outcome.message).toBe('SOCKS5 request version: expected 5, got 4');
    expect(toHex(outcome.written)).toBe('0500');
  });
});

describe('messages that are read to be passed on', () => {
  it.each(['050100', '0500', '050102', '0503800102'])('greeting %s is returned and not answered', (input) => {
    const { result, written } = threeFeedings(readGreeting, spacedHex(input));
    expect(toHex(result ?? trailing)).toBe(input);
    expect(written).toHaveLength(0);
  });

  it('a greeting of another version is a protocol error', () => {
    expect(threeFeedings(readGreeting, spacedHex('04')).error).toBeInstanceOf(ProtocolError);
  });

  it('the words of a request are its own alone', () => {
    const { result, written } = threeFeedings(readRequest, spacedHex('05020701c00002010000'));
    expect(toHex(result?.words ?? trailing)).toBe('05020701c00002010000');
    expect(result).toMatchObject({ command: 'bind', target: { host: '192.0.2.1', port: 0 } });
    expect(written).toHaveLength(0);
  });

  it('a request that nobody can carry out is refused without asking further', () => {
    const { written, error } = threeFeedings(readRequest, spacedHex('05010009'));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(toHex(written)).toBe('05080001000000000000');
  });
});
