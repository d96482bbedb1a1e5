import { describe, expect, it } from 'vitest';
import { remotePage, type RemotePage } from '../../shared/config/paste.js';
import { formatServerUri, parseServerUri, type ServerUri } from '../../shared/config/uri.js';
import type { HostDoubt } from '../../shared/config/public-host.js';
import { canaryKey, method } from '../support/config.js';

const uri: ServerUri = {
  wire: 'raw',
  method: method(),
  secret: canaryKey,
  host: '192.0.2.1',
  port: 8388,
  tag: "Ann's VPS",
};
const encoded = encodeURIComponent(canaryKey);
const page: RemotePage = {
  listen: '[::]:8388',
  uri,
  source: { from: 'file', path: '/h/remote.key', created: true },
  users: undefined,
};
const drawQr = (text: string): string => `<QR of ${text}>`;

it('the page of a remote names its further ports, with the URIs of those that have one for everybody', () => {
  const other: ServerUri = { ...uri, port: 8001, tag: 'two' };
  const ports = [
    { listen: '[::]:8001', uri: other, users: undefined },
    { listen: '[::]:8002', uri: { ...uri, port: 8002 }, users: 3 },
  ];
  const lines = remotePage({ ...page, ports }, drawQr);
  expect(lines).toContain(`It also listens on [::]:8001 with ${uri.method.name}:`);
  expect(lines).toContain(`  ${formatServerUri(other)}`);
  expect(lines).toContain(`  ${formatServerUri({ ...other, wire: 'shadowsocks' })}`);
  expect(lines).toContain('  for 3 users');
  expect(lines.join('\n')).not.toContain(':8002/');
  expect(lines.at(-2)).toContain('npx halflight local');
});

describe('the page of a remote', () => {
  it('of many users shows nobody a URI, and says how to get at one', () => {
    const lines = remotePage({ ...page, users: 3 }, drawQr);
    expect(lines.join('\n')).not.toContain('://');
    expect(lines.join('\n')).toContain('It lets in 3 users');
    expect(lines).toContain('  --uri-of NAME');
  });

  it('has one line to paste on the laptop, which the local reads back', () => {
    const pasted = remotePage(page, drawQr).filter((line) => line.startsWith('npx halflight local '));
    expect(pasted).toEqual([
      `npx halflight local 'halflight://2022-blake3-aes-256-gcm:${encoded}@192.0.2.1:8388#Ann%27s%20VPS'`,
    ]);
    expect(parseServerUri(/'(.*)'/.exec(pasted[0] ?? '')?.[1] ?? '')).toEqual(uri);
  });

  it('has the ss:// URI for phones, and both as QR codes', () => {
    const lines = remotePage(page, drawQr);
    const phone = `ss://2022-blake3-aes-256-gcm:${encoded}@192.0.2.1:8388#Ann%27s%20VPS`;
    expect(lines).toContain(phone);
    expect(lines).toContain(`<QR of ${phone}>`);
    expect(lines).toContain('The URI for the laptop as a QR code, in case its camera can read one:');
    expect(lines.filter((line) => line.startsWith('<QR of halflight://'))).toHaveLength(1);
  });

  it('says where the key was stored, once, and where it was found later', () => {
    expect(remotePage(page, drawQr).join('\n')).toContain('A new key is stored in /h/remote.key');
    const later: RemotePage = { ...page, source: { from: 'file', path: '/h/remote.key', created: false } };
    expect(remotePage(later, drawQr).join('\n')).toContain('The key is the one in /h/remote.key.');
  });

  it('never shows a key that was typed on the command line, and says why', () => {
    const text = remotePage({ ...page, source: { from: 'flag' } }, drawQr).join('\n');
    expect(text).not.toContain(canaryKey);
    expect(text).not.toContain(encoded);
    expect(text).not.toContain('<QR of');
    expect(text).toContain(":***@192.0.2.1:8388#Ann%27s%20VPS'");
    expect(text).not.toContain('QR code');
    expect(text).toContain('The key came from the command line');
  });

  it('hints at --public-host when the host is a guess, and only then', () => {
    expect(remotePage(page, drawQr).join('\n')).not.toContain('--public-host');
    expect(remotePage({ ...page, doubt: 'guess' }, drawQr).join('\n')).toContain(
      '192.0.2.1 is a guess: no public address is here. Name the right one with --public-host.',
    );
  });

  it('says who can reach a host that not everybody can', () => {
    const remark = (doubt: HostDoubt): string | undefined => remotePage({ ...page, doubt }, drawQr)[2];
    expect(remark('loopback')).toMatch(/^192\.0\.2\.1 is this machine: nothing else can reach the remote/);
    expect(remark('private')).toMatch(/^192\.0\.2\.1 is private: only its own network can reach it/);
  });

  it('says whom it asks for a password, and whom it cannot', () => {
    expect(remotePage(page, drawQr).join('\n')).not.toContain('password');
    const lines = remotePage({ ...page, uri: { ...uri, remoteAuth: true } }, drawQr);
    expect(lines.filter((line) => line !== '').at(-1)).toContain(':8388?auth=remote#Ann%27s%20VPS');
    expect(lines.join('\n')).toContain('Shadowsocks clients cannot');
    expect(lines.find((line) => line.startsWith('ss://'))).not.toContain('auth=');
  });

  it('has the line to paste last, below both QR codes', () => {
    const lines = remotePage(page, drawQr).filter((line) => line !== '');
    expect(lines.at(-2)).toBe('On the laptop, paste:');
    expect(lines.at(-1)).toMatch(/^npx halflight local /);
    const codes = lines.flatMap((line) => /^<QR of ([a-z]+):/.exec(line)?.[1] ?? []);
    expect(codes).toEqual(['ss', 'halflight']);
  });
});
