/**
 * The control protocol of ss-manager, which panels speak to open and close the ports of a server: one datagram is one
 * request, a word or `word: JSON`. Nobody has ever written it down; this is what shadowsocks-libev 3.3 reads and says,
 * with what shadowsocks-rust adds.
 *
 * ```
 *   add: {"server_port":8001,"password":"x"}     ok │ port is not available │ err
 *   remove: {"server_port":8001}                 ok │ err
 *   list                                         [\n\t{"server_port":"8001","password":"x","method":"y"}\n]
 *   ping                                         stat: {"8001":11370}
 *   stat: {"8001":11370}                         nothing: it is what a server tells its manager
 * ```
 */
import { ProtocolError } from '../errors.js';

/** A longer request is not answered, as libev does not. Bytes. */
export const longestRequest = 32_767;
/** Long answers are several datagrams, none longer than this unless it is one port alone. Bytes. */
const longestReply = 32_767;

/** A port that is to be opened. Nothing is checked but its form. */
export interface PortRequest {
  /** 1 to 65535. */
  readonly port: number;
  /** Never empty. */
  readonly password: string;
  readonly method?: string;
  readonly mode?: string;
  /** The empty name is no plugin. */
  readonly plugin?: string;
  readonly pluginOptions?: string;
  /** Those who share the port (shadowsocks-rust). */
  readonly users?: readonly { readonly name: string; readonly password: string }[];
  /** The names of what else was said of it. */
  readonly ignored: readonly string[];
}

export type ManagerRequest =
  | { readonly command: 'add'; readonly added: PortRequest }
  | { readonly command: 'remove'; readonly port: number }
  | { readonly command: 'list' | 'ping' };

const colon = 0x3a;

/** The answers to `add` and `remove`. */
export const managerReplies = {
  done: 'ok',
  taken: 'port is not available',
  failed: 'err',
} as const;

/** What is told of a port. */
export interface ListedPort {
  readonly port: number;
  readonly password: string;
  readonly method: string;
  readonly users?: readonly { readonly name: string; readonly password: string }[];
}

/**
 * What a datagram asks for, or undefined when it asks for nothing that is answered.
 *
 * @throws ProtocolError, without anything secret in its message, for an `add` or a `remove` that makes no sense.
 */
export function readManagerRequest(datagram: Uint8Array): ManagerRequest | undefined {
  if (datagram.length > longestRequest) return undefined;
  const words = trimmed(datagram);
  // As libev does: a request without its colon, or with more than its word, is one all the same.
  const end = words.findIndex((byte) => byte === colon || isBlank(byte));
  const command = Buffer.from(words.subarray(0, end < 0 ? words.length : end)).toString('latin1');
  if (command === 'list' || command === 'ping') return { command };
  if (command !== 'add' && command !== 'remove') return undefined;
  const rest = trimmed(words.subarray(command.length));
  const fields = readObject(command, rest[0] === colon ? rest.subarray(1) : undefined);
  const port = readPort(command, fields.get('server_port'));
  return command === 'remove' ? { command, port } : { command, added: readAdded(port, fields) };
}

/** The datagrams that list these ports: together they are one array of JSON. */
export function listReplies(ports: readonly ListedPort[]): readonly string[] {
  const entries = ports.map(({ port, password, method, users }, at) => {
    const entry = JSON.stringify({ server_port: String(port), password, method, users });
    return `\n\t${entry}${at < ports.length - 1 ? ',' : ''}`;
  });
  return gathered(['[', ...entries, '\n]']).map((pieces) => pieces.join(''));
}

/** The datagrams that tell what ports have carried, in bytes: each can be read by itself. */
export function pingReplies(traffic: readonly (readonly [port: number, bytes: number])[]): readonly string[] {
  const entries = traffic.map(([port, bytes]) => `"${port}":${bytes}`);
  return gathered(entries).map((some) => `stat: {${some.join(',')}}`);
}

/** The texts in groups as long as they may be; one group at least. */
function gathered(texts: readonly string[]): readonly (readonly string[])[] {
  let group: string[] = [];
  let length = 0;
  const groups = [group];
  for (const text of texts) {
    // Room for what stands around and between them.
    const bytes = Buffer.byteLength(text) + 1;
    if (length > 0 && length + bytes > longestReply - 16) {
      group = [];
      groups.push(group);
      length = 0;
    }
    group.push(text);
    length += bytes;
  }
  return groups;
}

/** Without blanks and NULs at both ends: programs in C send the end of their strings along. */
function trimmed(bytes: Uint8Array): Uint8Array {
  let [start, end] = [0, bytes.length];
  while (start < end && isBlank(bytes[start])) start += 1;
  while (end > start && isBlank(bytes[end - 1])) end -= 1;
  return bytes.subarray(start, end);
}

/** NUL, TAB, LF, VT, FF, CR and SP. */
function isBlank(byte: number | undefined): boolean {
  return byte === 0 || byte === 0x20 || (byte !== undefined && byte >= 0x09 && byte <= 0x0d);
}

/** A map, because names like `__proto__` mean nothing in one. */
function readObject(command: string, text: Uint8Array | undefined): ReadonlyMap<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text));
  } catch {
    value = undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ProtocolError(`${command}: expected an object of JSON, got something else`);
  }
  return new Map(Object.entries(value));
}

/** Number or text, as libev takes it. */
function readPort(command: string, value: unknown): number {
  const text = typeof value === 'number' ? String(value) : value;
  const port = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new ProtocolError(`${command}: expected a server_port from 1 to 65535, got something else`);
}

/** The names that mean something here, and what of a request each is. */
const textFields = {
  method: 'method',
  mode: 'mode',
  plugin: 'plugin',
  plugin_opts: 'pluginOptions',
} as const satisfies Record<string, keyof PortRequest>;

function readAdded(port: number, fields: ReadonlyMap<string, unknown>): PortRequest {
  const password = fields.get('password');
  if (typeof password !== 'string' || password === '') {
    throw new ProtocolError(`add: expected a password for port ${port}, got none`);
  }
  const texts: Partial<Record<(typeof textFields)[keyof typeof textFields], string>> = {};
  const ignored: string[] = [];
  for (const [name, value] of fields) {
    if (['server_port', 'password', 'users'].includes(name)) continue;
    if (!Object.hasOwn(textFields, name)) ignored.push(name);
    else if (typeof value === 'string') texts[textFields[name as keyof typeof textFields]] = value;
    else if (value !== null) throw new ProtocolError(`add: expected a text for ${name}, got something else`);
  }
  const users = fields.get('users');
  return { port, password, ...texts, ignored, ...(users != null && { users: readUsers(users) }) };
}

function readUsers(value: unknown): NonNullable<PortRequest['users']> {
  if (!Array.isArray(value)) throw new ProtocolError('add: expected a list of users, got something else');
  return value.map((user: unknown) => {
    const fields = new Map<string, unknown>(
      Object.entries(typeof user === 'object' && user !== null ? user : {}),
    );
    const [name, password] = [fields.get('name'), fields.get('password')];
    if (typeof name !== 'string' || typeof password !== 'string') {
      throw new ProtocolError('add: expected users with a name and a password, got something else');
    }
    return { name, password };
  });
}
