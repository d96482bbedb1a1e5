/** A remote of several processes: to whoever started it the same as one. */
import type { RemoteService, ServedPort } from '../../remote/remote.js';
import type { Target } from '../../shared/codec/address.js';
import { loadCiphers } from '../../shared/codec/aead.js';
import { masterKey } from '../../shared/codec/keys.js';
import { Users } from '../../shared/codec/users.js';
import type { PortSettings, RemoteSettings } from '../../shared/config/settings.js';
import { usersFileRecords } from '../../shared/config/users-file-edit.js';
import type { Environment } from '../../shared/environment.js';
import { codeOf, ConfigError, messageOf } from '../../shared/errors.js';
import { descriptorLimit, moreDescriptors } from '../../shared/net/descriptors.js';
import type { Observer } from '../../shared/observe/events.js';
import type { Log } from '../../shared/observe/log.js';
import { noUsers, type UserRecords } from '../../shared/serve/live-users.js';
import type { ControlCrew } from '../control.js';
import { Crew, type Member } from './crew.js';
import { crewControl } from './crew-control.js';
import { freePorts } from './free-ports.js';
import { inTime } from './line.js';
import { hearing, oneVoice } from './one-voice.js';
import type { RemoteParentAnswers, RemoteWorkerAnswers, Usage } from './orders.js';
import { type SharedMemory, sharedMemory } from './shared-memory.js';
import { type SharedPlugins, sharedPlugins } from './shared-plugins.js';
import { sharedUsers } from './shared-users.js';
import { SummedUsage } from './summed-usage.js';

/** Choices of the system that somebody else was quicker to take, before it is given up. */
const mostTries = 4;
/** How often workers are asked what their users have done, so that little is lost with one, ms. */
const askMs = 5_000;
/**
 * A worker that has no descriptor for a connection that is handed to it is never handed another one by Node. From here
 * on it refuses connections before (shared/net/listen.ts), as for one process, where it matters less.
 */
const fewestFiles = 160;

export interface RemoteCrewOptions {
  readonly workers: number;
  readonly environment: Environment;
  readonly observer: Observer;
  readonly log: Log;
}

/** A remote that runs, in several processes. */
export interface RemoteCrewService extends RemoteService {
  /** How many conversations are open. */
  readonly open: () => Promise<number>;
  /** What is open, and a way to cut it off. */
  readonly control: ControlCrew;
}

/** Starts it. Rejects as `startRemote` does. */
export async function startRemoteCrew(
  settings: RemoteSettings,
  options: RemoteCrewOptions,
): Promise<RemoteCrewService> {
  const files = descriptorLimit();
  if (files < fewestFiles) {
    throw new ConfigError(
      `workers: expected at least ${fewestFiles} files that may be open, got ${files}: ${moreDescriptors}`,
    );
  }
  for (let tries = 1; ; tries += 1) {
    const chosen = await freePorts(settings);
    try {
      return await new RemoteCrew(chosen, options, await rosters(chosen)).start();
    } catch (error) {
      if (chosen === settings || codeOf(error) !== 'EADDRINUSE' || tries === mostTries) throw error;
    }
  }
}

/** Who may use each port, its own first; undefined where everybody with the key may. */
function rosters(settings: RemoteSettings): Promise<readonly (Users | undefined)[]> {
  const { cipherBackend: backend } = settings;
  return Promise.all(
    portsOf(settings).map(async ({ method, secret, users }) => {
      await loadCiphers(method, backend);
      return users && new Users({ method, key: masterKey(method, secret), backend }, users);
    }),
  );
}

function portsOf(settings: RemoteSettings): readonly PortSettings[] {
  return [settings, ...(settings.ports ?? [])];
}

type RemoteMember = Member<RemoteWorkerAnswers>;

class RemoteCrew {
  readonly #settings: RemoteSettings;
  readonly #options: RemoteCrewOptions;
  readonly #rosters: readonly (Users | undefined)[];
  readonly #crew: Crew<RemoteWorkerAnswers, RemoteParentAnswers>;
  readonly #usage: readonly SummedUsage[];
  readonly #memory: SharedMemory;
  readonly #plugins: SharedPlugins;
  readonly #protected: Target[] = [];
  /** Where each port listens. */
  #listen: readonly string[] = [];
  /** Who serves datagrams: associations cannot be in several processes. */
  #datagrams: RemoteMember | undefined;
  #datagramsAgain = false;
  #asking: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(settings: RemoteSettings, options: RemoteCrewOptions, rosters: readonly (Users | undefined)[]) {
    const { environment, observer, log, workers: size } = options;
    const { stateDirectory } = settings;
    this.#settings = settings;
    this.#options = options;
    this.#rosters = rosters;
    this.#usage = rosters.map(() => new SummedUsage(() => this.#refresh()));
    this.#memory = sharedMemory({ environment, observer, stateDirectory });
    this.#plugins = sharedPlugins(observer);
    const voice = oneVoice(observer);
    this.#crew = new Crew({
      half: 'remote',
      size,
      log,
      answers: ({ number }) => ({
        ...this.#memory.answers,
        ...this.#plugins.answers,
        observed: hearing(voice, log, number),
      }),
      begin: (member) => this.#begin(member),
      leaving: async (member) => {
        const told = inTime(member.line.ask('usage', undefined), askMs, 'usage');
        this.#note(member, await told.catch(() => []));
        for (const each of this.#usage) each.left(member.number);
      },
      lost: (member) => {
        voice.left(member.number);
        for (const each of this.#usage) each.left(member.number);
        if (this.#datagrams === member) void this.#handDatagramsOn();
      },
    });
  }

  async start(): Promise<RemoteCrewService> {
    try {
      await this.#crew.start();
    } catch (error) {
      await this.#close();
      throw error;
    }
    if (this.#rosters.some((users) => users !== undefined)) {
      this.#asking = setInterval(() => void this.#refresh(), askMs).unref();
    }
    const ports = this.#listen.map((listen, at): ServedPort => this.#served(listen, at));
    const [own] = ports;
    if (own === undefined) throw new Error('remote: expected a port, got none');
    return {
      ...own,
      ports,
      protect: (address) => {
        this.#protected.push(address);
        void this.#crew.ask('protect', address);
      },
      open: () => this.#crew.open(),
      control: crewControl(this.#options.workers, () => this.#crew.working),
      stop: async (graceMs) => {
        this.#stopping = true;
        await this.#crew.stop(graceMs);
        await this.#close();
      },
    };
  }

  async #begin(member: RemoteMember): Promise<void> {
    const { ports = [], ...own } = this.#settings;
    const present = [own, ...ports].map((port, at) => ({
      ...port,
      ...(port.users && { users: this.#rosters[at]?.secrets ?? [] }),
    }));
    const [first, ...others] = present as [typeof own, ...PortSettings[]];
    this.#listen = await member.line.ask('start', { ...first, ports: others });
    for (const address of this.#protected) void member.line.ask('protect', address);
    if (this.#datagrams === undefined) await this.#giveDatagrams(member);
  }

  /** Rejects when it cannot have them; then nobody has. */
  async #giveDatagrams(member: RemoteMember): Promise<void> {
    this.#datagrams = member;
    try {
      await member.line.ask('serveDatagrams', { again: this.#datagramsAgain });
      this.#datagramsAgain = true;
    } catch (error) {
      if (this.#datagrams === member) this.#datagrams = undefined;
      throw error;
    }
  }

  /** To the first that takes them; while nobody does, to the next that begins. */
  async #handDatagramsOn(): Promise<void> {
    this.#datagrams = undefined;
    const [next] = this.#crew.working;
    if (next === undefined || this.#stopping) return;
    try {
      await this.#giveDatagrams(next);
    } catch (error) {
      // It has ended itself: then they have been handed on again.
      if (codeOf(error) === 'stopped') return;
      this.#options.log.warn(`datagrams: expected another worker to serve them, got ${messageOf(error)}`);
    }
  }

  #served(listen: string, at: number): ServedPort {
    const users = this.#rosters[at];
    const usage = this.#usage[at] ?? new SummedUsage(() => Promise.resolve());
    if (users === undefined) return { listen, users: noUsers(), usage };
    const tell = (name: string, secret: string | undefined): Promise<unknown> =>
      this.#crew.ask('change', { port: at, name, secret });
    const removed = (name: string): void => {
      usage.forget(name);
    };
    return {
      listen,
      users: sharedUsers(users, { records: at === 0 ? this.#records() : undefined, removed }, tell),
      usage,
    };
  }

  #records(): UserRecords | undefined {
    const { usersFile, method, secret } = this.#settings;
    return usersFile && usersFileRecords(usersFile.path, { ...usersFile, method, secret });
  }

  async #refresh(): Promise<void> {
    for (const { member, answer } of await this.#crew.ask('usage', undefined)) this.#note(member, answer);
  }

  #note({ number }: RemoteMember, told: Usage): void {
    told.forEach((traffic, at) => this.#usage[at]?.learn(number, traffic));
  }

  async #close(): Promise<void> {
    clearInterval(this.#asking);
    await Promise.all([this.#plugins.stop(), this.#memory.close()]);
  }
}
