/** Following a subscription as a test sees it. */
import { join } from 'node:path';
import { afterEach, beforeEach, expect, vi } from 'vitest';
import { type Following, followSubscription, type SubscriptionPauses } from '../../local/subscription.js';
import type { SubscriptionSettings } from '../../shared/config/subscription.js';
import type { ServerUri } from '../../shared/config/uri.js';
import { systemEnvironment } from '../../shared/net/system.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import { createLog } from '../../shared/observe/log.js';
import { logObserver } from '../../shared/observe/observer.js';
import { temporaryDirectories } from './config.js';
import { type Answer, authority, type Web } from './web.js';

/** A list of these servers, by their names. */
export function list(...names: readonly string[]): string {
  const servers = names.map((name, index) => ({
    remarks: name,
    server: `${name}.example`,
    server_port: index + 1,
    method: 'aes-256-gcm',
    password: 'geheim-1',
  }));
  return JSON.stringify({ version: 1, servers });
}

/** The answer of a server that has trouble. */
export const broken: Answer = (_, response) => {
  response.writeHead(500);
  response.end();
};

/** Nobody asks a second time in a test. */
export const hourly: SubscriptionPauses = {
  refresh: 3_600_000,
  retries: [3_600_000],
  firstRetries: [3_600_000],
};

/** Settles when the server has been asked so many times in all. */
export async function asked(web: Web, times: number): Promise<void> {
  await vi.waitUntil(() => web.asked.length >= times);
}

export interface Seen extends Following {
  /** The names in each list that was handed on. */
  readonly lists: readonly string[];
  /** What a log of level info says, without the times. */
  readonly log: readonly string[];
  readonly events: readonly ObservedEvent[];
}

export interface Follows {
  /** Where copies are kept: a new place for each test. */
  readonly cacheDirectory: string;
  /** The clock, which stands still. */
  now: number;
  /** What each byte of the dice is; undefined leaves them to chance. */
  dice: number | undefined;
  /** Follows the list at this server, which is asked again at once unless something else is said. */
  follow(
    web: Pick<Web, 'origin'>,
    settings?: Partial<SubscriptionSettings>,
    pauses?: Partial<SubscriptionPauses>,
  ): Promise<Seen>;
}

/** Where the list is, behind the origin. */
export const address = '/list?token=geheim';

/** What follows subscriptions until each test is over; nothing that it says may name the token or a password. */
export function follows(): Follows {
  const directories = temporaryDirectories();
  const started: Seen[] = [];
  let cacheDirectory = '';
  beforeEach(async () => {
    cacheDirectory = join(await directories(), 'cache', 'halflight');
    here.now = 1_790_000_000_000;
    here.dice = undefined;
  });
  afterEach(async () => {
    for (const seen of started.splice(0)) {
      await seen.stop();
      expect(seen.log.join()).not.toContain('geheim');
      expect(JSON.stringify(seen.events)).not.toContain('geheim');
    }
  });
  const here: Follows = {
    now: 0,
    dice: undefined,
    get cacheDirectory() {
      return cacheDirectory;
    },
    follow: async (web, settings = {}, pauses = {}) => {
      const lists: string[] = [];
      const log: string[] = [];
      const events: ObservedEvent[] = [];
      const write = (line: string): void => {
        log.push(line.slice('2026-09-21T14:13:20.000Z '.length));
      };
      const say = logObserver(createLog({ level: 'info', format: 'text', color: false, write }));
      const randomBytes = (length: number): Uint8Array =>
        here.dice === undefined
          ? systemEnvironment.randomBytes(length)
          : new Uint8Array(length).fill(here.dice);
      const following = await followSubscription(
        { url: new URL(web.origin + address), plugins: [], cacheDirectory, ca: authority, ...settings },
        {
          environment: { now: () => here.now, randomBytes },
          observer: (event) => {
            events.push(event);
            say(event);
          },
          changed: (servers: readonly ServerUri[]) => lists.push(servers.map(({ tag }) => tag).join(' ')),
          pauses: { refresh: 5, retries: [5], firstRetries: [5], ...pauses },
        },
      );
      const seen = {
        first: following.first,
        stop: () => following.stop(),
        get servers() {
          return following.servers;
        },
        lists,
        log,
        events,
      };
      started.push(seen);
      return seen;
    },
  };
  return here;
}
