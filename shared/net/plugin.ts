/**
 * SIP003 plugins: a program of somebody else that dresses up the bytes between the halves. It stands between two
 * addresses that it reads in its environment:
 *
 *     local  ──▶ LOCAL [plugin] ──▶ REMOTE [plugin] ──▶ LOCAL  remote
 *                       listens             listens
 *
 * It is started without a shell, and again, after a pause, whenever it ends. It ends with this process, unless that is
 * killed so that nothing can run any more (SIGKILL).
 */
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatTarget, type Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { type Death, type PluginProcess, spawnPlugin } from './plugin-process.js';

/** A program, found on the PATH, and what it is told in SS_PLUGIN_OPTIONS. */
export interface Plugin {
  readonly name: string;
  readonly options?: string;
}

/** Between which addresses a plugin stands; IP literals without brackets, or for `remote` a name. */
export interface PluginPlace {
  /** Where the two plugins meet: the public address of the remote. */
  readonly remote: Target;
  /** Where the plugin meets the half that it belongs to, on loopback. */
  readonly local: Target;
}

export interface PluginOptions {
  /** On which of its two addresses it listens: at a local on `local`, at a remote on `remote`. */
  readonly listensOn: keyof PluginPlace;
  /** Receives each line that it writes, without its end. */
  readonly said: (line: string) => void;
  /** Receives, in one line, why it has ended; it is started again. */
  readonly ended: (detail: string) => void;
  /** Gives up a start: it rejects with its reason. Nothing to one that runs. */
  readonly signal?: AbortSignal | undefined;
  /** Waits that differ from the defaults. */
  readonly waits?: Partial<PluginWaits>;
}

/** Milliseconds. */
export interface PluginWaits {
  /** From its start until it listens. */
  readonly readyMs: number;
  /** From its end until it is started again: the first for the first time, the last one for ever. */
  readonly pausesMs: readonly number[];
  /** One that ran for so long begins with the first pause again. */
  readonly steadyMs: number;
  /** From SIGTERM to SIGKILL. */
  readonly killMs: number;
}

const defaultWaits: PluginWaits = {
  readyMs: 10_000,
  pausesMs: [1_000, 2_000, 4_000, 8_000, 15_000, 30_000],
  steadyMs: 60_000,
  killMs: 500,
};

/** How often a plugin that has just been started is looked at, ms. */
const lookEvery = 20;

export interface RunningPlugin {
  /** Ends it; settles when it is gone. */
  stop(): Promise<void>;
}

/**
 * Starts a plugin; settles when it listens. ConfigError when there is no such program, when it ends before that, and
 * when it does not listen in time: it is gone then.
 */
export async function startPlugin(
  plugin: Plugin,
  place: PluginPlace,
  options: PluginOptions,
): Promise<RunningPlugin> {
  const kept = new KeptPlugin(plugin, place, options);
  await kept.begin();
  return kept;
}

/**
 * An address that nobody listens on, for a plugin to take: port 0 lets the system choose one, host '' is 0.0.0.0, for
 * plugins take only one address. Rejects with the system's error (EADDRINUSE, EACCES, …).
 */
export function freeAddress({ host, port }: Target): Promise<Target> {
  const server = net.createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: host === '' ? '0.0.0.0' : host, port, exclusive: true }, () => {
      const bound = server.address() as net.AddressInfo;
      server.close(() => {
        resolve({ host: bound.address, port: bound.port });
      });
    });
  });
}

class KeptPlugin implements RunningPlugin {
  readonly #plugin: Plugin;
  readonly #place: PluginPlace;
  readonly #options: PluginOptions;
  readonly #waits: PluginWaits;
  #running: PluginProcess | undefined;
  #again: NodeJS.Timeout | undefined;
  #stopped = false;
  #deaths = 0;

  constructor(plugin: Plugin, place: PluginPlace, options: PluginOptions) {
    this.#plugin = plugin;
    this.#place = place;
    this.#options = options;
    this.#waits = { ...defaultWaits, ...options.waits };
  }

  async begin(): Promise<void> {
    const { listensOn, signal } = this.#options;
    signal?.throwIfAborted();
    const where = this.#place[listensOn];
    const running = this.#spawn();
    const enough = new AbortController();
    const early = running.ended.then(({ why, lastWords }) => {
      throw this.#unfit(
        `it to listen on ${formatTarget(where)}`,
        lastWords === '' ? why : `${why}: ${lastWords}`,
      );
    });
    const late = sleep(this.#waits.readyMs, undefined, { signal: enough.signal }).then(() => {
      throw this.#unfit(`it to listen on ${formatTarget(where)}`, `nothing within ${this.#waits.readyMs} ms`);
    });
    const givenUp = new Promise<never>((_, reject) => {
      signal?.addEventListener(
        'abort',
        () => {
          reject(signal.reason as Error);
        },
        { signal: enough.signal },
      );
    });
    try {
      await Promise.race([early, late, givenUp, listening(where, enough.signal)]);
    } catch (error) {
      await this.stop();
      throw error;
    } finally {
      for (const loser of [early, late]) loser.catch(() => undefined);
      enough.abort();
    }
    this.#keep(running);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#again);
    const running = this.#running;
    if (running === undefined) return;
    running.kill('SIGTERM');
    const impatience = setTimeout(() => {
      running.kill('SIGKILL');
    }, this.#waits.killMs);
    await running.ended;
    clearTimeout(impatience);
  }

  #spawn(): PluginProcess {
    const running = spawnPlugin(this.#plugin.name, {
      variables: pluginVariables(this.#plugin, this.#place, process.env),
      said: this.#options.said,
    });
    this.#running = running;
    void running.ended.then(() => {
      this.#running = undefined;
    });
    return running;
  }

  #keep(running: PluginProcess): void {
    const startedAt = performance.now();
    void running.ended.then((death) => {
      if (this.#stopped) return;
      if (performance.now() - startedAt >= this.#waits.steadyMs) this.#deaths = 0;
      this.#startAgain(death);
    });
  }

  /** Its last words are not told: they may name who came, or where somebody went (docs/probes.md T-45). */
  #startAgain({ why }: Death): void {
    const { pausesMs } = this.#waits;
    const pause = pausesMs[Math.min(this.#deaths, pausesMs.length - 1)] ?? 0;
    this.#deaths += 1;
    this.#options.ended(
      `${this.#what}: expected it to run, got ${why}; it is started again in ${pause / 1000} s`,
    );
    this.#again = setTimeout(() => {
      this.#keep(this.#spawn());
    }, pause);
  }

  get #what(): string {
    return `plugin ${this.#plugin.name}`;
  }

  #unfit(expected: string, got: string): ConfigError {
    return new ConfigError(`${this.#what}: expected ${expected}, got ${got}`);
  }
}

/**
 * The environment of a plugin: that of this process, but for what is ours alone (HALFLIGHT_KEY and its like), and the
 * variables of SIP003.
 */
export function pluginVariables(
  { options }: Plugin,
  { remote, local }: PluginPlace,
  inherited: NodeJS.ProcessEnv,
): NodeJS.ProcessEnv {
  const others = Object.entries(inherited).filter(
    ([name]) => !/^(HALFLIGHT_.*|SS_PLUGIN_OPTIONS)$/i.test(name),
  );
  return {
    ...Object.fromEntries(others),
    SS_REMOTE_HOST: remote.host,
    SS_REMOTE_PORT: String(remote.port),
    SS_LOCAL_HOST: local.host,
    SS_LOCAL_PORT: String(local.port),
    ...(options !== undefined && { SS_PLUGIN_OPTIONS: options }),
  };
}

/** Where to reach somebody who listens on every address. */
const ownAddress: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0', '127.0.0.1'],
  ['::', '::1'],
]);

/** Settles when somebody listens there. Rejects only when `signal` fires. */
async function listening({ host, port }: Target, signal: AbortSignal): Promise<void> {
  while (!(await accepts({ host: ownAddress.get(host) ?? host, port }))) {
    await sleep(lookEvery, undefined, { signal });
  }
}

function accepts({ host, port }: Target): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port });
    socket.once('connect', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
