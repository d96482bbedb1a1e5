import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../shared/errors.js';
import { acceptSocks5, socks5Replies } from '../../shared/proxy/socks5.js';
import { byteByByte, toHex } from '../support/codec.js';
import { converse, type Outcome, spacedHex } from '../support/handshake.js';

const greeting = '050100';
const trailing = '474554';

/** A CONNECT to a domain, port 80, as the client writes it. */
function connectTo(domain: string | Uint8Array, port = '0050'): string {
  const bytes = Buffer.from(domain);
  return `05010003${bytes.length.toString(16).padStart(2, '0')}${bytes.toString('hex')}${port}`;
}

/** Feeds `input` whole, byte by byte and with bytes behind it; all three must come to the same. */
function threeFeedings(input: Uint8Array): Outcome<unknown> & { readonly message: string } {
  const seen = [[input], byteByByte(input), [input, spacedHex(trailing)]].map((pieces) =>
    converse(acceptSocks5(), pieces),
  );
  const [whole, ...others] = seen.map(({ result, error, written }) => ({
    target: result?.target,
    greeting: result?.greeting,
    request: result?.request,
    message: error instanceof Error ? error.message : '',
    written: toHex(written),
  }));
  for (const other of others) expect(other).toEqual(whole);
  const first = seen[0];
  if (first === undefined || whole === undefined) throw new Error('nothing was fed');
  return { ...first, message: whole.message };
}

describe('a request that can be carried out', () => {
  const cases: readonly (readonly [name: string, request: string, host: string, port: number])[] = [
    ['an IPv4 address', '05010001 c0000201 0050', '192.0.2.1', 80],
    ['an IPv6 address', '05010004 20010db8000000000000000000000001 01bb', '2001:db8::1', 443],
    ['an IPv4-mapped IPv6 address', '05010004 00000000000000000000ffff7f000001 01bb', '127.0.0.1', 443],
    ['a domain', connectTo('example.com'), 'example.com', 80],
    ['a domain with a final dot', connectTo('example.com.'), 'example.com.', 80],
    [
      'a domain of 253 bytes',
      connectTo(`${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61)),
      `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(61),
      80,
    ],
    ['a domain that is an IPv4 address', connectTo('127.0.0.1'), '127.0.0.1', 80],
    ['a domain that is an IPv6 address', connectTo('::1'), '::1', 80],
    ['a domain that is an IPv6 address in brackets', connectTo('[::0001]'), '::1', 80],
    ['the highest port', connectTo('example.com', 'ffff'), 'example.com', 65535],
    ['a reserved byte that is not 0', '0501ff01 c0000201 0050', '192.0.2.1', 80],
  ];
  it.each(cases)('is returned for %s, not yet answered', (_, request, host, port) => {
    const { result, written } = threeFeedings(spacedHex(greeting + request));
    expect(result).toMatchObject({ command: 'connect', target: { host, port } });
    expect(toHex(written)).toBe('0500');
  });

  it('keeps the bytes of the client to be passed on word for word', () => {
    const request = '0501ff01c00002010050';
    const { result } = converse(acceptSocks5(), [spacedHex(`0503020001${request}`)]);
    expect(toHex(result?.greeting ?? spacedHex(''))).toBe('0503020001');
    expect(toHex(result?.request ?? spacedHex(''))).toBe(request);
  });

  it('leaves what follows the request to the relay', () => {
    const { rest } = converse(acceptSocks5(), [spacedHex(`${greeting}05010001c00002010050${trailing}`)]);
    expect(toHex(rest)).toBe(trailing);
  });

  it('is taken with 255 methods and answered once', () => {
    const { written, result } = threeFeedings(spacedHex(`05ff${'0001'.repeat(127)}02 05010001c00002010050`));
    expect(toHex(written)).toBe('0500');
    expect(result).toBeDefined();
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
    const outcome = threeFeedings(spacedHex(input));
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(outcome.message).toContain(message);
    expect(toHex(outcome.written)).toBe(written);
  });

  it.each(['00', '04', '06', '16', '43', '47', 'ff'])('of another protocol (%s) gets no byte', (first) => {
    const outcome = threeFeedings(spacedHex(`${first}0100`));
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(outcome.message).toBe(`SOCKS5 version: expected 5, got ${Number.parseInt(first, 16)}`);
    expect(outcome.written).toHaveLength(0);
  });
});

describe('a request that cannot be carried out', () => {
  const longLabel = `${'a'.repeat(64)}.example`;
  const long = `${'a'.repeat(63)}.`.repeat(3) + 'b'.repeat(62);
  const cases: readonly (readonly [name: string, request: string, reply: string, message: string])[] = [
    ['BIND', '05020001c00002010050', '02', 'command: expected 1 (CONNECT), got 2'],
    ['UDP ASSOCIATE', '05030001000000000000', '07', 'got 3'],
    ['command 0', '05000001c00002010050', '07', 'got 0'],
    ['command 4', '05040001c00002010050', '07', 'got 4'],
    ['command 255', `05ff0003${connectTo('example.com').slice(8)}`, '07', 'got 255'],
    ['address type 0', '05010000', '08', 'ATYP: expected 1, 3 or 4, got 0'],
    ['address type 2', '05010002', '08', 'got 2'],
    ['address type 5', '05010005', '08', 'got 5'],
    ['address type 255', '050100ff', '08', 'got 255'],
    ['a domain of no bytes', '05010003000050', '01', 'expected 1 to 253 bytes, got 0'],
    ['a domain of 254 bytes', connectTo(long), '04', 'got 254'],
    ['a domain of 255 bytes', connectTo(`${long}.`), '04', 'got 255'],
    ['255 colons', connectTo(':'.repeat(255)), '04', 'got 255'],
    ['a label of 64 bytes', connectTo(longLabel), '04', 'got 64'],
    ['an empty label', connectTo('a..example'), '04', 'got 0'],
    ['port 0', '05010001c00002010000', '01', 'port: expected 1 to 65535, got 0'],
    ['port 0 of a domain', connectTo('example.com', '0000'), '01', 'port'],
  ];
  it.each(cases)('with %s is refused', (_, request, reply, message) => {
    const outcome = threeFeedings(spacedHex(greeting + request));
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(outcome.message).toContain(message);
    expect(toHex(outcome.written)).toBe(`0500 05${reply}0001 00000000 0000`.replaceAll(' ', ''));
  });

  const spellings = [
    ...[
      '127.0.0.1\0.evil.example',
      'a b',
      'a\r\nb',
      'a\x7f',
      'bücher.example',
      '\x1b[2J',
      '<img/src=x>',
      '*',
      '.',
    ],
    ...[
      '2130706433',
      '0x7f000001',
      '0X7F.1',
      '127.1',
      '0177.0.0.1',
      '0',
      '0x',
      '127.0.0.1.',
      '256.1.1.1',
      '1.2.3.4.5',
    ],
    ...['::1%lo', 'fe80::1%eth0', '[::1', '[example]', ':::', '1::2::3'],
  ];
  it.each(spellings)('is never looked up when its domain is %j', (domain) => {
    const outcome = threeFeedings(spacedHex(greeting + connectTo(domain)));
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(toHex(outcome.written)).toBe('050005040001000000000000');
    expect(outcome.message).not.toContain(domain.slice(0, 40));
  });

  it('does not wait for an address of a type it does not know', () => {
    expect(converse(acceptSocks5(), [spacedHex(`${greeting}05010009`)]).waiting).toBe(false);
  });

  it('is heard to its end before its command is refused', () => {
    const outcome = converse(acceptSocks5(), [spacedHex(`${greeting}05020001c000020100`)]);
    expect(outcome.waiting).toBe(true);
    expect(toHex(outcome.written)).toBe('0500');
  });

  it('gets no byte when its version is not 5', () => {
    const outcome = threeFeedings(spacedHex(`${greeting}04010050`));
    expect(outcome.message).toBe('SOCKS5 request version: expected 5, got 4');
    expect(toHex(outcome.written)).toBe('0500');
  });
});
