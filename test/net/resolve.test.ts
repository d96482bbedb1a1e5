import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DialError } from '../../shared/errors.js';
import { type CancellableResolver, createResolver } from '../../shared/net/resolve.js';
import { type DnsReply, fakeDns, type FakeDns, type Zone } from '../support/dns.js';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  vi.useRealTimers();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Rig {
  readonly dns: FakeDns;
  readonly resolver: CancellableResolver;
}

async function rig(zone: Zone, hosts = '/nonexistent'): Promise<Rig> {
  const dns = await fakeDns(zone);
  const resolver = createResolver({ servers: [dns.address], hosts });
  cleanups.push(
    () => dns.close(),
    () => {
      resolver.close();
    },
  );
  return { dns, resolver };
}

async function temporaryHosts(text: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'halflight-hosts-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  const path = join(directory, 'hosts');
  await writeFile(path, text);
  return path;
}

function both(ipv4: readonly string[], ipv6: readonly string[], ttl = 60): Zone {
  return (_, family) => ({ addresses: family === 'A' ? ipv4 : ipv6, ttl });
}

async function refusal(resolving: Promise<unknown>): Promise<string> {
  const error: unknown = await resolving.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DialError);
  expect(error).toHaveProperty('code', 'name-not-resolved');
  return (error as DialError).message;
}

describe('resolving', () => {
  it('hands back IP literals without asking anybody', async () => {
    const { dns, resolver } = await rig(both([], []));
    expect(await resolver.resolve('192.0.2.1')).toEqual(['192.0.2.1']);
    expect(await resolver.resolve('2001:db8::1')).toEqual(['2001:db8::1']);
    expect(dns.asked).toEqual([]);
  });

  it('asks for both families and returns both', async () => {
    const { dns, resolver } = await rig(both(['192.0.2.1', '192.0.2.2'], ['2001:db8::1']));
    expect(await resolver.resolve('example.com')).toEqual(['2001:db8::1', '192.0.2.1', '192.0.2.2']);
    expect([...dns.asked].sort()).toEqual(['A example.com', 'AAAA example.com']);
  });

  it('is content with one family when the other has none', async () => {
    const { resolver } = await rig((_, family) =>
      family === 'A' ? 'NXDOMAIN' : { addresses: ['2001:db8::1'] },
    );
    expect(await resolver.resolve('example.com')).toEqual(['2001:db8::1']);
  });

  it('follows an alias', async () => {
    const { resolver } = await rig((_, family) => ({
      cname: 'real.example.com',
      addresses: family === 'A' ? ['192.0.2.1'] : [],
    }));
    expect(await resolver.resolve('alias.example.com')).toEqual(['192.0.2.1']);
  });

  it('keeps only so many of a hundred addresses', async () => {
    const many = Array.from({ length: 100 }, (_, index) => `192.0.2.${index}`);
    const { resolver } = await rig(both(many, []));
    expect(await resolver.resolve('example.com')).toEqual(many.slice(0, 32));
  });

  it('waits 50 ms for IPv6 once it has IPv4', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { resolver } = await rig((_, family) => (family === 'A' ? { addresses: ['192.0.2.1'] } : 'silent'));
    const resolving = resolver.resolve('example.com');
    // The deadline of the lookup, and then the patience with IPv6.
    while (vi.getTimerCount() < 2) await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(50);
    expect(await resolving).toEqual(['192.0.2.1']);
  });

  it('waits for IPv4 when it has only IPv6, for many a host cannot use that', async () => {
    let release: (reply: DnsReply) => void = () => undefined;
    const late = new Promise<DnsReply>((resolve) => (release = resolve));
    const { dns, resolver } = await rig((_, family) =>
      family === 'A' ? late : { addresses: ['2001:db8::1'] },
    );
    const resolving = resolver.resolve('example.com');
    await vi.waitUntil(() => dns.asked.length === 2);
    release({ addresses: ['192.0.2.1'] });
    expect(await resolving).toEqual(['2001:db8::1', '192.0.2.1']);
  });
});

describe('a name that does not resolve', () => {
  it.each<[string, DnsReply, string]>([
    ['is unknown', 'NXDOMAIN', 'ENOTFOUND'],
    ['has no addresses', { addresses: [] }, 'ENODATA'],
    ['has a broken name server', 'SERVFAIL', 'ESERVFAIL'],
  ])('because it %s is a refusal', async (_, reply, code) => {
    const { resolver } = await rig(() => reply);
    expect(await refusal(resolver.resolve('dead.example'))).toBe(`name: expected an address, got ${code}`);
  });

  it('because nobody answers is given up after four seconds', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { dns, resolver } = await rig(() => 'silent');
    const resolving = refusal(resolver.resolve('dead.example'));
    while (dns.asked.length < 2) await new Promise(setImmediate);
    await vi.advanceTimersByTimeAsync(4000);
    expect(await resolving).toBe('name: expected an address, got no answer in time');
  });

  it.each([
    '127.1',
    '0x7f000001',
    '2130706433',
    '127.0.0.1\0.evil.example',
    '::1%lo',
    '',
    'a b',
    'ü.example',
  ])('because it is no name is never asked for: %j', async (host) => {
    const { dns, resolver } = await rig(both(['127.0.0.1'], []));
    expect(await refusal(resolver.resolve(host))).toMatch(/^name: expected/);
    expect(dns.asked).toEqual([]);
  });

  it('because the resolver was closed leaves nobody waiting', async () => {
    const { dns, resolver } = await rig(() => 'silent');
    const resolving = refusal(resolver.resolve('dead.example'));
    await vi.waitUntil(() => dns.asked.length === 2);
    resolver.close();
    await resolving;
    expect(await refusal(resolver.resolve('other.example'))).toBe(
      'name: expected an address, got a closed resolver',
    );
  });
});

it('a resolver that was cancelled leaves nobody waiting, and looks up again', async () => {
  let silent = true;
  const { dns, resolver } = await rig((...asked) => (silent ? 'silent' : both(['192.0.2.1'], [])(...asked)));
  const resolving = refusal(resolver.resolve('dead.example'));
  await vi.waitUntil(() => dns.asked.length === 2);
  resolver.cancel();
  await resolving;
  silent = false;
  expect(await resolver.resolve('other.example')).toEqual(['192.0.2.1']);
});

describe('the memory of the resolver', () => {
  it('asks once for all who wait, and not again while the answer lives', async () => {
    const { dns, resolver } = await rig(both(['192.0.2.1'], []));
    const names = ['example.com', 'EXAMPLE.com', 'example.com.'];
    const answers = await Promise.all(names.map((name) => resolver.resolve(name)));
    expect(answers).toEqual(names.map(() => ['192.0.2.1']));
    await resolver.resolve('example.com');
    expect(dns.asked).toHaveLength(2);
  });

  it.each([
    ['as long as it lives', 10, 9_999, 10_000],
    ['for a minute at most', 86_400, 59_999, 60_000],
  ])('holds an answer %s', async (_, ttl, within, beyond) => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { dns, resolver } = await rig(both(['192.0.2.1'], [], ttl));
    await resolver.resolve('example.com');
    vi.advanceTimersByTime(within);
    await resolver.resolve('example.com');
    expect(dns.asked).toHaveLength(2);
    vi.advanceTimersByTime(beyond - within);
    await resolver.resolve('example.com');
    expect(dns.asked).toHaveLength(4);
  });

  it('does not hold an answer that lives for no time, and sees the next one (rebinding)', async () => {
    const answers = ['93.184.216.34', '127.0.0.1'];
    const { resolver } = await rig((_, family) => ({
      addresses: family === 'A' ? [answers.shift() ?? ''] : [],
      ttl: 0,
    }));
    expect(await resolver.resolve('rebind.example')).toEqual(['93.184.216.34']);
    expect(await resolver.resolve('rebind.example')).toEqual(['127.0.0.1']);
  });

  it('holds a failure for five seconds', async () => {
    vi.useFakeTimers({ toFake: ['performance'] });
    const { dns, resolver } = await rig(() => 'NXDOMAIN');
    await refusal(resolver.resolve('dead.example'));
    vi.advanceTimersByTime(4_999);
    await refusal(resolver.resolve('dead.example'));
    expect(dns.asked).toHaveLength(2);
    vi.advanceTimersByTime(1);
    await refusal(resolver.resolve('dead.example'));
    expect(dns.asked).toHaveLength(4);
  });

  it('forgets the oldest of more than 4096 names', async () => {
    const { dns, resolver } = await rig(both(['192.0.2.1'], []));
    const asked = (): number => dns.asked.filter((question) => question === 'A name0.example').length;
    for (let first = 0; first < 4096; first += 64) {
      const batch = Array.from({ length: 64 }, (_, index) =>
        resolver.resolve(`name${first + index}.example`),
      );
      await Promise.all(batch);
    }
    await resolver.resolve('name0.example');
    expect(asked()).toBe(1);
    await resolver.resolve('name4096.example');
    await resolver.resolve('name0.example');
    expect(asked()).toBe(2);
  });

  it('never has more than 256 names in flight, and lets the next in when one is done', async () => {
    let release: (reply: DnsReply) => void = () => undefined;
    const gate = new Promise<DnsReply>((resolve) => (release = resolve));
    const { dns, resolver } = await rig((name) => (name === 'probe.example' ? 'NXDOMAIN' : gate));
    const all: Promise<string>[] = [];
    // In batches: a burst of questions would overrun the receive buffer of the name server.
    for (const inFlight of [50, 100, 150, 200, 256]) {
      while (all.length < inFlight) all.push(refusal(resolver.resolve(`name${all.length}.example`)));
      await vi.waitUntil(() => dns.asked.length === 2 * inFlight);
    }
    while (all.length < 300) all.push(refusal(resolver.resolve(`name${all.length}.example`)));
    // Another resolver's question comes after whatever this one has sent.
    const probe = createResolver({ servers: [dns.address] });
    await refusal(probe.resolve('probe.example'));
    expect(dns.asked.filter((question) => !question.endsWith('probe.example'))).toHaveLength(512);
    release('NXDOMAIN');
    await Promise.all(all);
    expect(dns.asked).toHaveLength(602);
  });

  it('turns names away when too many wait already, at once', async () => {
    const { resolver } = await rig(() => 'silent');
    const waiting = Array.from({ length: 256 + 1024 }, (_, index) =>
      refusal(resolver.resolve(`name${index}.example`)),
    );
    expect(await refusal(resolver.resolve('late.example'))).toBe(
      'name: expected an address, got too many names at once',
    );
    resolver.close();
    await Promise.all(waiting);
  });
});

describe('the hosts file', () => {
  it('comes before the name servers', async () => {
    const hosts = await temporaryHosts('192.0.2.9 Settled.example alias\n2001:db8::9 settled.example\n');
    const { dns, resolver } = await rig(both(['198.51.100.1'], []), hosts);
    expect(await resolver.resolve('settled.EXAMPLE.')).toEqual(['192.0.2.9', '2001:db8::9']);
    expect(await resolver.resolve('alias')).toEqual(['192.0.2.9']);
    expect(dns.asked).toEqual([]);
  });

  it('need not be there for localhost to be this host', async () => {
    const { dns, resolver } = await rig(both(['198.51.100.1'], []));
    expect(await resolver.resolve('LocalHost')).toEqual(['::1', '127.0.0.1']);
    expect(await resolver.resolve('app.localhost.')).toEqual(['::1', '127.0.0.1']);
    expect(dns.asked).toEqual([]);
  });
});
