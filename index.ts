/** The library's face: the two halves as services, and what is needed to set them up. */
export { startLocal, type LocalService, type ServerCheck } from './local/local.js';
export { startSubscribedLocal, type SubscribedLocal, type SubscribedSettings } from './local/subscribed.js';
export {
  startManagedRemote,
  startRemote,
  type ManagedRemoteService,
  type RemoteService,
  type ServedPort,
} from './remote/remote.js';
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
