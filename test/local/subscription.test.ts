import { describe, expect, it, vi } from 'vitest';
import { asked, address, broken, follows, hourly, list } from '../support/subscription.js';
import { page, startWeb, type Web } from '../support/web.js';

const here = follows();
const host = ({ origin }: Web): string => new URL(origin).host;

describe('a subscription', () => {
  it('is asked for at once, and its servers are handed on in their order', async () => {
    const web = await startWeb(page(list('tokyo', 'osaka')));
    const seen = await here.follow(web, {}, hourly);
    await seen.first;
    expect(seen.lists).toEqual(['tokyo osaka']);
    expect(seen.servers.map(({ host: name, port }) => `${name}:${port}`)).toEqual([
      'tokyo.example:1',
      'osaka.example:2',
    ]);
    expect(seen.log).toEqual([
      `info the servers of the subscription host=${host(web)} servers=2 added=2 removed=0`,
    ]);
    expect(web.asked).toEqual([address]);
  });

  it('is asked for again and again, and only a change is handed on', async () => {
    const web = await startWeb(page(list('tokyo', 'osaka')));
    const seen = await here.follow(web);
    await asked(web, 4);
    expect(seen.lists).toEqual(['tokyo osaka']);
    web.change(page(list('tokyo', 'kyoto', 'nara')));
    await vi.waitUntil(() => seen.lists.length > 1);
    await asked(web, web.asked.length + 3);
    expect(seen.lists).toEqual(['tokyo osaka', 'tokyo kyoto nara']);
    expect(seen.events.at(-1)).toMatchObject({ event: 'subscription', servers: 3, added: 2, removed: 1 });
    expect(seen.log).toHaveLength(2);
  });

  it('is not sent again while it is the same', async () => {
    let sent = 0;
    const web = await startWeb((request, response) => {
      if (request.headers['if-none-match'] === '"1"') {
        response.writeHead(304);
        response.end();
      } else {
        sent += 1;
        page(list('tokyo'), { ETag: '"1"' })(request, response);
      }
    });
    const seen = await here.follow(web);
    await asked(web, 4);
    await seen.stop();
    expect([sent, seen.lists]).toEqual([1, ['tokyo']]);
    // The copy knows what to ask with.
    await (
      await here.follow(web, {}, hourly)
    ).first;
    await asked(web, web.asked.length + 1);
    expect(sent).toBe(1);
  });

  it('keeps what it said last while it cannot be had, and says so once for each reason', async () => {
    const web = await startWeb(page(list('tokyo')));
    const seen = await here.follow(web);
    await seen.first;
    web.change(broken);
    await asked(web, web.asked.length + 4);
    web.change(page('<html>'));
    await asked(web, web.asked.length + 4);
    expect(seen.lists).toEqual(['tokyo']);
    web.change(page(list('tokyo')));
    await vi.waitUntil(() => seen.log.length >= 4);
    const cannot = `warn the subscription at ${host(web)} cannot be had: `;
    const stays = 'the list from less than a minute ago stays in use';
    const words = `info the servers of the subscription host=${host(web)} servers=1`;
    expect(seen.log).toEqual([
      `${words} added=1 removed=0`,
      `${cannot}fetch: expected status 200, got 500: ${stays}`,
      `${cannot}subscription: expected JSON, got HTML: its address may lead to a page for people: ${stays}`,
      `${words} added=0 removed=0`,
    ]);
    expect(seen.lists).toEqual(['tokyo']);
  });

  it('is waited for when nothing is known yet, and what is wrong is said', async () => {
    const web = await startWeb(broken);
    const seen = await here.follow(web);
    await asked(web, 3);
    expect(seen.servers).toEqual([]);
    web.change(page(list('tokyo')));
    await seen.first;
    expect(seen.lists).toEqual(['tokyo']);
    expect(seen.log[0]).toBe(
      `warn the subscription at ${host(web)} cannot be had: fetch: expected status 200, got 500: ` +
        'no server is known before there is a list',
    );
  });

  it('is asked for sooner while nothing is known than when it could be had before', async () => {
    here.dice = 0;
    const timer = vi.spyOn(globalThis, 'setTimeout');
    const waits = (): boolean => timer.mock.calls.some(([, wait]) => wait === 1_620_000);
    const web = await startWeb(broken);
    const seen = await here.follow(web, {}, { retries: [1_800_000] });
    await asked(web, 3);
    expect(waits()).toBe(false);
    web.change((...asking) => {
      page(list('tokyo'))(...asking);
      web.change(broken);
    });
    await seen.first;
    await vi.waitUntil(waits);
    timer.mockRestore();
  });

  it.each([
    [0x00, 3_240_000],
    [0xff, 3_960_000],
  ])('is asked for at a moment of its own: with dice %d after %d ms', async (dice, ms) => {
    here.dice = dice;
    const timer = vi.spyOn(globalThis, 'setTimeout');
    const web = await startWeb(page(list('tokyo')));
    await here.follow(web, {}, hourly);
    await vi.waitUntil(() => timer.mock.calls.some(([, wait]) => wait === ms));
    timer.mockRestore();
  });

  it('warns of what is left out, not again while that is the same, and not of thousands', async () => {
    const many = (method: string): string =>
      list('tokyo', ...Array.from({ length: 30 }, (_, index) => `s${index}`)).replaceAll(
        /("server_port":(?!1,)\d+,"method":)"[^"]*"/g,
        `$1"${method}"`,
      );
    const web = await startWeb(page(many('rc4')));
    const seen = await here.follow(web);
    await asked(web, 4);
    const warnings = (): readonly string[] => seen.log.filter((line) => line.startsWith('warn'));
    expect(warnings()).toHaveLength(21);
    expect(warnings().at(-1)).toBe('warn subscription: 10 more are left out or odd');
    web.change(page(many('none')));
    await vi.waitUntil(() => warnings().length > 21);
    expect(seen.lists).toEqual(['tokyo']);
  });

  it('tells what of the account is used, in words', async () => {
    const usage = '"bytes_used":274877906944,"bytes_remaining":0,"version"';
    const web = await startWeb(page(list('tokyo').replace('"version"', usage)));
    const seen = await here.follow(web, {}, hourly);
    await seen.first;
    expect(seen.log[0]).toContain(' used="274.9 GB" left="0 B"');
  });

  it('ends at once in the middle of a question or of a pause', async () => {
    const web = await startWeb(() => undefined);
    const seen = await here.follow(web);
    await asked(web, 1);
    await seen.stop();
    await seen.first;
    web.change(page(list('tokyo')));
    const other = await here.follow(web, {}, hourly);
    await other.first;
    await other.stop();
    expect(seen.log).toEqual([]);
  });
});
