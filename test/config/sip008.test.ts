import { expect, it } from 'vitest';
import { maxSubscriptionBytes, parseSubscription } from '../../shared/config/sip008.js';
import { messageOf } from '../support/config.js';

const server = { server: 'a.example', server_port: 1, method: 'aes-256-gcm', password: 'geheim-1' };
const bytesOf = (document: object): Uint8Array => Buffer.from(JSON.stringify(document));

it('refuses a document of more than 1 MiB without reading it', () => {
  expect(messageOf(() => parseSubscription(new Uint8Array(maxSubscriptionBytes + 1)))).toBe(
    'ConfigError: subscription: expected at most 1048576 bytes, got 1048577',
  );
});

it('takes as many as 256 servers', () => {
  const servers = Array.from({ length: 256 }, (_, index) => ({ ...server, server_port: index + 1 }));
  expect(parseSubscription(bytesOf({ version: 1, servers })).servers).toHaveLength(256);
});

it('says of a list of 100,000 numbers only of the first ones that they are none', () => {
  const servers = Array.from({ length: 100_000 }, () => 7);
  expect(messageOf(() => parseSubscription(bytesOf({ version: 1, servers })))).toMatch(
    /^ConfigError: subscription: expected a server that can be used, got none of 100000; the first: /,
  );
});

it('runs no plugin by default, whatever it is called', () => {
  for (const plugin of ['v2ray-plugin', '*', 'any', '/bin/sh', '__proto__']) {
    const document = bytesOf({ version: 1, servers: [{ ...server, plugin }, server] });
    const { servers, warnings } = parseSubscription(document);
    expect(servers).toHaveLength(1);
    expect(servers[0]).not.toHaveProperty('plugin');
    expect(warnings).toHaveLength(1);
  }
});

it('allows one plugin and no other', () => {
  const named = (plugin: string): object => ({ ...server, plugin, plugin_opts: 'a=b\\;c' });
  const document = bytesOf({ version: 1, servers: [named('one'), named('one;two'), named('One')] });
  const { servers, warnings } = parseSubscription(document, { plugins: ['one'] });
  expect(servers.map(({ plugin }) => plugin)).toEqual([{ name: 'one', options: 'a=b\\;c' }]);
  expect(warnings).toHaveLength(2);
});

it('reads a password that looks like a variable as it is', () => {
  const document = bytesOf({ version: 1, servers: [{ ...server, password: '${HOME}' }] });
  expect(parseSubscription(document).servers[0]?.secret).toBe('${HOME}');
});
