import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import {
  hostForOthers,
  type PublicHost,
  publicHost,
  type PublicHostSources,
  readPublicHost,
} from '../../shared/config/public-host.js';

function address(text: string, internal = false): NetworkInterfaceInfo {
  const family = text.includes(':') ? { family: 'IPv6' as const, scopeid: 0 } : { family: 'IPv4' as const };
  return { address: text, netmask: '', mac: '', cidr: null, internal, ...family };
}

const interfacesOf = (addresses: readonly string[]): PublicHostSources['interfaces'] => ({
  lo: [address('127.0.0.1', true), address('::1', true)],
  eth0: addresses.map((each) => address(each)),
});

function choose(addresses: readonly string[], sources: Partial<PublicHostSources> = {}): PublicHost {
  return publicHost({ named: undefined, listen: '', interfaces: interfacesOf(addresses), ...sources });
}

describe('the host in the URI of a remote', () => {
  it('is what the operator named, whatever else there is', () => {
    expect(choose(['8.8.8.8'], { named: 'vpn.example.com', listen: '10.0.0.1' })).toEqual({
      host: 'vpn.example.com',
    });
  });

  it('is the listening address when that is a particular one', () => {
    expect(choose(['8.8.8.8'], { listen: '8.8.4.4' })).toEqual({ host: '8.8.4.4' });
    expect(choose(['8.8.8.8'], { listen: 'vpn.example.com' })).toEqual({ host: 'vpn.example.com' });
  });

  it.each([
    ['127.0.0.1', 'loopback'],
    ['::1', 'loopback'],
    ['localhost', 'loopback'],
    ['10.0.0.1', 'private'],
    ['fd00::1', 'private'],
  ] as const)('is in doubt when the remote listens on %s', (listen, doubt) => {
    expect(choose(['8.8.8.8'], { listen })).toEqual({ host: listen, doubt });
    expect(choose([], { listen, named: 'vpn.example.com' })).toEqual({ host: 'vpn.example.com' });
  });

  it('is the first public address, IPv4 before IPv6', () => {
    expect(choose(['10.0.0.1', '2600::1', '8.8.8.8'])).toEqual({ host: '8.8.8.8' });
    expect(choose(['fe80::1', '10.0.0.1', '2600::1'])).toEqual({ host: '2600::1' });
  });

  it('is an IPv4 address when the remote listens on IPv4 only', () => {
    expect(choose(['2600::1', '10.0.0.1'], { listen: '0.0.0.0' })).toEqual({
      host: '10.0.0.1',
      doubt: 'guess',
    });
  });

  it('is a guess behind NAT and on a machine without a network', () => {
    expect(choose(['fe80::1', 'fd00::1', '192.168.1.5'])).toEqual({ host: '192.168.1.5', doubt: 'guess' });
    expect(choose(['fe80::1'])).toEqual({ host: '127.0.0.1', doubt: 'guess' });
  });

  it('is read with brackets or without', () => {
    expect(readPublicHost('[2600::1]')).toBe('2600::1');
    expect(readPublicHost('2600::1')).toBe('2600::1');
    expect(readPublicHost('8.8.8.8')).toBe('8.8.8.8');
  });

  it.each(['example.com:8388', 'http://example.com', '8.8.8.8:1', '[2600::1]:8388', 'ss://x@h:1'])(
    'is named without scheme and port, unlike %s',
    (text) => {
      expect(() => readPublicHost(text)).toThrow(
        '--public-host: expected a host without scheme or port, got one with',
      );
    },
  );

  it.each(['', 'a b', 'example.com:8388', 'https://example.com', '[8.8.8.8]', 'fe80::1%eth0'])(
    'is never %j',
    (text) => {
      expect(() => readPublicHost(text)).toThrow('--public-host: expected');
    },
  );
});

describe('where others find a port', () => {
  it.each(['', '0.0.0.0', '::'])('on %j is an address of the network', (listen) => {
    expect(hostForOthers({ listen, interfaces: interfacesOf(['192.168.1.5']) })).toBe('192.168.1.5');
    expect(hostForOthers({ listen, interfaces: interfacesOf([]) })).toBeUndefined();
  });

  it.each(['127.0.0.1', '192.168.1.6', 'localhost'])('on %s needs no other word', (listen) => {
    expect(hostForOthers({ listen, interfaces: interfacesOf(['192.168.1.5']) })).toBeUndefined();
  });
});
