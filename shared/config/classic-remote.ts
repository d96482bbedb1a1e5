/** A classic file as that of a remote: each server in it is a port, or several. */
import { formatTarget } from '../codec/address.js';
import type { ClassicObject } from './classic-object.js';
import {
  hasPassword,
  noServer,
  type Point,
  readMode,
  readPluginOf,
  readPoints,
  type Reading,
  serversOf,
  readHosts,
  readMethod,
} from './classic-server.js';
import type { FileSettings, PortEntry } from './file-schema.js';
import { placed } from './file-values.js';
import type { JsonNode } from './json5.js';
import { formatListen, isWildcard, parseListen } from './listen.js';
import { readManagerAddress } from './manager.js';
import { together } from './together.js';

/** What a classic file means to a half. */
export interface ClassicMeaning {
  readonly settings: FileSettings;
  /** Where most of it stands: the objects that are asked for a setting, one after the other. */
  readonly holders: readonly JsonNode[];
  /** The objects that were read. */
  readonly objects: readonly ClassicObject[];
  /** What is in them and does nothing, beside keys that nobody asked for. */
  readonly warnings: readonly string[];
}

export function readClassicRemote(reading: Reading): ClassicMeaning {
  const { root } = reading;
  // What the other half of a common file is told is nothing that this one lacks.
  for (const name of ['local_address', 'local_port', 'locals', 'online_config']) root.value(name);
  const servers = serversOf(reading);
  const managerAddress = readManager(reading);
  if (managerAddress !== undefined && !servers.some(hasPassword)) {
    return readManaged(reading, servers[0] ?? root, managerAddress);
  }
  if (servers.length === 0) throw noServer(root);
  const users = new Map(servers.map((server) => [server, server.objects('users')]));
  const ports = together(
    servers.map((server) => () => readPorts(reading, server, users.get(server) ?? [])),
  ).flat();
  refuseSame(reading, ports);
  const entries = ports.map(({ entry }) => entry);
  return {
    settings: managerAddress === undefined ? ownPorts(entries) : managedPorts(entries, managerAddress),
    holders: servers
      .slice(0, 1)
      .concat(root)
      .map(({ node }) => node),
    objects: [root, ...servers, ...Array.from(users.values()).flat()],
    warnings: [],
  };
}

function ownPorts([first, ...others]: readonly PortEntry[]): FileSettings {
  return { ...first, ...(others.length > 0 && { ports: others }) };
}

/** The other programs give all of them to the panel, and open what it adds with the same method. */
function managedPorts(ports: readonly PortEntry[], managerAddress: string): FileSettings {
  const [{ method, udp } = {}] = ports;
  return {
    managerAddress,
    ...(method !== undefined && { method }),
    ...(udp !== undefined && { udp }),
    ports,
  };
}

/** Where a panel is heard; shadowsocks-rust has its port in a key of its own. */
function readManager({ file, root }: Reading): string | undefined {
  const host = root.text('manager_address');
  const port = root.port('manager_port');
  if (host === undefined) return undefined;
  const address = port === undefined ? host : formatTarget({ host, port });
  placed(file, { name: 'manager_address', node: root.value('manager_address') ?? root.node }, () =>
    readManagerAddress(address),
  );
  return address;
}

/** A remote whose ports are all opened by a panel: what the file says of a server is what they are like. */
function readManaged(reading: Reading, server: ClassicObject, managerAddress: string): ClassicMeaning {
  const { file, root } = reading;
  const [hosts, method, udp] = together([
    () => readHosts(reading, server),
    () => (server.has('method') ? readMethod(file, server).name : undefined),
    () => readMode(root, server),
  ]);
  const narrow = hosts.find(({ host }) => !isWildcard(host));
  if (narrow !== undefined) {
    const words = 'expected all addresses, which the ports of a manager have, got another';
    throw file.complain(narrow.node, `server: ${words}`);
  }
  return {
    settings: { managerAddress, ...(method !== undefined && { method }), udp },
    holders: [server.node, root.node],
    objects: [root, server],
    warnings: [],
  };
}

interface PlacedPort {
  readonly point: Point;
  readonly entry: PortEntry;
}

function readPorts(
  reading: Reading,
  server: ClassicObject,
  users: readonly ClassicObject[],
): readonly PlacedPort[] {
  const [points, lines, udp, plugin] = together([
    () => readPoints(reading, server),
    () => together(users.map((user) => () => readUser(user))),
    () => readMode(reading.root, server),
    () => readPluginOf(server),
  ]);
  return points.map((point) => ({
    point,
    entry: {
      listen: listenOf(reading, point),
      method: point.method.name,
      ...(point.method.edition === 2022 ? { key: point.secret } : { password: point.secret }),
      ...(lines.length > 0 && { users: lines }),
      udp,
      ...plugin,
    },
  }));
}

function listenOf({ file }: Reading, { host, port, node }: Point): string {
  const listen = formatTarget({ host, port });
  placed(file, { name: 'server', node }, () => parseListen(listen));
  return listen;
}

/** As a line of a users file. */
function readUser(user: ClassicObject): string {
  const name = user.text('name');
  if (name === undefined) throw user.complain('name', 'expected the name of a user, got none');
  const password = user.text('password');
  if (password === undefined) throw user.complain('password', 'expected the key of a user, got none');
  return `${name}:${password}`;
}

function refuseSame({ file }: Reading, ports: readonly PlacedPort[]): void {
  const places = new Set<string>();
  for (const { point, entry } of ports) {
    const place = formatListen(parseListen(entry.listen));
    if (places.has(place))
      throw file.complain(point.node, `server: expected each port once, got ${place} again`);
    if (point.port !== 0) places.add(place);
  }
}
