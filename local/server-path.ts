/** One server of a local: its tunnel, its plugin, and what is known of the path to it. */
import { formatTarget, type Target } from '../shared/codec/address.js';
import { loadCiphers } from '../shared/codec/aead.js';
import { clientCipher } from '../shared/codec/session.js';
import type { LocalSettings, ServerChoice } from '../shared/config/settings.js';
import type { ServerUri } from '../shared/config/uri.js';
import type { Environment } from '../shared/environment.js';
import type { Resolver } from '../shared/net/resolve.js';
import type { TcpStream } from '../shared/net/tcp.js';
import type { CheckResult, Observer } from '../shared/observe/events.js';
import type { PacketTunnel } from '../shared/outbound/associate.js';
import type { CarrierCounts, CarrierNews } from '../shared/outbound/carriers.js';
import { tunnelTo } from '../shared/outbound/far-end.js';
import type { Tunnel } from '../shared/outbound/reach.js';
import { warnNoDescriptors } from '../shared/serve/association-shortages.js';
import type { Attempts } from '../shared/serve/attempts.js';
import type { PluginWay, StartPluginTo } from '../shared/serve/plugin.js';
import type { Timeouts } from '../shared/serve/timeouts.js';
import { checkPath, checkThrough } from './check.js';
import type { Way } from './fail-over.js';
import { type PathNews, PathWatch } from './path.js';
import { identityOf, type Rankable, seedOf } from './servers.js';
import { type WaysThrough, waysThrough } from './ways-through.js';

/** What the servers of a local share. */
export interface Surroundings {
  readonly settings: Pick<LocalSettings, 'cipherBackend' | 'udpOverTcp'>;
  readonly timeouts: Timeouts;
  readonly environment: Environment;
  readonly resolver: Resolver;
  readonly observer: Observer;
  readonly attempts: Attempts;
  /** The name server that is asked through servers on the standard wire. */
  readonly probeTarget: Target;
  /** Starts the plugin of a server; by default in this process. */
  readonly startPlugin?: StartPluginTo | undefined;
  /** Counts what becomes of carriers. */
  readonly count: (what: keyof CarrierCounts, times?: number) => void;
  /** Whether there is more than one server now. */
  readonly several: () => boolean;
  /** One of them was lost, or is back. */
  readonly changed: (path: ServerPath, why: string) => void;
}

/** A new round trip counts for this part of what is known, as in TCP (RFC 6298 §2). */
const newest = 1 / 8;

/** Starts the plugin of a server, if it has one. Rejects with a ConfigError for a key or a plugin that does not fit. */
export async function startPath(choice: ServerChoice, around: Surroundings): Promise<ServerPath> {
  const { host, port, plugin, method, secret } = choice.uri;
  await loadCiphers(method, around.settings.cipherBackend);
  const cipher = clientCipher(method, secret, around.settings.cipherBackend);
  if (plugin === undefined) return new ServerPath(choice, { ...around, cipher, plugin });
  const start = around.startPlugin ?? (await import('../shared/serve/plugin.js')).startPluginTo;
  const running = await start({ host, port }, plugin, around.observer);
  return new ServerPath(choice, { ...around, cipher, plugin: running });
}

/** Whether a check speaks against nobody. */
function passes(check: CheckResult): boolean {
  return check.ok || check.ownTrouble === true;
}

interface Parts extends Surroundings {
  readonly cipher: PacketTunnel['cipher'];
  readonly plugin: PluginWay | undefined;
}

export class ServerPath implements Rankable, Way<WaysThrough> {
  readonly uri: ServerUri;
  readonly identity: string;
  readonly seed: number;
  readonly ways: WaysThrough;
  readonly hurried: WaysThrough;
  readonly #around: Parts;
  readonly #tunnel: Tunnel & PacketTunnel;
  readonly #watch: PathWatch;
  #choice: ServerChoice;
  #asking: Promise<CheckResult> | undefined;
  #reaching: Promise<CheckResult> | undefined;
  #again: NodeJS.Timeout | undefined;
  #roundTrip: number | undefined;
  #lookedAt = -Infinity;
  #doubted = false;
  /** Those that its plugin has to do with; nobody asks for others. */
  #carriers = 0;
  #left: (() => void) | undefined;
  #resting = false;

  constructor(choice: ServerChoice, parts: Parts) {
    const { uri } = choice;
    const { cipher, plugin, environment, resolver, timeouts, observer } = parts;
    this.uri = uri;
    this.identity = identityOf(uri);
    this.seed = seedOf(this.identity);
    this.#choice = choice;
    this.#around = parts;
    this.#tunnel = tunnelTo(
      uri,
      {
        ...(plugin && { plugin: plugin.local, opened: this.#opened }),
        cipher,
        environment,
        resolver,
        timeouts,
        pathWorks: async () => passes(await (this.#reaching ??= this.#reach())),
        doubting: { afterMs: timeouts.attemptMs, others: parts.several, unanswered: this.#doubt },
        crowded: warnNoDescriptors(observer),
      },
      { count: parts.count, tell: this.#tell },
    );
    const proofs = (): number => (parts.several() ? 2 : 1);
    this.#watch = new PathWatch(() => this.check(), this.#tell, proofs);
    const { wire } = uri;
    const watched = { ...parts.settings, wire, bindMs: timeouts.bindMs, watch: this.#watch };
    const dialMs = Math.min(timeouts.attemptMs, timeouts.dialMs);
    this.ways = waysThrough(this.#tunnel, watched);
    this.hurried = waysThrough({ ...this.#tunnel, timeouts: { ...timeouts, dialMs } }, watched);
  }

  get name(): string {
    const { tag, host, port } = this.#choice.uri;
    return tag ?? formatTarget({ host, port });
  }

  get order(): number {
    return this.#choice.order;
  }

  get weight(): number {
    return this.#choice.weight;
  }

  get up(): boolean {
    return !this.#watch.lost;
  }

  /** How long a check takes, smoothed, ms; undefined before the first that came back. */
  get roundTrip(): number | undefined {
    return this.#roundTrip === undefined ? undefined : Math.round(this.#roundTrip);
  }

  /** The same server, perhaps with another name or another place among the others. */
  becomes(choice: ServerChoice): void {
    this.#choice = choice;
  }

  /** Tries the path once: as far as a target where the server proves its key by nothing less. Never rejects. */
  async check(): Promise<CheckResult> {
    const { attempts, several, probeTarget, observer } = this.#around;
    const through = several() && this.uri.wire === 'shadowsocks';
    const result = await attempts.run(({ signal }) =>
      through
        ? checkThrough(this.#tunnel, probeTarget, signal)
        : checkPath(this.#tunnel, this.uri.wire, signal),
    );
    if (!result.ok) return result;
    this.#roundTrip = (this.#roundTrip ?? result.ms) * (1 - newest) + result.ms * newest;
    if (several())
      observer({
        event: 'probed',
        server: this.name,
        ms: result.ms,
        smoothedMs: Math.round(this.#roundTrip),
      });
    return result;
  }

  /** Checks it, and takes it for lost when that fails. */
  async look(): Promise<CheckResult> {
    this.#lookedAt = performance.now();
    const result = await (this.#asking ??= this.#ask());
    this.#judge(result);
    return result;
  }

  /** Whether nothing speaks against it, asked now. */
  async works(): Promise<boolean> {
    return passes(await (this.#asking ??= this.#ask()));
  }

  fails(why: unknown): void {
    this.#watch.fails(why);
  }

  /** Looks after it from now on, when there are others that could stand in for it. */
  attend(inMs: number = this.#whileItWorks()): void {
    clearTimeout(this.#again);
    if (this.#resting || !this.#around.several()) return;
    this.#again = setTimeout(() => {
      this.#doubted = false;
      // One that is lost is looked for already.
      void (this.up ? this.look() : Promise.resolve()).finally(() => {
        if (!this.#doubted) this.attend();
      });
    }, inMs);
    this.#again.unref();
  }

  /** Looks for nothing any more. */
  rest(): void {
    this.#resting = true;
    clearTimeout(this.#again);
    this.#tunnel.carriers?.close();
    this.#watch.stop();
  }

  /** Nothing new goes through it. Its plugin ends after the conversations that do; settles then. */
  async retire(): Promise<void> {
    this.rest();
    await new Promise<void>((resolve) => {
      this.#left = resolve;
      if (this.#carriers === 0) resolve();
    });
    await this.stop();
  }

  /** Settles when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.rest();
    await this.#around.plugin?.stop();
  }

  #judge(result: CheckResult): void {
    if (!result.ok && !passes(result)) this.#watch.fails(result.detail);
  }

  /**
   * Whether the server is there, for conversations that are silent: no target is asked for, which would cost a
   * conversation that is only slow. Carriers stall together: one answer serves all that ask meanwhile, and, where
   * every silent one asks, for a while after.
   */
  async #reach(): Promise<CheckResult> {
    const { attempts, several, timeouts } = this.#around;
    const result = await attempts.run(({ signal }) => checkPath(this.#tunnel, this.uri.wire, signal));
    const forget = (): void => {
      this.#reaching = undefined;
    };
    if (several()) this.#judge(result);
    if (several() && result.ok) setTimeout(forget, timeouts.doubtMs).unref();
    else forget();
    return result;
  }

  async #ask(): Promise<CheckResult> {
    try {
      return await this.check();
    } finally {
      this.#asking = undefined;
    }
  }

  /** Not all locals of a network at once, and none at a rhythm of its own. */
  #whileItWorks(): number {
    const [dice = 0] = this.#around.environment.randomBytes(1);
    return this.#around.timeouts.probeMs * (0.8 + (0.4 * dice) / 255);
  }

  /** A target may be silent as well, and clients change their minds: it is looked at, but not each time. */
  readonly #doubt = (): void => {
    if (this.#doubted || !this.up) return;
    this.#doubted = true;
    this.attend(Math.max(0, this.#lookedAt + this.#around.timeouts.doubtMs - performance.now()));
  };

  readonly #opened = (tcp: TcpStream): void => {
    this.#carriers += 1;
    tcp.onClosed(() => {
      this.#carriers -= 1;
      if (this.#carriers === 0) this.#left?.();
    });
  };

  /** One that is the only one needs no name. */
  readonly #tell = (event: PathNews | CarrierNews): void => {
    const { observer, several, changed } = this.#around;
    observer(several() ? { ...event, server: this.name } : event);
    if (event.event === 'carrier') return;
    const { carriers } = this.#tunnel;
    if (carriers !== undefined) carriers.lost = event.event === 'remote-lost';
    changed(this, event.event === 'remote-lost' ? this.#plain(event.detail) : this.#answers());
  };

  /** Without what names the server again. */
  #plain(detail: string): string {
    return detail.replace(`remote ${formatTarget(this.#tunnel.remote)}: `, '');
  }

  #answers(): string {
    return this.roundTrip === undefined ? 'answers again' : `answers again, ${this.roundTrip} ms`;
  }
}
