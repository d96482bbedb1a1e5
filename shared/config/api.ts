/** Where the management API of a remote listens, and what whoever asks there has to know. */
import { canonicalIp } from '../codec/ip.js';
import { ConfigError } from '../errors.js';
import { UsageError } from './exit.js';
import { formatListen, isLoopback, parseListen } from './listen.js';
import { readPrivateFile, unfit } from './private-file.js';
import type { ListenAddress } from './settings.js';
import type { UsersFlags } from './users-file.js';

export interface ApiFlags {
  readonly api?: string;
  readonly apiTokenFile?: string;
}

export interface ApiSettings {
  readonly listen: ListenAddress;
  readonly token: string;
}

/** What goes into a header as it is (RFC 6750 §2.1), and cannot be guessed. */
const tokenForm = /^[A-Za-z0-9._~+/-]+=*$/;
const fewestTokenCharacters = 16;
const maxTokenFileBytes = 4096;

/** The API that the flags of a remote ask for; undefined when they ask for none. */
export async function readApi({
  api,
  apiTokenFile,
  usersFile,
}: ApiFlags & UsersFlags): Promise<ApiSettings | undefined> {
  if (api === undefined && apiTokenFile === undefined) return undefined;
  if (api === undefined) throw new UsageError('--api-token-file: expected --api as well, got none');
  const listen = readApiAddress(api);
  if (apiTokenFile === undefined) throw new UsageError('--api: expected --api-token-file as well, got none');
  if (usersFile === undefined) {
    throw new UsageError('--api: expected --users-file, where it keeps what it changes, got none');
  }
  return { listen, token: await readToken(apiTokenFile) };
}

/**
 * `HOST:PORT`, `[IPv6]:PORT`, or `PORT` of 127.0.0.1. ConfigError for an address that others can reach: what is asked and
 * answered there has all keys in it, and nothing hides it.
 */
export function readApiAddress(text: string): ListenAddress {
  const { host, port } = parseListen(text, '127.0.0.1');
  // As clients write it, who are judged by that.
  const listen = { host: canonicalIp(host), port };
  if (isLoopback(listen.host)) return listen;
  const advice = 'for others, put a proxy with TLS in front of it';
  throw new ConfigError(
    `api: expected an address of this machine alone, as 127.0.0.1:${listen.port}, got ${formatListen(listen)}: ${advice}`,
  );
}

async function readToken(path: string): Promise<string> {
  const name = `API token file ${path}`;
  const text = await readPrivateFile({ name, path, maxBytes: maxTokenFileBytes });
  if (text === undefined) throw unfit(name, 'a file', 'none');
  const token = text.trim();
  if (token.length < fewestTokenCharacters) {
    throw unfit(
      name,
      `at least ${fewestTokenCharacters} characters`,
      `${token.length}: make one with halflight keygen`,
    );
  }
  if (!tokenForm.test(token))
    throw unfit(name, 'letters, digits and . _ ~ + / - alone, on one line', 'others');
  return token;
}
