import type { Target } from '../codec/address.js';
import type { CipherBackend } from '../codec/aead.js';
import type { Method } from '../codec/methods.js';
import type { UserSecret } from '../codec/users.js';
import type { HookSetting } from '../hooks/setting.js';
import type { Plugin } from '../net/plugin.js';
import type { Timeouts } from '../serve/timeouts.js';
import type { Credential } from './credentials.js';
import type { ForwardRule } from './forward-rule.js';
import type { ServerUri } from './uri.js';

/** Where to listen. An empty `host` means all addresses, IPv6 and IPv4; `port` 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** One of the remotes of a local. */
export interface ServerChoice {
  /** With its plugin. */
  readonly uri: ServerUri;
  /** Lower is tried first. By default the place in the list. */
  readonly order: number;
  /** The share of the targets among those of the same order. By default 1. */
  readonly weight: number;
}

/** What a remote is told about one port of it. */
export interface PortSettings {
  readonly listen: ListenAddress;
  readonly method: Method;
  /** The base64 PSK of a 2022 method, or the password of a 2017 method. */
  readonly secret: string;
  /**
   * Those who are let in, each with a key of its own; `secret` alone then lets nobody in. With the 2022 AES methods
   * users name themselves under it, with those of 2017 it is not theirs to know. Absent lets in whoever has `secret`,
   * empty nobody.
   */
  readonly users?: readonly UserSecret[];
  /** Whether datagrams are served beside streams. */
  readonly udp: boolean;
  /** Takes streams where `listen` says, and passes them on; datagrams go by without it. */
  readonly plugin?: Plugin;
  /** True when this very process made the key: nothing can have been recorded under it. */
  readonly freshKey: boolean;
}

/** How programs of this machine open and close ports of a remote while it runs (ss-manager). */
export interface ManagerSettings {
  /** Where they are heard: a UDP address that only this machine can reach, or a unix socket. */
  readonly address: ListenAddress | { readonly path: string };
  /** Where the ports listen that they open; empty means all addresses. */
  readonly host: string;
  /** Of a port whose request names none. */
  readonly method: Method;
  /** Whether a port serves datagrams whose request does not say. */
  readonly udp: boolean;
  /** The plugins that a request may name: each is a program. */
  readonly allowPlugins: readonly string[];
  /** What it has from the start, and may close as if it had opened it. */
  readonly ports?: readonly PortSettings[];
}

/** What a remote is told that holds for all of its ports. */
export interface PremisesSettings {
  readonly cipherBackend: CipherBackend;
  /** Whether targets in loopback, private and other special ranges may be dialled. */
  readonly allowPrivate: boolean;
  /** Whom a raw conversation must name itself as, at its own greeting; empty asks for nobody. */
  readonly credentials: readonly Credential[];
  /** Whether BIND is allowed: the remote then listens for whoever a client asks it to. */
  readonly allowBind: boolean;
  /** The IP literal that the first reply to a BIND names; undefined names the address it was bound to. */
  readonly announce: string | undefined;
  /** The directory of the replay journal; undefined keeps replay memory in memory only. */
  readonly stateDirectory: string | undefined;
  /** Waits that differ from the defaults. */
  readonly timeouts?: Partial<Timeouts>;
  /** Further ports, with keys of their own. */
  readonly ports?: readonly PortSettings[];
  readonly manager?: ManagerSettings;
  /** In the order in which they are asked. */
  readonly hooks?: readonly HookSetting[];
}

/** All that a remote is told. Every value has been validated: what is wrong was a ConfigError before. */
export interface RemoteSettings extends PortSettings, PremisesSettings {
  /** Where the users came from, and where changes to them are written back. */
  readonly usersFile?: UsersFile;
}

/** A file of users, and what may be written into it. */
export interface UsersFile {
  readonly path: string;
  readonly allowWeakPassword: boolean;
}

/** All that a remote is told that has no port of its own: it has those of its manager. */
export interface ManagedSettings extends PremisesSettings {
  readonly manager: ManagerSettings;
}

/** All that a local is told. */
export interface LocalSettings {
  readonly listen: ListenAddress;
  /** The remotes, at least one. Datagrams go by without their plugins. */
  readonly servers: readonly ServerChoice[];
  /** A name server that speaks TCP, asked through each of several servers on the standard wire; 1.1.1.1:53 by default. */
  readonly probeTarget?: Target;
  readonly cipherBackend: CipherBackend;
  /** Whom a client of the port must name itself as; empty asks for nobody. */
  readonly credentials: readonly Credential[];
  /** Whether UDP ASSOCIATE is served. */
  readonly udp: boolean;
  /** Whether the PAC file ends in `DIRECT`, so that a browser goes on without a tunnel that is gone. */
  readonly pacDirect: boolean;
  /** Whether datagrams travel in streams, through networks that drop UDP. */
  readonly udpOverTcp?: true;
  /** Clients that ask for a connection hear of success before the remote has answered (docs/raw-wire.md §4). */
  readonly optimistic?: true;
  /** Waits that differ from the defaults. */
  readonly timeouts?: Partial<Timeouts>;
  /** Ports and sockets that lead to one target each, through its servers when they do not say otherwise. */
  readonly forwards?: readonly ForwardRule[];
  /** In the order in which they are asked. */
  readonly hooks?: readonly HookSetting[];
}

/** All that a forward is told. */
export interface ForwardSettings {
  /** At least one. Those that do not say otherwise go straight. */
  readonly forwards: readonly ForwardRule[];
  /** In the order in which they are asked. */
  readonly hooks?: readonly HookSetting[];
  /** Waits that differ from the defaults. */
  readonly timeouts?: Partial<Timeouts>;
}
