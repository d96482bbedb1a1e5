import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatIp, parseIp } from '../../shared/codec/ip.js';
import { inNetwork, parseNetwork } from '../../shared/codec/network.js';

function holds(cidr: string, ip: string): boolean {
  const network = parseNetwork(cidr);
  const address = parseIp(ip);
  if (network === undefined || address === undefined) throw new Error('expected a network and an address');
  return inNetwork(network, address);
}

it.each([
  ['10.0.0.0/8', '10.255.0.1', true],
  ['10.9.9.9/8', '10.255.0.1', true],
  ['10.0.0.0/8', '11.0.0.0', false],
  ['198.18.0.0/15', '198.19.255.255', true],
  ['198.18.0.0/15', '198.20.0.0', false],
  ['0.0.0.0/0', '255.1.2.3', true],
  ['192.0.2.7/32', '192.0.2.7', true],
  ['192.0.2.7/32', '192.0.2.6', false],
  ['fe80::/10', 'febf::1', true],
  ['fe80::/10', 'fec0::1', false],
  ['::1/128', '::1', true],
  ['::1/128', '::2', false],
  ['::/0', '2001:db8::1', true],
  ['::/0', '10.0.0.1', false],
  ['0.0.0.0/0', '::1', false],
])('%s and %s: %s', (cidr, ip, held) => {
  expect(holds(cidr, ip)).toBe(held);
});

it.each([
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '10.0.0/8',
  '::/129',
  '[::]/8',
  '/8',
  'a/8',
  '::1%lo/8',
])('%s is no network', (text) => {
  expect(parseNetwork(text)).toBeUndefined();
});

it('an address is in all of its own networks, and leaves them with the bit that is turned', () => {
  const address = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }),
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(address, fc.nat({ max: 128 }), fc.nat({ max: 127 }), (ip, wanted, turned) => {
      const bits = wanted % (8 * ip.length + 1);
      const bit = turned % (8 * ip.length);
      const other = ip.slice();
      other[bit >>> 3] = (other[bit >>> 3] ?? 0) ^ (0x80 >>> (bit & 7));
      const cidr = `${formatIp(ip)}/${bits}`;
      expect(holds(cidr, formatIp(ip))).toBe(true);
      expect(holds(cidr, formatIp(other))).toBe(bit >= bits);
    }),
  );
});
