/** Who may use a port: users and passwords, from flags, from a file or from the environment. */
import { ConfigError } from '../errors.js';
import type { Credential } from '../proxy/socks5-auth.js';
import { readPrivateFile, unfit } from './private-file.js';
import type { Variables } from './variables.js';

export type { Credential } from '../proxy/socks5-auth.js';

/** The flags of every command with a port that can ask for credentials. */
export interface AuthFlags {
  readonly auth?: readonly string[];
  readonly authFile?: string;
}

/** The variable that stands for `--auth`. */
export const authVariable = 'HALFLIGHT_AUTH';

/** RFC 1929 counts each of the two in one byte. */
const maxBytes = 255;
/** Room for more users than anybody writes into a file by hand. */
const maxFileBytes = 256 * 1024;
/** No client can send these in every protocol, and nobody can see them on a screen. */
const unfitCharacters = /[\u0000-\u001f\u007f-\u009f\ufffd]|\p{Surrogate}/u;

/** A credential and the place it was found in, for messages: the text itself has a password in it. */
interface Found {
  readonly where: string;
  readonly credential: Credential;
}

/**
 * All credentials of `--auth` and `--auth-file`; the one in HALFLIGHT_AUTH when neither was given. Empty when there are
 * none at all. ConfigError, naming the flag or file and line and never the password, for one that cannot be used, for a
 * user that comes twice and for a file without any.
 */
export async function readCredentials(
  flags: AuthFlags,
  variables: Variables,
): Promise<readonly Credential[]> {
  const typed = (flags.auth ?? []).map((text) => ({ where: '--auth', credential: parseTyped(text) }));
  const stored = flags.authFile === undefined ? [] : await readFile(flags.authFile);
  const named = [...typed, ...stored];
  if (named.length > 0) return unique(named);
  const fromVariable = readAuthVariable(variables);
  return fromVariable === undefined ? [] : [fromVariable];
}

/** The credential that a client is to send: that of `--auth`, else that in HALFLIGHT_AUTH, else none. */
export function readOwnCredential(auth: string | undefined, variables: Variables): Credential | undefined {
  return auth === undefined ? readAuthVariable(variables) : parseTyped(auth);
}

/**
 * User and password in `USER:PASS`, 1 to 255 bytes each; the first colon ends the user. ConfigError that begins with
 * `where` and shows nothing of the text.
 */
export function parseCredential(text: string, where: string): Credential {
  const colon = text.indexOf(':');
  if (colon < 0) throw unfit(where, 'USER:PASS', 'no colon');
  const user = text.slice(0, colon);
  const password = text.slice(colon + 1);
  for (const [what, value] of Object.entries({ user, password })) {
    const bytes = Buffer.byteLength(value);
    if (bytes < 1 || bytes > maxBytes) throw unfit(where, `a ${what} of 1 to ${maxBytes} bytes`, `${bytes}`);
    if (unfitCharacters.test(value)) {
      throw unfit(where, `only UTF-8 without control characters in the ${what}`, 'another character');
    }
  }
  return { user, password };
}

function parseTyped(text: string): Credential {
  // The command line takes whatever follows `--auth` for its value.
  if (/^-[^:]*$/.test(text)) throw unfit('--auth', 'USER:PASS', 'another flag');
  return parseCredential(text, '--auth');
}

function readAuthVariable(variables: Variables): Credential | undefined {
  // A line end comes from `.env` files and here-documents; a blank may belong to the password.
  const text = variables[authVariable]?.replace(/\r?\n$/, '') ?? '';
  return text === '' ? undefined : parseCredential(text, authVariable);
}

/**
 * One `USER:PASS` for each line; blank lines and those that begin with `#` mean nothing. Blanks around the two are refused:
 * in `ann: secret` nobody can tell whether one was meant.
 */
async function readFile(path: string): Promise<readonly Found[]> {
  const name = `auth file ${path}`;
  const text = await readPrivateFile({ name, path, maxBytes: maxFileBytes });
  if (text === undefined) throw unfit(name, 'a file', 'none');
  const all = text
    .split(/\r?\n/)
    .map((line, index) => ({ line, where: `${name}:${index + 1}` }))
    .filter(({ line }) => !/^\s*(#|$)/.test(line))
    .map(({ line, where }) => withoutBlanks(found(where, line)));
  // A file that was cut short must not open the port to everybody.
  if (all.length === 0) throw unfit(name, 'at least one line USER:PASS', 'none');
  return all;
}

function found(where: string, text: string): Found {
  return { where, credential: parseCredential(text, where) };
}

function withoutBlanks(one: Found): Found {
  const { user, password } = one.credential;
  if ([user, password].every((text) => text === text.trim())) return one;
  const hint = `take them away (a password that has them can be in ${authVariable})`;
  throw unfit(one.where, 'no blanks around user and password', `some: ${hint}`);
}

function unique(all: readonly Found[]): readonly Credential[] {
  const users = new Set<string>();
  for (const { where, credential } of all) {
    const { user } = credential;
    if (users.has(user)) {
      throw new ConfigError(`${where}: expected every user once, got ${JSON.stringify(user)} again`);
    }
    users.add(user);
  }
  return all.map(({ credential }) => credential);
}
