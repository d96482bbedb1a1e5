/** Which servers a local is told of: by its arguments, a variable, or a config file. */
import type { Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import { UsageError } from './exit.js';
import type { ServerEntry } from './file-schema.js';
import { checkHost, readPort, splitHostPort } from './host-port.js';
import { readPastedUri, readUriVariable } from './pasted.js';
import { type LocalPluginFlags, readPlugin } from './plugin.js';
import type { ServerChoice } from './settings.js';
import type { ServerUri, UriOptions } from './uri.js';
import type { Variables } from './variables.js';

/** What names several servers, and their plugins. */
export interface ServerFlags extends LocalPluginFlags {
  readonly servers?: readonly ServerEntry[];
}

/**
 * The servers, at least one: those of the list, else the one of the URI, else that in HALFLIGHT_URI. UsageError without
 * any, ConfigError for one that cannot be used.
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
  const named =
    only.uri === undefined ? readUriVariable(variables, options) : readPastedUri(only.uri, options);
  if (named === undefined) {
    throw new UsageError(
      'expected a URI as the argument or in HALFLIGHT_URI, got none; see halflight local --help',
    );
  }
  return [soleServer(withPlugin(named, { name: '--plugin', text: flags.plugin ?? only.plugin }))];
}

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
    const { order = place, weight = 1, plugin: text } = entry;
    return { uri: withPlugin(readPastedUri(entry.uri, options), { name: 'plugin', text }), order, weight };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(`server ${place + 1}: ${error.message}`, { cause: error });
  }
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
