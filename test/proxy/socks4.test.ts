import { describe, expect, it } from 'vitest';
import { ProtocolError, type Refusal } from '../../shared/errors.js';
import { DeniedError } from '../../shared/proxy/request.js';
import { acceptSocks4, readSocks4Reply, socks4Replies } from '../../shared/proxy/socks4.js';
import { toHex } from '../support/codec.js';
import { converse, type Outcome, spacedHex } from '../support/handshake.js';
import { hostileNames, longestName, threeFeedings, trailing } from '../support/socks.js';

const rejected = '005b000000000000';

function ask(request: string): Outcome<unknown> & { readonly message: string } {
  return threeFeedings(() => acceptSocks4(), spacedHex(request));
}

/** A SOCKS4A request for a name, in hex. */
function connectTo(name: string, { user = '', port = '0050', command = '01' } = {}): string {
  return `04${command}${port}00000001${Buffer.from(`${user}\0${name}\0`).toString('hex')}`;
}

describe('a SOCKS4 request that can be carried out', () => {
  const cases: readonly (readonly [string, string, string, string, number])[] = [
    ['an address', '0401 0050 c0000201 00', 'connect', '192.0.2.1', 80],
    ['an address and a user', '0401 ffff c0000201 75736572 00', 'connect', '192.0.2.1', 65_535],
    ['a user of 255 bytes', `0401 0050 c0000201 ${'ff'.repeat(255)} 00`, 'connect', '192.0.2.1', 80],
    ['a name', connectTo('example.com'), 'connect', 'example.com', 80],
    ['a name and a user', connectTo('example.com.', { user: 'u' }), 'connect', 'example.com.', 80],
    ['a name after 0.0.0.255', '0401 0050 000000ff 00 612e6200', 'connect', 'a.b', 80],
    ['a name of 253 bytes', connectTo(longestName), 'connect', longestName, 80],
    ['a name that is an IPv4 address', connectTo('127.0.0.1'), 'connect', '127.0.0.1', 80],
    ['a name that is an IPv6 address', connectTo('[::0001]'), 'connect', '::1', 80],
    ['an address of the network that says nothing', '0401 0050 00000100 00', 'connect', '0.0.1.0', 80],
    ['a binding', '0402 0050 c0000201 00', 'bind', '192.0.2.1', 80],
    ['a binding for any port', '0402 0000 c0000201 00', 'bind', '192.0.2.1', 0],
    ['a binding for a name', connectTo('a.b', { port: '0000', command: '02' }), 'bind', 'a.b', 0],
  ];
  it.each(cases)('is returned for %s, with nothing written', (_, request, command, host, port) => {
    const { result, written } = ask(request);
    expect(result).toMatchObject({ protocol: 'SOCKS4', command, target: { host, port } });
    expect(result).toMatchObject({ words: spacedHex(request) });
    expect(written).toHaveLength(0);
  });

  it('leaves what follows to the relay', () => {
    expect(converse(acceptSocks4(), [spacedHex('04010050c000020100474554')]).rest).toEqual(trailing);
    expect(converse(acceptSocks4(), [spacedHex(`${connectTo('a.b')}474554`)]).rest).toEqual(trailing);
  });
});

describe('an answer of SOCKS4', () => {
  const request = converse(acceptSocks4(), [spacedHex('04010050c000020100')]).result;
  const granted = (host: string): string => toHex(request?.granted({ host, port: 0x1234 }) ?? trailing);

  it('grants with version 0, and the address where there is room for it', () => {
    expect(granted('192.0.2.7')).toBe('005a1234c0000207');
    expect(granted('::ffff:192.0.2.7')).toBe('005a1234c0000207');
    expect(granted('2001:db8::1')).toBe('005a123400000000');
    expect(granted('example.com')).toBe('005a123400000000');
  });

  it.each(Object.keys(socks4Replies) as Refusal[])('of %s is 91', (reason) => {
    expect(toHex(request?.refused(reason) ?? trailing)).toBe(rejected);
  });
});

describe('a SOCKS4 request that cannot be carried out', () => {
  const cases: readonly (readonly [name: string, request: string, message: string])[] = [
    ['command 0', '0400 0050 c0000201 00', 'command: expected 1 or 2, got 0'],
    ['command 3', '0403 0050 c0000201 00', 'got 3'],
    ['command 255', connectTo('example.com', { command: 'ff' }), 'got 255'],
    ['address 0.0.0.0', '0401 0050 00000000 00', 'address: expected a host, got none'],
    ['address 0.0.0.0 as a name', connectTo('0.0.0.0'), 'got none'],
    ['address :: as a name', connectTo('::'), 'got none'],
    ['a binding for anybody', '0402 0050 00000000 00', 'got none'],
    ['port 0', '0401 0000 c0000201 00', 'port: expected 1 to 65535, got 0'],
    ['port 0 of a name', connectTo('example.com', { port: '0000' }), 'port'],
    ['no name', connectTo(''), 'domain: expected 1 to 253 bytes, got 0'],
    ['a name of 254 bytes', connectTo(`${longestName}b`).slice(0, -2), 'at most 253 bytes, got more'],
    ['a name without an end', `0401 0050 00000001 00 ${'61'.repeat(254)}`, 'at most 253 bytes, got more'],
  ];
  it.each(cases)('with %s is rejected', (_, request, message) => {
    const outcome = ask(request);
    expect(outcome.error).toBeInstanceOf(ProtocolError);
    expect(outcome.message).toMatch(/^SOCKS4 /);
    expect(outcome.message).toContain(message);
    expect(toHex(outcome.written)).toBe(rejected);
  });

  // A NUL ends the name: what stands before it is all that is ever looked up.
  it.each(hostileNames.filter((name) => !name.includes('\0')))(
    'is never looked up when it names %j',
    (name) => {
      for (const command of ['01', '02']) {
        const outcome = ask(connectTo(name, { command }));
        expect(outcome.error).toBeInstanceOf(ProtocolError);
        expect(toHex(outcome.written)).toBe(rejected);
        expect(outcome.message).not.toContain(name.slice(0, 40));
      }
    },
  );

  it('takes a name to its NUL and no further', () => {
    const { result, rest } = converse(acceptSocks4(), [spacedHex(connectTo('127.0.0.1\0.evil.example'))]);
    expect(result).toMatchObject({ target: { host: '127.0.0.1', port: 80 } });
    expect(Buffer.from(rest).toString()).toBe('.evil.example\0');
  });

  it('gets no byte when its user id has no end', () => {
    const outcome = ask(`0401 0050 c0000201 ${'61'.repeat(256)}`);
    expect(outcome.message).toBe('SOCKS4 user id: expected at most 255 bytes, got more');
    expect(outcome.written).toHaveLength(0);
  });

  it('gets no byte when its version is not 4', () => {
    const outcome = ask('0501 0050 c0000201');
    expect(outcome.message).toBe('SOCKS4 version: expected 4, got 5');
    expect(outcome.written).toHaveLength(0);
  });
});

describe('a proxy that wants credentials', () => {
  const closed = (): ReturnType<typeof acceptSocks4> => acceptSocks4({ closed: true });

  it.each([
    ['a connection', '0401 0050 c0000201 616c696365 00'],
    ['a name', connectTo('example.com', { user: 'alice' })],
    ['a binding', '0402 0050 c0000201 00'],
    ['a command that nobody knows', '0409 0050 c0000201 00'],
    ['a name that is none', connectTo('a b')],
    ['a name without an end', `0401 0050 00000001 00 ${'61'.repeat(254)}`],
  ])('denies SOCKS4 %s after it was heard, and leaves the saying of it to others', (_, request) => {
    const { error, written } = threeFeedings(closed, spacedHex(request));
    expect(error).toBeInstanceOf(DeniedError);
    expect(error).toMatchObject({ code: 'denied', protocol: 'SOCKS4', reply: spacedHex(rejected) });
    expect(written).toHaveLength(0);
    expect(converse(closed(), [spacedHex(request).subarray(0, -1)]).waiting).toBe(true);
  });
});

describe("a SOCKS4 proxy's answer", () => {
  it.each<[number, Refusal | undefined]>([
    [90, undefined],
    [91, 'general-failure'],
    [92, 'not-allowed'],
    [93, 'not-allowed'],
  ])('of code %i means %s', (code, refusal) => {
    const bytes = Uint8Array.of(0, code, 0x12, 0x34, 192, 0, 2, 7);
    const { result } = threeFeedings(readSocks4Reply, bytes);
    expect(result).toEqual({ refusal, bound: { host: '192.0.2.7', port: 0x1234 }, bytes });
  });

  it.each([
    ['0459 000000000000', 'SOCKS4 reply version: expected 0, got 4'],
    ['0059 000000000000', 'SOCKS4 reply code: expected 90 to 93, got 89'],
    ['005e 000000000000', 'SOCKS4 reply code: expected 90 to 93, got 94'],
    ['485454502f312e31', 'SOCKS4 reply version: expected 0, got 72'],
  ])('%s is a protocol error', (answer, message) => {
    const { error } = threeFeedings(readSocks4Reply, spacedHex(answer));
    expect(error).toBeInstanceOf(ProtocolError);
    expect(error).toMatchObject({ message });
  });
});
