import type { CipherBackend } from '../codec/aead.js';
import type { Method } from '../codec/methods.js';
import type { Timeouts } from '../serve/timeouts.js';
import type { ServerUri } from './uri.js';

/** Where to listen. An empty `host` means all addresses, IPv6 and IPv4; `port` 0 lets the system choose. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** All that a remote is told. Every value has been validated: what is wrong was a ConfigError before. */
export interface RemoteSettings {
  readonly listen: ListenAddress;
  readonly method: Method;
  /** The base64 PSK of a 2022 method, or the password of a 2017 method. */
  readonly secret: string;
  readonly cipherBackend: CipherBackend;
  /** Whether targets in loopback, private and other special ranges may be dialled. */
  readonly allowPrivate: boolean;
  /** True when this very process made the key: nothing can have been recorded under it. */
  readonly freshKey: boolean;
  /** The directory of the replay journal; undefined keeps replay memory in memory only. */
  readonly stateDirectory: string | undefined;
  /** Waits that differ from the defaults. */
  readonly timeouts?: Partial<Timeouts>;
}

/** All that a local is told. */
export interface LocalSettings {
  readonly listen: ListenAddress;
  readonly remote: ServerUri;
  readonly cipherBackend: CipherBackend;
  /** Waits that differ from the defaults. */
  readonly timeouts?: Partial<Timeouts>;
}
