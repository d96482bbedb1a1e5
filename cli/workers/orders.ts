/** What a worker and the process that started it ask of each other. Types alone: both ends load them for nothing. */
import type { MethodName } from '../../shared/codec/methods.js';
import type { LocalSettings, RemoteSettings, ServerChoice } from '../../shared/config/settings.js';
import type { Target } from '../../shared/codec/address.js';
import type { Plugin } from '../../shared/net/plugin.js';
import type { ObservedEvent } from '../../shared/observe/events.js';
import type { LogFields, LogLevel } from '../../shared/observe/log.js';
import type { Named, ServedConnection } from '../../shared/serve/control/table.js';
import type { UserTraffic } from '../../shared/serve/usage-store.js';
import type { ServerCheck } from '../../local/local.js';

/** One line of the log. */
export interface Said {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

/** What every worker is asked. */
export interface WorkerAnswers {
  /** How many conversations are open. */
  readonly open: (nothing: undefined) => number;
  /** As `Service.stop`. */
  readonly stop: (graceMs: number) => Promise<void>;
}

/** What every worker is asked for whoever looks at the connections. */
export interface TableAnswers {
  readonly connections: (nothing: undefined) => readonly ServedConnection[];
  /** Whether there was one of that number. */
  readonly cut: (named: Pick<Named, 'id'>) => boolean;
}

/** What every worker asks. */
export interface ParentAnswers {
  /** It can be asked now. */
  readonly awake: (nothing: undefined) => void;
  /** What is to be seen at this level. */
  readonly level: (nothing: undefined) => LogLevel;
  readonly observed: (events: readonly ObservedEvent[]) => void;
  readonly said: (line: Said) => void;
}

/** What a user of a port is from now on: nobody, without a secret. */
export interface UserChange {
  /** The place of the port among all, its own first. */
  readonly port: number;
  readonly name: string;
  readonly secret: string | undefined;
}

/** Of each port, what everybody has done since the worker began. */
export type Usage = readonly ReadonlyMap<string, UserTraffic>[];

export interface RemoteWorkerAnswers extends WorkerAnswers {
  /** Starts; where the ports listen comes back, its own first. */
  readonly start: (settings: RemoteSettings) => Promise<readonly string[]>;
  readonly serveDatagrams: (how: { readonly again: boolean }) => Promise<void>;
  readonly change: (change: UserChange) => Promise<void>;
  readonly protect: (address: Target) => Promise<void>;
  readonly usage: (nothing: undefined) => Promise<Usage>;
}

/** Which memory, and one salt. `adds` remembers it: then the answer is whether it is new, else whether it is known. */
export type SaltQuestion = readonly [memory: number, salt: Uint8Array, adds: boolean];

export interface RemoteParentAnswers extends ParentAnswers {
  readonly takeMemory: (port: {
    readonly method: MethodName;
    readonly key: Uint8Array;
    readonly freshKey: boolean;
  }) => Promise<{ readonly memory: number; readonly notBefore: number }>;
  readonly forgotten: (memory: number) => Promise<number>;
  readonly salts: (questions: readonly SaltQuestion[]) => Promise<readonly boolean[]>;
  /** Where a port listens for its plugin, and where that one is reached. */
  readonly pluginPlace: (wanted: Target) => Promise<PluginSides>;
  readonly startPlugin: (order: PluginSides & { readonly plugin: Plugin }) => Promise<void>;
}

/** The two sides of the plugin of a remote. */
export interface PluginSides {
  readonly remote: Target;
  readonly local: Target;
}

export interface LocalWorkerAnswers extends WorkerAnswers {
  /** Starts; where it listens comes back. */
  readonly start: (settings: LocalSettings) => Promise<string>;
  readonly replaceServers: (servers: readonly ServerChoice[]) => Promise<void>;
  readonly check: (nothing: undefined) => Promise<readonly ServerCheck[]>;
}

export interface LocalParentAnswers extends ParentAnswers {
  /** The address of the plugin to this remote, which is started for the first who asks. */
  readonly startPlugin: (order: { readonly remote: Target; readonly plugin: Plugin }) => Promise<Target>;
  /** It needs that plugin no longer. */
  readonly leavePlugin: (local: Target) => void;
}
