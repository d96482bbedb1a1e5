import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError, systemEnvironment } from '../../index.js';
import {
  startSubscribedLocal,
  type SubscribedLocal,
  type SubscribedSettings,
} from '../../local/subscribed.js';
import { temporaryDirectories } from '../support/config.js';
import { choice, cities, echoed, nameServer, until } from '../support/servers.js';
import { address, broken } from '../support/subscription.js';
import { deadPort, startEcho } from '../support/targets.js';
import { connectThrough, type Half, remoteHalf, running, type RunningRemote } from '../support/tunnel.js';
import { authority, page, startWeb, type Web } from '../support/web.js';

const directories = temporaryDirectories();

/** What a list says of these remotes, which are called after cities in their order. */
function list(remotes: readonly RunningRemote[], more: readonly object[] = []): string {
  const servers = remotes.map(({ port, settings }, place) => ({
    remarks: cities[place],
    server: '127.0.0.1',
    server_port: port,
    method: settings.method.name,
    password: settings.secret,
  }));
  return JSON.stringify({ version: 1, servers: [...servers, ...more] });
}

interface Changes extends Partial<Omit<SubscribedSettings, 'subscription'>> {
  readonly cacheDirectory?: string;
  readonly plugins?: readonly string[];
}

/** A local with the list at that server, which is asked for again at once. */
async function subscribed(web: Pick<Web, 'origin'>, changes: Changes = {}): Promise<Half<SubscribedLocal>> {
  const { cacheDirectory, plugins = [], ...others } = changes;
  const settings: SubscribedSettings = {
    listen: { host: '127.0.0.1', port: 0 },
    servers: [],
    subscription: { url: new URL(web.origin + address), plugins, cacheDirectory, ca: authority },
    pauses: { refresh: 20, retries: [20], firstRetries: [20] },
    probeTarget: await nameServer(),
    cipherBackend: 'native',
    credentials: [],
    udp: true,
    pacDirect: true,
    ...others,
  };
  return running((observer) => startSubscribedLocal(settings, systemEnvironment, observer));
}

const remotes = (count: number): Promise<readonly RunningRemote[]> =>
  Promise.all(Array.from({ length: count }, () => remoteHalf()));

describe('a local with a subscription', () => {
  it('goes through the first server of the list, and through the next when that is killed', async () => {
    const [echo, servers] = [await startEcho(), await remotes(2)];
    const local = await subscribed(await startWeb(page(list(servers))));
    await echoed({ local }, echo, 'one');
    await servers[0]?.service.stop(0);
    await echoed({ local }, echo, 'two');
    expect(local.seen('through').map(({ server }) => server)).toEqual(['tokyo', 'osaka']);
    expect(local.service.servers.map(({ uri, order }) => [uri.tag, order])).toEqual([
      ['tokyo', 0],
      ['osaka', 1],
    ]);
  });

  it('goes through a new server when the list is another one, and lets what runs go on', async () => {
    const [echo, [first, second]] = [await startEcho(), await remotes(2)];
    if (first === undefined || second === undefined) throw new Error('expected two remotes');
    const web = await startWeb(page(list([first])));
    const local = await subscribed(web);
    const client = await connectThrough({ local }, echo);
    web.change(page(list([second])));
    await until(() => local.seen('subscription').length > 1);
    await vi.waitUntil(async () => {
      await echoed({ local }, echo, 'new');
      return second.seen('opened').length > 0;
    });
    void client.send('old');
    expect((await client.read(3)).toString()).toBe('old');
    expect(local.seen('subscription').at(-1)).toMatchObject({ servers: 1, added: 1, removed: 1 });
    expect(local.seen('refused')).toEqual([]);
  });

  it('works by the copy of last time when the list cannot be had', async () => {
    const [echo, servers] = [await startEcho(), await remotes(1)];
    const cacheDirectory = join(await directories(), 'cache');
    const web = await startWeb(page(list(servers)));
    const before = await subscribed(web, { cacheDirectory });
    await until(() => web.asked.length > 1);
    await before.service.stop(0);
    await web.close();

    const local = await subscribed(web, { cacheDirectory });
    await echoed({ local }, echo, 'still');
    await until(() => local.seen('warning').length > 0);
    expect(local.seen('subscription')[0]).toMatchObject({ copied: true, servers: 1 });
    expect(local.seen('warning')[0]?.detail).toMatch(
      /ECONNREFUSED: the list from less than a minute ago stays/,
    );
    expect(local.seen('remote-lost')).toEqual([]);
  });

  it('waits for the list when it knows no server, and says why it does', async () => {
    const [echo, servers] = [await startEcho(), await remotes(1)];
    const web = await startWeb(broken);
    const starting = subscribed(web);
    await until(() => web.asked.length > 2);
    web.change(page(list(servers)));
    const local = await starting;
    await echoed({ local }, echo, 'at last');
    expect(local.seen('warning').map(({ detail }) => detail)).toEqual([
      `the subscription at ${new URL(web.origin).host} cannot be had: fetch: expected status 200, got 500: ` +
        'no server is known before there is a list',
    ]);
  });

  it('prefers its own servers, and waits for no list then', async () => {
    const [echo, servers] = [await startEcho(), await remotes(2)];
    const [own, listed] = servers;
    if (own === undefined || listed === undefined) throw new Error('expected two remotes');
    const web = await startWeb(broken);
    const local = await subscribed(web, { servers: [choice(own, 3)] });
    await echoed({ local }, echo, 'own');
    web.change(page(list([listed])));
    await until(() => local.seen('subscription').length > 0);
    expect(local.service.servers.map(({ uri, order }) => [uri.tag, order])).toEqual([
      ['nara', 3],
      ['tokyo', 4],
    ]);
    await echoed({ local }, echo, 'own');
    expect(listed.seen('granted').filter(({ target }) => target.port === echo.port)).toEqual([]);
    await own.service.stop(0);
    await vi.waitUntil(async () => {
      await echoed({ local }, echo, 'list').catch(() => undefined);
      return listed.seen('granted').some(({ target }) => target.port === echo.port);
    });
  });

  it('leaves out a server whose plugin does not run, and says so', async () => {
    const [echo, servers] = [await startEcho(), await remotes(1)];
    const [{ port, settings }] = servers as [RunningRemote];
    const needing = {
      server: '127.0.0.1',
      server_port: port,
      method: settings.method.name,
      plugin: 'no-such-plugin',
    };
    const web = await startWeb(page(list(servers, [{ ...needing, password: settings.secret }])));
    const local = await subscribed(web, { plugins: ['no-such-plugin'] });
    await echoed({ local }, echo, 'without');
    await until(() => local.seen('warning').length > 0);
    expect(local.seen('warning')[0]?.detail).toMatch(/^server left out: .*no-such-plugin/);
  });

  it('does not start when its port is taken or no server can be, and asks for nothing after that', async () => {
    const servers = await remotes(1);
    const web = await startWeb(page(list(servers)));
    const port = servers[0]?.port ?? 0;
    await expect(subscribed(web, { listen: { host: '127.0.0.1', port } })).rejects.toThrow('EADDRINUSE');
    const only = { server: 'a.example', server_port: 1, method: 'aes-256-gcm', password: 'geheim-1' };
    web.change(page(list([], [{ ...only, plugin: 'no-such-plugin' }])));
    await expect(subscribed(web, { plugins: ['no-such-plugin'] })).rejects.toThrow(ConfigError);
    const asked = web.asked.length;
    const other = await startWeb(page(list(servers)));
    await subscribed(other);
    await until(() => other.asked.length > 3);
    expect(web.asked).toHaveLength(asked);
  });

  it('is there although no server of the list is', async () => {
    const port = await deadPort();
    const gone = { server: '127.0.0.1', server_port: port, method: 'aes-256-gcm', password: 'geheim-1' };
    const local = await subscribed(await startWeb(page(list([], [gone]))));
    expect(await local.service.check()).toMatchObject({ ok: false, stage: 'tcp' });
  });
});
