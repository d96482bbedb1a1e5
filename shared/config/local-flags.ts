/** From the flags of `halflight local` and `halflight up`, and the variables beside them, to settings. */
import type { CipherBackend } from '../codec/aead.js';
import { ConfigError } from '../errors.js';
import { type AuthFlags, authVariable, type Credential, readCredentials } from './credentials.js';
import { UsageError } from './exit.js';
import type { ForwardFlags } from './forward-flags.js';
import { formatListen, isLoopback, parseListen } from './listen.js';
import { parseProbeTarget, readServers, readSubscription, type ServerFlags } from './server-choices.js';
import type { LocalSettings } from './settings.js';
import type { SubscriptionSettings } from './subscription.js';
import type { Variables } from './variables.js';
import { readWorkers, type WorkersFlags } from './workers.js';

/** The flags of everything that offers the proxy port. */
export interface LocalFlags extends AuthFlags, WorkersFlags {
  readonly listen?: string;
  readonly open?: boolean;
  readonly udp?: boolean;
  readonly pacDirect?: boolean;
  readonly optimistic?: boolean;
  /** Of `halflight local` only. */
  readonly udpOverTcp?: boolean;
  /** Of `halflight local` only. */
  readonly probeTarget?: string;
  readonly cipherBackend?: CipherBackend;
}

/** A local's settings but for its servers. */
export type ProxySettings = Omit<LocalSettings, 'servers' | 'probeTarget'>;

/** All that a local can be told: it may lack servers when a list names them. */
export interface WholeLocalSettings extends LocalSettings {
  readonly subscription?: SubscriptionSettings;
  /** How many processes it is, when it is more than one. */
  readonly workers?: number;
}

/** What the arguments of `halflight local` and the variables beside them mean. UsageError without a server. */
export async function readLocalFlags(
  uri: string | undefined,
  flags: LocalFlags & ServerFlags & Pick<ForwardFlags, 'forwards'>,
  variables: Variables,
): Promise<WholeLocalSettings> {
  const servers = readServers(uri, flags, variables);
  const subscription = await readSubscription(uri, flags, variables);
  const { probeTarget } = flags;
  const workers = readWorkers(flags.workers);
  const ways = {
    servers,
    ...(await forwardsOf(flags, workers)),
    ...(workers > 1 && { workers }),
    ...(subscription !== undefined && { subscription }),
    ...(probeTarget !== undefined && { probeTarget: parseProbeTarget(probeTarget) }),
  };
  const asksHere = flags.auth !== undefined || flags.authFile !== undefined;
  if (!remotesAsk(ways, asksHere ? '--auth, --auth-file' : undefined)) {
    return { ...(await readPortFlags(flags, variables)), ...ways };
  }
  // The variable is what clients on this machine name, as `halflight run` does in the same shell.
  return { ...portSettings(flags, [], advice.remoteAsks), ...ways };
}

async function forwardsOf(
  { forwards }: Pick<ForwardFlags, 'forwards'>,
  workers: number,
): Promise<Pick<LocalSettings, 'forwards'>> {
  if (forwards === undefined) return {};
  if (workers > 1) {
    throw new UsageError('forwards: expected one process, got several: leave out workers');
  }
  const { readForwards } = await import('./forward-flags.js');
  return { forwards: readForwards(forwards, {}) };
}

/**
 * Whether some of the servers ask for credentials themselves. ConfigError beside what rules that out: a list of further
 * ones, and credentials of the local's own, which `here` names.
 */
export function remotesAsk(
  { servers, subscription }: Pick<WholeLocalSettings, 'servers' | 'subscription'>,
  here: string | undefined,
): boolean {
  if (!servers.some(({ uri }) => uri.remoteAuth === true)) return false;
  if (subscription !== undefined) {
    throw new ConfigError(
      'servers: expected none with auth=remote beside a subscription, whose servers know nothing of credentials, got one',
    );
  }
  if (here !== undefined) {
    throw new ConfigError(
      `credentials: expected them at the remote (auth=remote in the URI) or at the local (${here}), got both`,
    );
  }
  return true;
}

/** What the flags of a proxy port mean: 127.0.0.1:1080 by default. ConfigError for a port that is open to others. */
export async function readPortFlags(flags: LocalFlags, variables: Variables): Promise<ProxySettings> {
  return portSettings(flags, await readCredentials(flags, variables), advice.nobodyAsks);
}

/** What is wrong with a port that others reach, and what to do about it. */
const advice = {
  nobodyAsks:
    'whoever reaches it could use the tunnel; ' +
    `ask for credentials with --auth-file or ${authVariable} (or --auth), or insist with --open`,
  remoteAsks:
    'the remote is to ask for credentials there (auth=remote in the URI), ' +
    'which this half cannot check; insist with --open',
} as const;

/**
 * ConfigError, ending in `why`, when others could reach the port and neither credentials are asked for here nor anybody
 * insisted: everyone who reaches it could use it (docs/probes.md T-30).
 */
export function portSettings(
  flags: LocalFlags,
  credentials: readonly Credential[],
  why: string,
): ProxySettings {
  if (flags.udp === false && flags.udpOverTcp === true) {
    throw new ConfigError('UDP over TCP: expected UDP to be served, got --no-udp');
  }
  const listen = parseListen(flags.listen ?? '1080', '127.0.0.1');
  if (credentials.length === 0 && flags.open !== true && !isLoopback(listen.host)) {
    throw new ConfigError(`listen address: expected a loopback address, got ${formatListen(listen)}: ${why}`);
  }
  return {
    listen,
    credentials,
    udp: flags.udp ?? true,
    pacDirect: flags.pacDirect ?? true,
    ...(flags.udpOverTcp === true && { udpOverTcp: true }),
    ...(flags.optimistic === true && { optimistic: true }),
    cipherBackend: flags.cipherBackend ?? 'native',
  };
}
