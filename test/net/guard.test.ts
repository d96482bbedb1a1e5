import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../shared/codec/address.js';
import { formatIp } from '../../shared/codec/ip.js';
import { RefusedError } from '../../shared/errors.js';
import { admitAddress, admitTarget, type Guard, refusedName, refusedRange } from '../../shared/net/guard.js';

/** Range, first address, last address, and the neighbours outside, where these are public. */
type Row = readonly [range: string, first: string, last: string, ...outside: string[]];

const ipv4: readonly Row[] = [
  ['0.0.0.0/8', '0.0.0.0', '0.255.255.255', '1.0.0.0'],
  ['10.0.0.0/8', '10.0.0.0', '10.255.255.255', '9.255.255.255', '11.0.0.0'],
  ['100.64.0.0/10', '100.64.0.0', '100.127.255.255', '100.63.255.255', '100.128.0.0'],
  ['127.0.0.0/8', '127.0.0.0', '127.255.255.255', '126.255.255.255', '128.0.0.0'],
  ['168.63.129.16/32', '168.63.129.16', '168.63.129.16', '168.63.129.15', '168.63.129.17'],
  ['169.254.0.0/16', '169.254.0.0', '169.254.255.255', '169.253.255.255', '169.255.0.0'],
  ['169.254.0.0/16', '169.254.169.254', '169.254.170.2'],
  ['172.16.0.0/12', '172.16.0.0', '172.31.255.255', '172.15.255.255', '172.32.0.0'],
  ['192.0.0.0/24', '192.0.0.0', '192.0.0.255', '191.255.255.255', '192.0.1.0'],
  ['192.0.2.0/24', '192.0.2.0', '192.0.2.255', '192.0.1.255', '192.0.3.0'],
  ['192.31.196.0/24', '192.31.196.0', '192.31.196.255', '192.31.195.255', '192.31.197.0'],
  ['192.52.193.0/24', '192.52.193.0', '192.52.193.255', '192.52.192.255', '192.52.194.0'],
  ['192.88.99.0/24', '192.88.99.0', '192.88.99.255', '192.88.98.255', '192.88.100.0'],
  ['192.168.0.0/16', '192.168.0.0', '192.168.255.255', '192.167.255.255', '192.169.0.0'],
  ['192.175.48.0/24', '192.175.48.0', '192.175.48.255', '192.175.47.255', '192.175.49.0'],
  ['198.18.0.0/15', '198.18.0.0', '198.19.255.255', '198.17.255.255', '198.20.0.0'],
  ['198.51.100.0/24', '198.51.100.0', '198.51.100.255', '198.51.99.255', '198.51.101.0'],
  ['203.0.113.0/24', '203.0.113.0', '203.0.113.255', '203.0.112.255', '203.0.114.0'],
  ['224.0.0.0/4', '224.0.0.0', '239.255.255.255', '223.255.255.255'],
  ['240.0.0.0/4', '240.0.0.0', '255.255.255.255'],
];

const ones = 'ffff:ffff:ffff:ffff';
const ipv6: readonly Row[] = [
  ['::/128', '::', '0:0:0:0:0:0:0:0'],
  ['::1/128', '::1', '0000:0000:0000:0000:0000:0000:0000:0001'],
  ['64:ff9b::/96', '64:ff9b::808:808', '64:ff9b::8.8.8.8', '64:ff9b::1:0:0', '64:ff9a::8.8.8.8'],
  ['64:ff9b:1::/48', '64:ff9b:1::', `64:ff9b:1:ffff:${ones}`, '64:ff9b:2::', `64:ff9b:0:ffff:${ones}`],
  ['100::/64', '100::', `100::${ones}`, '100:0:0:2::', `ff:ffff:ffff:ffff:${ones}`],
  ['100:0:0:1::/64', '100:0:0:1::', `100:0:0:1:${ones}`, '100:0:0:2::'],
  ['2001::/23', '2001:2::', `2001:1ff:ffff:ffff:${ones}`, '2001:200::', `2000:ffff:ffff:ffff:${ones}`],
  ['2001:db8::/32', '2001:db8::', `2001:db8:ffff:ffff:${ones}`, `2001:db7:ffff:ffff:${ones}`, '2001:db9::'],
  ['2002::/16', '2002:808:808::', `2002:df00::${ones}`, `2001:ffff:ffff:ffff:${ones}`, '2003::'],
  [
    '2620:4f:8000::/48',
    '2620:4f:8000::',
    `2620:4f:8000:ffff:${ones}`,
    '2620:4f:8001::',
    `2620:4f:7fff:ffff:${ones}`,
  ],
  ['3fff::/20', '3fff::', `3fff:fff:ffff:ffff:${ones}`, '3fff:1000::', `3ffe:ffff:ffff:ffff:${ones}`],
  ['5f00::/16', '5f00::', `5f00:ffff:ffff:ffff:${ones}`, '5f01::', `5eff:ffff:ffff:ffff:${ones}`],
  ['fc00::/7', 'fc00::', `fdff:ffff:ffff:ffff:${ones}`, `fbff:ffff:ffff:ffff:${ones}`, 'fe00::'],
  ['fc00::/7', 'fd00:ec2::254', 'fd00::1'],
  ['fe80::/10', 'fe80::', `febf:ffff:ffff:ffff:${ones}`, `fe7f:ffff:ffff:ffff:${ones}`],
  ['fec0::/10', 'fec0::', `feff:ffff:ffff:ffff:${ones}`],
  ['ff00::/8', 'ff00::', `ffff:ffff:ffff:ffff:${ones}`],
];

describe('a special range', () => {
  it.each([...ipv4, ...ipv6])(
    '%s is refused from its first address to its last',
    (range, first, last, ...outside) => {
      expect(refusedRange(first)).toMatch(new RegExp(` ${range}$`));
      expect(refusedRange(last)).toMatch(new RegExp(` ${range}$`));
      for (const ip of outside) expect([ip, refusedRange(ip)]).toEqual([ip, undefined]);
    },
  );

  it('lets ordinary addresses of both families pass', () => {
    const publicOnes = ['8.8.8.8', '93.184.216.34', '2606:4700::1111', '2a00:1450:4001::200e', '::8.8.8.8'];
    expect(publicOnes.map(refusedRange)).toEqual(publicOnes.map(() => undefined));
  });
});

describe('an IPv4 address inside an IPv6 one', () => {
  const spellings: readonly (readonly [name: string, ip: string, range: string])[] = [
    ['mapped', '::ffff:127.0.0.1', 'loopback 127.0.0.0/8'],
    ['mapped, in hex', '::FFFF:7f00:1', 'loopback 127.0.0.0/8'],
    ['mapped, written out', '0:0:0:0:0:ffff:a00:1', 'private 10.0.0.0/8'],
    ['compatible', '::127.0.0.1', 'loopback 127.0.0.0/8 inside IPv4-compatible'],
    ['compatible, the next of ::1', '::2', 'this network 0.0.0.0/8 inside IPv4-compatible'],
    ['NAT64', '64:ff9b::a9fe:a9fe', 'link-local 169.254.0.0/16 inside NAT64'],
    ['6to4', '2002:c0a8:1::1', 'private 192.168.0.0/16 inside 6to4'],
    ['Teredo', '2001:0:4136:e378:8000:63bf:80ff:fffe', 'loopback 127.0.0.0/8 inside Teredo'],
    ['ISATAP', '2a00:1450::5efe:10.0.0.1', 'private 10.0.0.0/8 inside ISATAP'],
    ['ISATAP, universal', '2a00:1450::200:5efe:127.0.0.1', 'loopback 127.0.0.0/8 inside ISATAP'],
  ];
  it.each(spellings)('is found when %s', (_, ip, range) => {
    expect(refusedRange(ip)).toBe(range);
  });

  it('is judged for itself: a public one in a public form passes', () => {
    expect(refusedRange('::ffff:8.8.8.8')).toBeUndefined();
    expect(refusedRange('2a00:1450::5efe:8.8.8.8')).toBeUndefined();
    expect(refusedRange('2a00:1450::100:5efe:127.0.0.1')).toBeUndefined();
  });

  it('is refused in every form exactly when it is refused alone, or the form is', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const plain = formatIp(bytes);
        const alone = refusedRange(plain) !== undefined;
        const embedded = (head: number[], at: number): boolean => {
          const address = new Uint8Array(16);
          address.set(head);
          address.set(bytes, at);
          return refusedRange(formatIp(address)) !== undefined;
        };
        expect(refusedRange(`::ffff:${plain}`) !== undefined).toBe(alone);
        expect(embedded([0x2a, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x5e, 0xfe], 12)).toBe(alone);
        expect(embedded([], 12)).toBe(alone);
        expect(embedded([0x20, 0x02], 2)).toBe(true);
        expect(embedded([0, 0x64, 0xff, 0x9b], 12)).toBe(true);
      }),
    );
  });
});

describe('what is no plain IP address', () => {
  it.each(['fe80::1%eth0', '::1%lo', '2606:4700::1111%2'])('is refused for its zone: %s', (ip) => {
    expect(refusedRange(ip)).toBe('an address with a zone');
  });

  it.each([
    '',
    'example.com',
    '2130706433',
    '0x7f000001',
    '127.1',
    '0177.0.0.1',
    '[::1]',
    '1.2.3.4\0',
    '8.8.8.8 ',
  ])('is refused: %j', (ip) => {
    expect(refusedRange(ip)).toBe('no IP address');
  });
});

describe('a name', () => {
  it.each([
    ['localhost', 'localhost'],
    ['LOCALHOST.', 'localhost'],
    ['foo.localhost', 'localhost'],
    ['printer.local', 'local'],
    ['metadata.google.internal', 'internal'],
    ['Router.Home.ARPA', 'home.arpa'],
  ])('of this host or network is refused: %s', (host, name) => {
    expect(refusedName(host)).toBe(name);
  });

  it.each([
    'example.com',
    'localhost.example.com',
    'notlocalhost',
    'mylocal',
    '127.0.0.1.nip.io',
    'e164.arpa',
  ])('of the world passes: %s', (host) => {
    expect(refusedName(host)).toBeUndefined();
  });
});

describe('the guard', () => {
  const guard = (allowPrivate: boolean, ...own: Target[]): Guard => ({ allowPrivate, own: () => own });
  const interfaces = Object.values(networkInterfaces()).flatMap((each = []) =>
    each.map(({ address }) => address),
  );

  it('refuses port 25, private targets allowed or not', () => {
    for (const allowPrivate of [false, true]) {
      expect(() => {
        admitTarget(guard(allowPrivate), { host: 'example.com', port: 25 });
      }).toThrow(new RefusedError('target port: expected any but 25, got 25'));
    }
  });

  it('refuses private names and addresses until they are allowed', () => {
    expect(() => {
      admitTarget(guard(false), { host: 'localhost', port: 80 });
    }).toThrow(RefusedError);
    expect(() => {
      admitAddress(guard(false), '127.0.0.1', 80);
    }).toThrow(new RefusedError('target: expected a public address, got loopback 127.0.0.0/8'));
    admitTarget(guard(true), { host: 'localhost', port: 80 });
    admitAddress(guard(true), '127.0.0.1', 80);
    admitTarget(guard(false), { host: 'example.com', port: 80 });
    admitAddress(guard(false), '93.184.216.34', 80);
  });

  const loops: readonly (readonly [listen: string, dialled: string])[] = [
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['::1', '::'],
    ['192.0.2.1', '192.0.2.1'],
    ...['0.0.0.0', '::'].flatMap((listen) =>
      ['127.0.0.1', '127.9.9.9', '::1', '0.0.0.0', '::', ...interfaces].map((to) => [listen, to] as const),
    ),
  ];
  it.each(loops)('on %s never dials itself as %s', (host, dialled) => {
    const own = guard(true, { host, port: 8388 });
    expect(() => {
      admitAddress(own, dialled, 8388);
    }).toThrow(new RefusedError('target: expected another service, got our own listener'));
    admitAddress(own, dialled, 8389);
  });

  it('lets the port of a listener pass on other addresses', () => {
    admitAddress(guard(true, { host: '127.0.0.1', port: 8388 }), '127.0.0.2', 8388);
    admitAddress(guard(true, { host: '0.0.0.0', port: 8388 }), '93.184.216.34', 8388);
  });
});
