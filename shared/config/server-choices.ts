/** Which servers a local is told of: by its arguments, a variable, or a config file. */
import type { Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { between, wholeBetween } from './between.js';
import { cacheDirectory } from './directories.js';
import { UsageError } from './exit.js';
import type { ServerEntry } from './file-schema.js';
import { checkHost, readPort, splitHostPort } from './host-port.js';
import { readPastedUri, readUriVariable } from './pasted.js';
import { type LocalPluginFlags, readPlugin } from './plugin.js';
import type { ServerChoice } from './settings.js';
import type { ServerUri, UriOptions } from './uri.js';
import type { SubscriptionSettings } from './subscription.js';
import { nonEmpty, type Variables } from './variables.js';

/** What names several servers, and their plugins. */
export interface ServerFlags extends LocalPluginFlags {
  readonly servers?: readonly ServerEntry[];
  /** Where a list of further ones is. */
  readonly subscription?: string;
}

/**
 * The servers: those of the list, else the one of the URI, else that in HALFLIGHT_URI. There is at least one, unless a
 * subscription is named. UsageError without any, ConfigError for one that cannot be used.
 */
export function readServers(
  uri: string | undefined,
  { servers = [], ...flags }: ServerFlags,
  variables: Variables,
): readonly ServerChoice[] {
  const options = { plugins: flags.allowPlugin ?? [] };
  if (servers.length > 1) {
    if (flags.plugin !== undefined) {
      throw new UsageError(`--plugin: expected one server, got ${servers.length}: name it in their URIs`);
    }
    return servers.map((entry, place) => choiceOf(entry, place, options));
  }
  const [only = { uri, plugin: undefined }] = servers;
  const silent = only.uri === undefined && flags.subscription === undefined;
  const fromVariable = silent ? readUriVariable(variables, options) : undefined;
  const named = only.uri === undefined ? fromVariable : readPastedUri(only.uri, options);
  if (named === undefined) {
    if (!silent || nonEmpty(variables[subscriptionVariable]) !== undefined) return [];
    throw new UsageError(
      'expected a URI as the argument or in HALFLIGHT_URI, or a --subscription, got none; ' +
        'see halflight local --help',
    );
  }
  return [soleServer(withPlugin(named, { name: '--plugin', text: flags.plugin ?? only.plugin }))];
}

/**
 * The list of servers that is named, undefined for none. A variable is heard when nothing else names a server. UsageError
 * beside a plugin for one server, ConfigError for an address that cannot be used.
 */
export async function readSubscription(
  uri: string | undefined,
  { servers = [], subscription, plugin, allowPlugin = [] }: ServerFlags,
  variables: Variables,
): Promise<SubscriptionSettings | undefined> {
  const typed = uri !== undefined || servers.length > 0 || subscription !== undefined;
  const text = typed ? subscription : nonEmpty(variables[subscriptionVariable]);
  if (text === undefined) return undefined;
  if (plugin !== undefined) {
    throw new UsageError(
      '--plugin: expected one server, got a subscription: its servers name their plugins, and --allow-plugin allows one',
    );
  }
  const { readSubscriptionUrl } = await import('./subscription.js');
  try {
    return {
      url: readSubscriptionUrl(text),
      plugins: allowPlugin,
      cacheDirectory: cacheDirectory(variables),
    };
  } catch (error) {
    // Set long ago in some file, it is not what whoever reads this has typed.
    throw error instanceof ConfigError && !typed
      ? new ConfigError(`${subscriptionVariable}: ${error.message}`, { cause: error })
      : error;
  }
}

const subscriptionVariable = 'HALFLIGHT_SUBSCRIPTION';

/** ConfigError for a number, as text, that says no place among servers, or no share of the targets. */
export const checkOrder: (text: string) => void = wholeBetween(0, 9999);
export const checkWeight: (text: string) => void = between(0.001, 1000);

/** A list of one server. */
export function soleServer(uri: ServerUri): ServerChoice {
  return { uri, order: 0, weight: 1 };
}

/** The host and the port of a name server, which both have to be named. ConfigError for everything else. */
export function parseProbeTarget(text: string): Target {
  const split = splitHostPort(text);
  const port = split?.port === undefined ? undefined : readPort(split.port);
  if (split === undefined || port === undefined || port === 0) {
    throw new ConfigError('probe target: expected HOST:PORT or [IPv6]:PORT, got something else');
  }
  const why = checkHost(split);
  if (why !== undefined) throw new ConfigError(`probe target: ${why}`);
  return { host: split.host, port };
}

/** Messages name a server by its place: its own name may be what is wrong. */
function choiceOf(entry: ServerEntry, place: number, options: UriOptions): ServerChoice {
  try {
    return readServerEntry(entry, place, options);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`server ${place + 1}: ${error.message}`, { cause: error });
  }
}

/** One server of a list, whose `place` in it is its order unless it says another one. Throws as `readServers`. */
export function readServerEntry(entry: ServerEntry, place: number, options: UriOptions): ServerChoice {
  const { order = place, weight = 1, plugin: text } = entry;
  return { uri: withPlugin(readPastedUri(entry.uri, options), { name: 'plugin', text }), order, weight };
}

interface NamedPlugin {
  /** What names it. */
  readonly name: string;
  readonly text: string | undefined;
}

function withPlugin(server: ServerUri, { name, text }: NamedPlugin): ServerUri {
  if (text === undefined) return server;
  if (server.plugin !== undefined) {
    throw new UsageError(`expected one of ${name} and plugin= in the URI, got 2`);
  }
  return { ...server, plugin: readPlugin(name, text) };
}
