/**
 * Follows a subscription: begins with the copy of last time, asks for the list now and every hour, and hands on what has
 * changed. Whatever goes wrong, the servers that are known stay.
 */
import { readU16 } from '../shared/bytes.js';
import { maxSubscriptionBytes, parseSubscription } from '../shared/config/sip008.js';
import type { SubscriptionSettings } from '../shared/config/subscription.js';
import { formatServerUri, type ServerUri } from '../shared/config/uri.js';
import type { Environment } from '../shared/environment.js';
import { codeOf, ConfigError, messageOf } from '../shared/errors.js';
import { fetchDocument } from '../shared/net/fetch-document.js';
import { createResolver } from '../shared/net/resolve.js';
import type { Observer } from '../shared/observe/events.js';
import { timeInWords } from '../shared/observe/words.js';
import { type KeptDocument, subscriptionCache, type SubscriptionCache } from './subscription-cache.js';

/** When the list is asked for again, in ms. Up to a tenth less or more, so that not everybody asks at the same time. */
export interface SubscriptionPauses {
  /** After a good answer. */
  readonly refresh: number;
  /** After each of several failures in a row, the last one for ever. */
  readonly retries: readonly number[];
  /** The same while no server is known. */
  readonly firstRetries: readonly number[];
}

const defaultPauses: SubscriptionPauses = {
  refresh: 3_600_000,
  retries: [60_000, 300_000, 900_000],
  firstRetries: [2_000, 5_000, 15_000, 60_000],
};

export interface FollowOptions {
  readonly environment: Environment;
  readonly observer: Observer;
  /** Hears of each list that differs from the one before. */
  readonly changed: (servers: readonly ServerUri[]) => void;
  readonly pauses?: Partial<SubscriptionPauses>;
}

/** A subscription that is followed until it is stopped. */
export interface Following {
  /** Those of the last good list; none before there was one. */
  readonly servers: readonly ServerUri[];
  /** Settles when servers are known, or when it is stopped. */
  readonly first: Promise<void>;
  /** Settles when nothing of it is under way any more. */
  stop(): Promise<void>;
}

/** Begins to follow. It has read the copy of last time when this settles, and never rejects. */
export async function followSubscription(
  settings: SubscriptionSettings,
  options: FollowOptions,
): Promise<Following> {
  const follower = new Follower(settings, options);
  await follower.begin();
  return follower;
}

/** Warnings of one list that are said; a list may have thousands. */
const maxWarnings = 20;

class Follower implements Following {
  readonly first: Promise<void>;
  readonly #settings: SubscriptionSettings;
  readonly #options: FollowOptions;
  readonly #pauses: SubscriptionPauses;
  readonly #cache: SubscriptionCache | undefined;
  readonly #resolver = createResolver();
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[] = [];
  #settleFirst: () => void = () => undefined;
  #servers: readonly ServerUri[] = [];
  #kept: KeptDocument | undefined;
  /** Why the last attempt failed; undefined after a good one. */
  #failure: string | undefined;
  #said = '';
  #unsaved = false;

  constructor(settings: SubscriptionSettings, options: FollowOptions) {
    const { url, cacheDirectory } = settings;
    this.#settings = settings;
    this.#options = options;
    this.#pauses = { ...defaultPauses, ...options.pauses };
    this.#cache =
      cacheDirectory === undefined ? undefined : subscriptionCache(cacheDirectory, url, options.environment);
    this.first = new Promise((resolve) => (this.#settleFirst = resolve));
  }

  get servers(): readonly ServerUri[] {
    return this.#servers;
  }

  async begin(): Promise<void> {
    try {
      const kept = await this.#cache?.load();
      if (kept !== undefined) this.#take(kept, { copied: true });
    } catch (error) {
      this.#warn(`the copy of last time is not used: ${messageOf(error)}`);
    }
    this.#running.push(this.#run());
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#settleFirst();
    await Promise.all(this.#running);
    this.#resolver.close();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted;) {
      failures = (await this.#refresh()) ? 0 : failures + 1;
      const { refresh, retries, firstRetries } = this.#pauses;
      const pauses = this.#servers.length === 0 ? firstRetries : retries;
      const ms = failures === 0 ? refresh : (pauses[Math.min(failures, pauses.length) - 1] ?? refresh);
      await pause(this.#spread(ms), signal);
    }
  }

  /** Asks for the list once. Whether there was a good answer. */
  async #refresh(): Promise<boolean> {
    const { url, ca } = this.#settings;
    const { signal } = this.#stopping;
    try {
      const known = this.#kept?.validators;
      const options = { resolver: this.#resolver, signal, maxBytes: maxSubscriptionBytes, known, ca };
      const document = await fetchDocument(url, options);
      const kept = document === 'unchanged' ? this.#kept : { ...document, at: 0 };
      if (kept !== undefined) {
        this.#take({ ...kept, at: this.#options.environment.now() }, { copied: false });
        await this.#save();
      }
      return true;
    } catch (error) {
      if (!signal.aborted) this.#failed(messageOf(error));
      return false;
    }
  }

  /** Uses a list, unless it says nothing new. ConfigError for one that cannot be used. */
  #take(kept: KeptDocument, { copied }: { readonly copied: boolean }): void {
    const { observer, changed } = this.#options;
    const { url, plugins } = this.#settings;
    const { servers, warnings, ...usage } = parseSubscription(kept.bytes, { plugins });
    this.#kept = kept;
    this.#tell(warnings);
    const before = this.#servers.map(formatServerUri);
    const now = servers.map(formatServerUri);
    const same = now.join('\n') === before.join('\n');
    if (!same || this.#failure !== undefined) {
      const added = now.filter((each) => !before.includes(each)).length;
      const removed = before.filter((each) => !now.includes(each)).length;
      const { host } = url;
      observer({ event: 'subscription', host, servers: now.length, added, removed, copied, ...usage });
    }
    this.#failure = undefined;
    if (same) return;
    this.#servers = servers;
    this.#settleFirst();
    changed(servers);
  }

  #tell(warnings: readonly string[]): void {
    const all = warnings.join('\n');
    if (all === this.#said) return;
    this.#said = all;
    for (const warning of warnings.slice(0, maxWarnings)) this.#warn(warning);
    if (warnings.length > maxWarnings) {
      this.#warn(`subscription: ${warnings.length - maxWarnings} more are left out or odd`);
    }
  }

  /** Says so once for each reason, not again and again while it lasts. */
  #failed(why: string): void {
    if (this.#failure === why) return;
    this.#failure = why;
    const age = this.#kept && timeInWords(this.#options.environment.now() - this.#kept.at);
    const meanwhile =
      age === undefined
        ? 'no server is known before there is a list'
        : `the list from ${age} ago stays in use`;
    this.#warn(`the subscription at ${this.#settings.url.host} cannot be had: ${why}: ${meanwhile}`);
  }

  async #save(): Promise<void> {
    try {
      if (this.#kept !== undefined) await this.#cache?.save(this.#kept);
    } catch (error) {
      // The next start may have to do without it: once is enough.
      if (this.#unsaved) return;
      this.#unsaved = true;
      const got = codeOf(error) ?? messageOf(error);
      const why = error instanceof ConfigError ? error.message : `expected a writable directory, got ${got}`;
      this.#warn(`no copy of the subscription is kept: ${why}`);
    }
  }

  #warn(detail: string): void {
    this.#options.observer({ event: 'warning', detail });
  }

  /** `ms`, a tenth less to a tenth more. */
  #spread(ms: number): number {
    const dice = readU16(this.#options.environment.randomBytes(2), 0) / 0xffff;
    return Math.round(ms * (0.9 + dice * 0.2));
  }
}

/** Settles after `ms`, or when `signal` says so. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
