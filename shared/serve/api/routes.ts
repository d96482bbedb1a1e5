/**
 * What the management API says, without a socket: Shadowsocks Server Management API v1 (Shadowsocks-NET
 * shadowsocks-specs 2023-1).
 *
 * ```
 *   GET    /                 what this is
 *   GET    /users            all users, with their keys
 *   POST   /users            {"username", "uPSK"}: one more, 201
 *   GET    /users/NAME       one of them, with its key and its traffic
 *   PATCH  /users/NAME       {"uPSK"}: another key, 204
 *   DELETE /users/NAME       204
 *   GET    /stats            the traffic of all and of each; with ?clear=true it counts from 0 again
 * ```
 *
 * Whoever is not understood, or not heard, is told why: `{"error": "…"}`.
 */
import type { UserSecret } from '../../codec/users.js';
import { ConfigError } from '../../errors.js';
import type { UsageStore, UserTraffic } from '../usage-store.js';
import type { UserStore } from '../user-store.js';
import { ApiFault, type Reply } from './reply.js';

/** What the API is about. */
export interface Managed {
  readonly users: UserStore;
  readonly usage: UsageStore;
}

/** A request whose sender has shown that it may ask. */
export interface ApiRequest {
  readonly method: string;
  /** The path and the query, as they came. */
  readonly target: string;
  /** The bytes of the body; asked for only where one is expected, and at most once. */
  readonly body: () => Promise<Uint8Array>;
}

type Route = (request: Asked, managed: Managed) => Promise<Reply>;

interface Asked {
  /** The user in the path; empty where there is none. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly body: () => Promise<Uint8Array>;
}

const routes: Readonly<Record<string, Readonly<Record<string, Route>>>> = {
  '/': { GET: () => Promise.resolve({ status: 200, json: { server: 'halflight', apiVersion: 'v1' } }) },
  '/users': { GET: listUsers, POST: addUser },
  '/users/:username': { GET: showUser, PATCH: replaceUser, DELETE: removeUser },
  '/stats': { GET: showStats },
};

/** The answer to a request. Throws an ApiFault for what cannot be done, and whatever the stores throw. */
export async function answer({ method, target, body }: ApiRequest, managed: Managed): Promise<Reply> {
  const [path = '', ...rest] = target.split('?');
  const name = /^\/users\/([^/]+)$/.exec(path)?.[1];
  const pattern = name === undefined ? path : '/users/:username';
  const methods = Object.hasOwn(routes, pattern) ? routes[pattern] : undefined;
  if (methods === undefined)
    throw new ApiFault(404, 'path: expected /, /users, /users/NAME or /stats, got another');
  const route = Object.hasOwn(methods, method) ? methods[method] : undefined;
  if (route === undefined) {
    const allowed = Object.keys(methods).join(', ');
    throw new ApiFault(405, `method: expected ${allowed}, got another`, { allow: allowed });
  }
  const asked = {
    name: name === undefined ? '' : decoded(name),
    query: new URLSearchParams(rest.join('?')),
    body,
  };
  return route(asked, managed);
}

async function listUsers(_: Asked, { users }: Managed): Promise<Reply> {
  return { status: 200, json: { users: (await users.list()).map(credentialOf) } };
}

async function addUser({ body }: Asked, { users }: Managed): Promise<Reply> {
  const fields = await readFields(body);
  const user = { name: readText(fields, 'username'), secret: readText(fields, 'uPSK') };
  await orFault(users.add(user));
  return { status: 201, json: credentialOf(user) };
}

async function showUser({ name }: Asked, { users, usage }: Managed): Promise<Reply> {
  const user = await find(name, users);
  return { status: 200, json: { ...credentialOf(user), ...countsOf(await usage.of(name)) } };
}

async function replaceUser({ name, body }: Asked, { users }: Managed): Promise<Reply> {
  const secret = readText(await readFields(body), 'uPSK');
  // The present one is fine, too: it may be what could not be written down when it was asked for first.
  if (!(await orFault(users.replace(name, secret)))) throw noSuchUser();
  return { status: 204 };
}

async function removeUser({ name }: Asked, { users }: Managed): Promise<Reply> {
  if (!(await users.remove(name))) throw noSuchUser();
  return { status: 204 };
}

async function showStats({ query }: Asked, { users, usage }: Managed): Promise<Reply> {
  const clear = query.getAll('clear').some((value) => value === '' || value === 'true');
  const present = (await users.list()).map(({ name }) => name);
  const traffic = await usage.all({ clear });
  // Whoever has done nothing has no traffic of its own, but is somebody to be told of.
  const names = new Set([...present, ...traffic.keys()]);
  const counts = Array.from(names, (username) => ({ username, ...countsOf(traffic.get(username)) }));
  return { status: 200, json: { ...totalOf(Array.from(traffic.values(), countsOf)), users: counts } };
}

async function find(name: string, users: UserStore): Promise<UserSecret> {
  const user = (await users.list()).find((each) => each.name === name);
  if (user === undefined) throw noSuchUser();
  return user;
}

function noSuchUser(): ApiFault {
  return new ApiFault(404, 'user: expected one of the users, got another name');
}

function credentialOf({ name, secret }: UserSecret): { readonly username: string; readonly uPSK: string } {
  return { username: name, uPSK: secret };
}

type Counts = Readonly<Record<(typeof countNames)[number], number>>;

const countNames = [
  'downlinkPackets',
  'downlinkBytes',
  'uplinkPackets',
  'uplinkBytes',
  'tcpSessions',
  'udpSessions',
] as const;

/** A session is counted when it is opened: it would be told with each `clear` otherwise, as long as it lasts. */
function countsOf(traffic: UserTraffic | undefined): Counts {
  return {
    downlinkPackets: traffic?.datagramsDown ?? 0,
    downlinkBytes: traffic?.down ?? 0,
    uplinkPackets: traffic?.datagramsUp ?? 0,
    uplinkBytes: traffic?.up ?? 0,
    tcpSessions: traffic?.openedStreams ?? 0,
    udpSessions: traffic?.openedAssociations ?? 0,
  };
}

function totalOf(all: readonly Counts[]): Counts {
  const total = { ...countsOf(undefined) };
  for (const counts of all) for (const name of countNames) total[name] += counts[name];
  return total;
}

/** What a store will not do is the sender's mistake; its words tell no secret. */
async function orFault<T>(change: Promise<T>): Promise<T> {
  try {
    return await change;
  } catch (error) {
    if (error instanceof ConfigError) throw new ApiFault(400, error.message);
    throw error;
  }
}

async function readFields(body: () => Promise<Uint8Array>): Promise<object> {
  const bytes = await body();
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ApiFault(400, 'body: expected JSON, got something else');
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw new ApiFault(400, 'body: expected a JSON object, got another value');
}

function readText(fields: object, name: string): string {
  const value = Object.entries(fields).find(([key]) => key === name)?.[1] as unknown;
  if (typeof value === 'string' && value !== '') return value;
  throw new ApiFault(400, `${name}: expected a text, got ${value === '' ? 'an empty one' : 'none'}`);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new ApiFault(400, 'path: expected percent-encoded UTF-8, got something else');
  }
}
