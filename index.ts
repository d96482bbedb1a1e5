/**
 * The library's face: both halves, and forwards, for programs that have one inside them, and what is needed to set them up.
 * What one of them needs is loaded when it is started for the first time.
 */
export { createLocal, type EmbeddedLocal } from './local/embedded.js';
export type { ServerCheck } from './local/local.js';
export { createRemote, type EmbeddedRemote } from './remote/embedded.js';
export type { EmbeddedPort, LinkOptions } from './remote/embedded-port.js';
export { createForward, type EmbeddedForward } from './forward/embedded.js';
export type { OpenForward } from './shared/serve/forwards.js';
export type {
  ForwardChoice,
  ForwardEntry,
  ForwardListEntry,
  ForwardOptions,
  ForwardVia,
} from './shared/config/forward-options.js';
export type { HookOption } from './shared/config/hook-options.js';
export { dumper, type DumperOptions, informer, type InformerOptions } from './shared/config/own-hooks.js';
export type { DumpFormat } from './shared/hooks/dumper/settings.js';
export type { InformerForm } from './shared/hooks/informer.js';
export type {
  ByteFilter,
  ConnectionFilters,
  Direction,
  Filtered,
  FlowCounts,
  Hook,
  HookContext,
  HookEvent,
  HookSource,
  Observers,
  Verdict,
} from './shared/hooks/hook.js';
export type { ConnectionFacts, SocketEnds } from './shared/observe/connection.js';
export type { LocalOptions, ServerOption } from './shared/config/local-options.js';
export type { HalfOptions, Place } from './shared/config/options.js';
export type { PortOptions, RemoteOptions } from './shared/config/remote-options.js';
export type { ServerEntry } from './shared/config/file-schema.js';
export type { ListenAddress } from './shared/config/settings.js';
export type { StopOptions } from './shared/service.js';
export type { Timeouts } from './shared/serve/timeouts.js';
export type { CarrierCounts } from './shared/outbound/carriers.js';
export type { Environment } from './shared/environment.js';
export type { Plugin } from './shared/net/plugin.js';
export { systemEnvironment } from './shared/net/system.js';
export type { Target } from './shared/codec/address.js';
export type { CipherBackend } from './shared/codec/aead.js';
export type { Credential } from './shared/config/credentials.js';
export {
  formatServerUri,
  parseServerUri,
  redactServerUri,
  type ServerUri,
  type UriOptions,
} from './shared/config/uri.js';
export { type AeadName, findMethod, type Method, type MethodName } from './shared/codec/methods.js';
export { generateSecret } from './shared/codec/keys.js';
export type { UserSecret } from './shared/codec/users.js';
export type { UsageStore, UserTraffic } from './shared/serve/usage-store.js';
export type { UserStore } from './shared/serve/user-store.js';
export type { ObservedEvents } from './shared/observe/emitter.js';
export type { Command, Protocol } from './shared/proxy/request.js';
export type { CheckResult, CheckStage, ObservedEvent, Role, SeenEvent } from './shared/observe/events.js';
export {
  AuthError,
  type AuthFault,
  ConfigError,
  DialError,
  ProtocolError,
  type ProtocolFault,
  RefusedError,
  StoppedError,
  type Refusal,
} from './shared/errors.js';
export { dial, dialer, install, proxyFromEnvironment, setDefaultProxy } from './client/dial.js';
export type { ProxyDialer } from './client/dialer.js';
export type {
  ProxySocket,
  ConnectedSocket,
  ProxyRoute,
  ConnectArguments,
  ConnectTarget,
  PathTarget,
} from './client/socket.js';
export type { ProxyDatagrams } from './client/datagrams.js';
export type { ProxyBinding } from './client/binding.js';
export type { Connector, ConnectorCallback, ConnectorOptions } from './client/connector.js';
export type { Installed } from './client/install.js';
export type {
  DialOptions,
  Duration,
  ProxiedTarget,
  ProxyChoice,
  ProxyOptions,
  ProxyRule,
  ProxyUri,
  TargetChoice,
} from './client/choice.js';
export {
  GeneralProxyError,
  HttpProxyError,
  ProxyError,
  type ProxyErrorCode,
  type ProxyPhase,
  Socks4Error,
  Socks5AuthError,
  Socks5Error,
} from './client/proxy-error.js';
