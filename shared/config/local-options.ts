/** From the options that a program gives for a local to settings: what flags and config files say, in the form of code. */
import type { Target } from '../codec/address.js';
import { ConfigError } from '../errors.js';
import type { ServerEntry } from './file-schema.js';
import { type ForwardChoice, readForwards } from './forward-options.js';
import { checkForwards } from './forward-places.js';
import type { ForwardRule } from './forward-rule.js';
import { formatListen } from './listen.js';
import { portSettings, remotesAsk, type WholeLocalSettings } from './local-flags.js';
import {
  checkOptions,
  copyOptions,
  type HalfOptions,
  type Kind,
  type Place,
  placeText,
  readHalfOptions,
  readListen,
  said,
  underName,
} from './options.js';
import { checkOrder, checkWeight, parseProbeTarget, readServerEntry } from './server-choices.js';
import type { ServerChoice } from './settings.js';
import { readSubscriptionUrl, type SubscriptionSettings } from './subscription.js';

/** A server of a local: its URI, `halflight://…` or `ss://…`, alone or with its place among others. */
export type ServerOption = string | ServerEntry;

/** What a local is told in code. It needs `server`, `subscription`, or both. */
export interface LocalOptions extends HalfOptions {
  /** Where it leaves through, in the order in which they are tried. */
  readonly server?: ServerOption | readonly ServerOption[];
  /** The address of a list of further servers (SIP008): `https://…` or `ssconf://…`. */
  readonly subscription?: string;
  /** The directory where the last good list is kept; by default none is. */
  readonly cacheDirectory?: string;
  /** `127.0.0.1:1080` by default; a port alone is one of 127.0.0.1, and 0 any that is free. */
  readonly listen?: Place;
  /** Whether others than this machine may be let in without credentials. */
  readonly open?: boolean;
  /** Whether UDP ASSOCIATE is served; true by default. */
  readonly udp?: boolean;
  /** Whether datagrams travel in streams, through networks that drop UDP. */
  readonly udpOverTcp?: boolean;
  /** Whether clients hear that they are connected before the remote has answered: one round trip less. */
  readonly optimistic?: boolean;
  /** Whether the PAC file ends in `DIRECT`; true by default. */
  readonly pacDirect?: boolean;
  /** The name server that standard servers are asked for, to see whether they work; `1.1.1.1:53` by default. */
  readonly probeTarget?: string | Target;
  /** Ports and unix sockets that lead to one target each, through its servers when they name no other way. */
  readonly forwards?: ForwardChoice;
  /** The plugins that a URI or a list may name: each is a program that is run. */
  readonly allowPlugins?: readonly string[];
}

const kinds = {
  server: 'any',
  subscription: 'text',
  cacheDirectory: 'text',
  listen: 'place',
  open: 'switch',
  credentials: 'list',
  udp: 'switch',
  udpOverTcp: 'switch',
  optimistic: 'switch',
  pacDirect: 'switch',
  cipherBackend: 'text',
  probeTarget: 'place',
  allowPlugins: 'texts',
  forwards: 'any',
  timeouts: 'object',
  hooks: 'list',
} as const satisfies Record<keyof LocalOptions, Kind>;

/** A program gives servers one name. */
const elsewhere = { uri: 'server', servers: 'server' } as const satisfies Record<string, keyof LocalOptions>;

const entryKinds = {
  uri: 'text',
  order: 'number',
  weight: 'number',
  plugin: 'text',
} as const satisfies Record<keyof ServerEntry, Kind>;

/** A port that others reach is open to all of them. */
const insistence = {
  nobodyAsks: 'whoever reaches it could use the tunnel; ask for credentials, or insist with open: true',
  remoteAsks: 'the remote is to ask for credentials (auth=remote in the URI); insist with open: true',
} as const;

/** What the options of a local mean. ConfigError, beginning with the name of the option, for one that cannot be used. */
export function readLocalOptions(given: LocalOptions): WholeLocalSettings {
  const options = copyOptions(given);
  checkOptions(options, kinds, { elsewhere });
  const { server, probeTarget, open, udp, udpOverTcp, pacDirect, optimistic } = options;
  const servers = server === undefined ? [] : readServerOptions(server, options);
  const subscription = subscriptionOf(options);
  if (servers.length === 0 && subscription === undefined) {
    throw new ConfigError('server: expected the URI of one, or a subscription, got neither');
  }
  if (udp === false && udpOverTcp === true) {
    throw new ConfigError('udpOverTcp: expected UDP to be served, got udp: false');
  }
  const { credentials, ...told } = readHalfOptions(options);
  const ways = { servers, ...(subscription && { subscription }) };
  const remoteAsks = remotesAsk(ways, credentials.length > 0 ? 'credentials' : undefined);
  const listen = formatListen(readListen('listen', options.listen ?? 1080, '127.0.0.1'));
  const flags = {
    ...said({ open, udp, udpOverTcp, pacDirect, optimistic }),
    listen,
  };
  const why = remoteAsks ? insistence.remoteAsks : insistence.nobodyAsks;
  return {
    ...underName('listen', () => portSettings(flags, credentials, why)),
    ...told,
    ...ways,
    ...(probeTarget !== undefined && {
      probeTarget: underName('probeTarget', () => parseProbeTarget(placeText(probeTarget))),
    }),
    ...(options.forwards && { forwards: readOwnForwards(options.forwards) }),
  };
}

/** Those that name no way go through its servers, and may lead to what is called the same there. */
function readOwnForwards(choice: ForwardChoice): readonly ForwardRule[] {
  const rules = readForwards(choice);
  checkForwards(rules, {});
  return rules;
}

/** The servers that an option names, one at least. ConfigError, beginning with `server`, for one that cannot be used. */
function readServerOptions(
  server: ServerOption | readonly ServerOption[],
  { allowPlugins: plugins = [] }: Pick<LocalOptions, 'allowPlugins'>,
): readonly ServerChoice[] {
  const list = isOne(server) ? [server] : server;
  if (list.length === 0) throw new ConfigError('server: expected at least one, got none');
  return list.map((one, place) => {
    const name = isOne(server) ? 'server' : `server[${place}]`;
    const entry = typeof one === 'string' ? { uri: one } : one;
    const within = `${name}.`;
    checkOptions(entry, entryKinds, { within, needed: ['uri'] });
    const { order, weight } = entry;
    if (order !== undefined)
      underName(`${within}order`, () => {
        checkOrder(String(order));
      });
    if (weight !== undefined)
      underName(`${within}weight`, () => {
        checkWeight(String(weight));
      });
    return underName(name, () => readServerEntry(entry, place, { plugins }));
  });
}

/** `Array.isArray` does not know of arrays that are read only. */
function isOne(server: ServerOption | readonly ServerOption[]): server is ServerOption {
  return !Array.isArray(server);
}

function subscriptionOf({
  subscription,
  cacheDirectory,
  allowPlugins = [],
}: LocalOptions): SubscriptionSettings | undefined {
  if (subscription === undefined) return undefined;
  const url = underName('subscription', () => readSubscriptionUrl(subscription));
  return { url, plugins: allowPlugins, cacheDirectory };
}
