/** A classic file as that of a local: its servers, and the one port that it offers. */
import { formatTarget } from '../codec/address.js';
import type { ClassicObject } from './classic-object.js';
import { readSaltPrefix } from './classic-prefix.js';
import type { ClassicMeaning } from './classic-remote.js';
import { noServer, readMode, readPluginOf, readPoints, type Reading, serversOf } from './classic-server.js';
import type { FileSettings, ServerEntry } from './file-schema.js';
import { shownName } from './file-text.js';
import { placed } from './file-values.js';
import { parseListen } from './listen.js';
import { readSubscriptionUrl } from './subscription.js';
import { together } from './together.js';
import { formatServerUri, parseServerUri } from './uri.js';

export function readClassicLocal(reading: Reading): ClassicMeaning {
  const { file, root } = reading;
  const all = serversOf(reading);
  const online = root.object('online_config');
  const [local, found, subscription] = together([
    () => readPort(reading),
    () => readServers(reading, all),
    () => readSubscription(reading, online),
  ]);
  const servers = found.flatMap(({ entries }) => entries);
  if (servers.length === 0 && subscription === undefined) {
    throw all.length === 0
      ? noServer(root)
      : root.complain('servers', 'expected a server that takes streams, got none');
  }

  const streamsOnly = found.filter(({ udp }) => !udp);
  const udp = local.udp && (streamsOnly.length < found.length || subscription !== undefined);
  const mixed = udp ? streamsOnly : [];
  return {
    settings: { ...waysOf(servers, subscription), listen: local.listen, udp },
    holders: [...all.slice(0, 1), local.entry, root].map(({ node }) => node),
    // Of a server that is left out nothing more has to be said.
    objects: [
      root,
      ...found.filter(({ entries }) => entries.length > 0).map(({ server }) => server),
      local.entry,
      ...(online === undefined ? [] : [online]),
    ],
    warnings: [
      ...found.flatMap(({ warnings }) => warnings),
      ...mixed.map(
        ({ server }) =>
          server.complain('mode', 'tcp_only here is ignored: other servers take datagrams').message,
      ),
      ...local.spare.map(
        ({ node }) => file.complain(node, 'locals: one port is offered: this one is ignored').message,
      ),
    ],
  };
}

/** One server stands in a file as most have it. */
function waysOf(servers: readonly ServerEntry[], subscription: string | undefined): FileSettings {
  const [only, another] = servers;
  if (subscription !== undefined) return { ...(only !== undefined && { servers }), subscription };
  if (only === undefined || another !== undefined) return { servers };
  const { uri, plugin } = only;
  return { uri, ...(plugin !== undefined && { plugin }) };
}

/** Where shadowsocks-rust has further servers from (SIP008). */
function readSubscription({ file }: Reading, online: ClassicObject | undefined): string | undefined {
  const url = online?.text('config_url');
  if (online === undefined || url === undefined) return undefined;
  placed(file, { name: 'config_url', node: online.value('config_url') ?? online.node }, () =>
    readSubscriptionUrl(url),
  );
  return url;
}

/** One server of the file. */
interface Found {
  readonly server: ClassicObject;
  /** As it is tried; none when nothing goes through it. */
  readonly entries: readonly ServerEntry[];
  readonly udp: boolean;
  readonly warnings: readonly string[];
}

function readServers(reading: Reading, servers: readonly ClassicObject[]): readonly Found[] {
  return together(servers.map((server) => () => readServer(reading, server)));
}

/**
 * shadowsocks-rust balances between its servers by weight, the Python program between ports by chance, and libev's list of
 * hosts is taken for an order.
 */
function readServer(reading: Reading, server: ClassicObject): Found {
  const { file, root } = reading;
  const listed = server.node !== root.node;
  const { weight, warnings } = readWeight(server);
  const mode = listed ? server.text('mode') : undefined;
  if (mode !== undefined && !['tcp_only', 'udp_only', 'tcp_and_udp'].includes(mode)) {
    throw server.complain('mode', `expected tcp_only, udp_only or tcp_and_udp, got ${shownName(mode)}`);
  }
  const unused = mode === 'udp_only' ? [server.complain('mode', unusedWords('udp_only')).message] : warnings;
  if (mode === 'udp_only' || weight === 0) return { server, entries: [], udp: true, warnings: unused };

  const [points, plugin] = together([() => readPoints(reading, server), () => readPluginOf(server)]);
  const [tag] = ['remarks', 'name', 'id'].flatMap((name) => server.text(name) ?? []);
  const entries = points.map(({ host, place, port, method, secret, node }) => {
    const saltPrefix = readSaltPrefix(server, method);
    const text = formatServerUri({
      wire: 'shadowsocks',
      method,
      secret,
      host,
      port,
      ...(tag !== undefined && { tag }),
      ...(saltPrefix !== undefined && { saltPrefix }),
    });
    placed(file, { name: 'server', node }, () => parseServerUri(text));
    return { uri: text, order: place, ...(weight !== 1 && { weight }), ...plugin };
  });
  return { server, entries, udp: mode !== 'tcp_only', warnings };
}

const unusedWords = (why: string): string => `${why}: nothing goes through this server`;

/** What part of the targets goes through it, from 0 to 1; for rust streams and datagrams have one each. */
function readWeight(server: ClassicObject): {
  readonly weight: number;
  readonly warnings: readonly string[];
} {
  const [weight = 1, other = weight] = ['tcp_weight', 'udp_weight'].map((name) => {
    const node = server.value(name);
    if (node === undefined) return undefined;
    const { value } = node;
    if (typeof value === 'number' && value >= 0 && value <= 1) return value;
    throw server.complain(name, 'expected a number from 0 to 1, got another value');
  });
  if (weight === 0) return { weight, warnings: [server.complain('tcp_weight', unusedWords('0')).message] };
  const words = 'ignored: datagrams go by tcp_weight, too';
  return {
    // Less than that is no share of any number of targets that somebody has.
    weight: Math.max(weight, 0.001),
    warnings: other === weight ? [] : [server.complain('udp_weight', words).message],
  };
}

/** Our port speaks all of these at once. */
const spoken: readonly string[] = ['socks', 'http', 'mixed'];

interface LocalPort {
  readonly entry: ClassicObject;
  readonly listen: string;
  readonly udp: boolean;
  /** What else the file wants to be offered. */
  readonly spare: readonly ClassicObject[];
}

function readPort({ file, root }: Reading): LocalPort {
  const entries = root.objects('locals');
  const fit = entries.find((each) => spoken.includes(each.text('protocol') ?? 'socks'));
  const entry = fit ?? entries[0] ?? root;
  refuseUnlike(entry);
  const address = entry.text('local_address') ?? root.text('local_address') ?? '127.0.0.1';
  const port = entry.port('local_port') ?? root.port('local_port') ?? 1080;
  const listen = formatTarget({ host: address, port });
  placed(file, { name: 'local_address', node: entry.node }, () => parseListen(listen));
  return { entry, listen, udp: readMode(root, entry), spare: entries.filter((each) => each !== entry) };
}

/** Ignoring one of these would end in a port that is open to others, or speaks another language. */
function refuseUnlike(entry: ClassicObject): void {
  const protocol = entry.text('protocol') ?? 'socks';
  if (!spoken.includes(protocol)) throw entry.complain('protocol', 'expected socks or http, got another');
  if (entry.text('tunnel_address') !== undefined) {
    throw entry.complain('tunnel_address', 'expected none, got one: no port here leads to one target alone');
  }
  for (const name of ['socks5_auth_config_path', 'http_auth_config_path']) {
    if (entry.text(name) !== undefined) {
      throw entry.complain(name, 'expected none, got one: name the users in a file for --auth-file');
    }
  }
}
