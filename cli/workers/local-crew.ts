/** A local of several processes: to whoever started it the same as one. */
import type { LocalService, ServerCheck } from '../../local/local.js';
import { distinct } from '../../local/server-list.js';
import type { LocalSettings, ServerChoice } from '../../shared/config/settings.js';
import { codeOf, StoppedError } from '../../shared/errors.js';
import type { Observer } from '../../shared/observe/events.js';
import type { Log } from '../../shared/observe/log.js';
import type { ControlCrew } from '../control.js';
import { Crew, type Member } from './crew.js';
import { crewControl } from './crew-control.js';
import { freePort } from './free-ports.js';
import { LocalPlugins } from './local-plugins.js';
import { hearing, oneVoice } from './one-voice.js';
import type { LocalParentAnswers, LocalWorkerAnswers } from './orders.js';

/** Choices of the system that somebody else was quicker to take, before it is given up. */
const mostTries = 4;

export interface LocalCrewOptions {
  readonly workers: number;
  readonly observer: Observer;
  readonly log: Log;
}

/** A local that runs, in several processes. */
export interface LocalCrewService extends Pick<
  LocalService,
  'listen' | 'checkServers' | 'replaceServers' | 'stop'
> {
  /** How many conversations are open. */
  readonly open: () => Promise<number>;
  /** What is open, and a way to cut it off. */
  readonly control: ControlCrew;
}

/** Starts it. Rejects as `startLocal` does. */
export async function startLocalCrew(
  settings: LocalSettings,
  options: LocalCrewOptions,
): Promise<LocalCrewService> {
  for (let tries = 1; ; tries += 1) {
    const listen = await freePort(settings.listen, { udp: false });
    try {
      return await new LocalCrew({ ...settings, listen }, options).start();
    } catch (error) {
      if (settings.listen.port !== 0 || codeOf(error) !== 'EADDRINUSE' || tries === mostTries) throw error;
    }
  }
}

type LocalMember = Member<LocalWorkerAnswers>;

class LocalCrew {
  readonly #crew: Crew<LocalWorkerAnswers, LocalParentAnswers>;
  readonly #plugins: LocalPlugins;
  #settings: LocalSettings;
  readonly #workers: number;
  #listen = '';

  constructor(settings: LocalSettings, { workers: size, observer, log }: LocalCrewOptions) {
    this.#settings = settings;
    this.#workers = size;
    const voice = oneVoice(observer);
    const plugins = new LocalPlugins(observer);
    this.#plugins = plugins;
    this.#crew = new Crew({
      half: 'local',
      size,
      log,
      answers: ({ number }) => ({
        ...plugins.answers(number),
        observed: hearing(voice, log, number),
      }),
      begin: async ({ line }) => {
        this.#listen = await line.ask('start', this.#settings);
      },
      lost: ({ number }) => {
        voice.left(number);
        plugins.left(number);
      },
    });
  }

  async start(): Promise<LocalCrewService> {
    try {
      await this.#crew.start();
    } catch (error) {
      await this.#plugins.stop();
      throw error;
    }
    return {
      listen: this.#listen,
      checkServers: () => this.#check(),
      replaceServers: (servers) => {
        this.#replace(servers);
      },
      open: () => this.#crew.open(),
      control: crewControl(this.#workers, () => this.#crew.working),
      stop: async (graceMs) => {
        await this.#crew.stop(graceMs);
        await this.#plugins.stop();
      },
    };
  }

  /** One of them looks for all: their paths are the same. Should it end meanwhile, the next one does. */
  async #check(): Promise<readonly ServerCheck[]> {
    const tried = new Set<LocalMember>();
    for (;;) {
      const next = this.#crew.working.find((member) => !tried.has(member));
      if (next === undefined) throw new StoppedError('check: expected a worker to do it, got none');
      tried.add(next);
      try {
        return await next.line.ask('check', undefined);
      } catch (error) {
        if (codeOf(error) !== 'stopped') throw error;
      }
    }
  }

  #replace(servers: readonly ServerChoice[]): void {
    // They would refuse it one by one.
    distinct(servers);
    if (servers.length === 0) return;
    this.#settings = { ...this.#settings, servers };
    void this.#crew.ask('replaceServers', servers);
  }
}
