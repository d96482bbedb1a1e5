/**
 * The library's face: the two halves as services, and what is needed to set them up. A half is loaded when it is started
 * for the first time.
 */
type Local = typeof import('./local/local.js');
type Subscribed = typeof import('./local/subscribed.js');
type Remote = typeof import('./remote/remote.js');

/**
 * Starts a local: one port for SOCKS4, SOCKS5 and HTTP whose requests leave through one of its servers. It does not need
 * any of them to be there. Rejects with a ConfigError for a key that does not fit or a plugin that does not run, or with
 * the system's error when it cannot listen.
 */
export const startLocal: Local['startLocal'] = async (...told) =>
  (await import('./local/local.js')).startLocal(...told);

/**
 * Starts a local whose servers a subscription names. It listens as soon as it knows a server. Rejects as `startLocal`
 * does.
 */
export const startSubscribedLocal: Subscribed['startSubscribedLocal'] = async (...told) =>
  (await import('./local/subscribed.js')).startSubscribedLocal(...told);

/**
 * Starts a remote: authenticates carriers and Shadowsocks connections, dials what they ask for, answers honestly.
 * Rejects as `startLocal` does.
 */
export const startRemote: Remote['startRemote'] = async (...told) =>
  (await import('./remote/remote.js')).startRemote(...told);

/** Starts a remote without a port of its own: its manager opens and closes them. Rejects as `startRemote` does. */
export const startManagedRemote: Remote['startManagedRemote'] = async (...told) =>
  (await import('./remote/remote.js')).startManagedRemote(...told);

export type { LocalService, ServerCheck } from './local/local.js';
export type { SubscribedLocal, SubscribedSettings } from './local/subscribed.js';
export type { ManagedRemoteService, RemoteService, ServedPort } from './remote/remote.js';
export type { Environment } from './shared/environment.js';
export type { Service } from './shared/service.js';
export type { Plugin } from './shared/net/plugin.js';
export { systemEnvironment } from './shared/net/system.js';
export type { Credential } from './shared/config/credentials.js';
export type {
  ListenAddress,
  LocalSettings,
  ManagedSettings,
  ManagerSettings,
  PortSettings,
  RemoteSettings,
  ServerChoice,
  UsersFile,
} from './shared/config/settings.js';
export type { SubscriptionSettings } from './shared/config/subscription.js';
export { formatServerUri, parseServerUri, redactServerUri, type ServerUri } from './shared/config/uri.js';
export { findMethod, type Method, type MethodName } from './shared/codec/methods.js';
export { generateSecret } from './shared/codec/keys.js';
export type { UserSecret } from './shared/codec/users.js';
export type { UsageStore, UserTraffic } from './shared/serve/usage-store.js';
export type { UserStore } from './shared/serve/user-store.js';
export type { CheckResult, ObservedEvent, Observer } from './shared/observe/events.js';
export {
  AuthError,
  ConfigError,
  DialError,
  ProtocolError,
  RefusedError,
  type Refusal,
} from './shared/errors.js';
