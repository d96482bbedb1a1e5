/** What a remote tells the person who started it: what runs now, and what to paste where. Pure text, one line each. */
import type { SecretSource } from './flags.js';
import type { HostDoubt } from './public-host.js';
import { formatServerUri, redactServerUri, type ServerUri } from './uri.js';

/** Draws a QR code, lines separated by `\n`. */
export type DrawQr = (text: string) => string;

export interface RemotePage {
  /** Where it really listens. */
  readonly listen: string;
  /** The remote as a raw URI. */
  readonly uri: ServerUri;
  readonly source: SecretSource;
  /** Why the host in the URI may not be reachable from outside. */
  readonly doubt?: HostDoubt | undefined;
  /** How many there are, where each has a key of its own: then there is no URI for everybody. */
  readonly users: number | undefined;
  /** The ports beside that of `uri`. */
  readonly ports?: readonly PagePort[];
  /** Where it listens to a manager. */
  readonly manager?: string | undefined;
}

/** A port as the page tells it. */
export interface PagePort {
  readonly listen: string;
  /** As a raw URI. */
  readonly uri: ServerUri;
  readonly users: number | undefined;
}

/**
 * What a remote prints: where it listens, where its key is, and its URI for phone and laptop, both as text and QR. The
 * line that most people need is the last: two codes are taller than a terminal.
 */
export function remotePage(page: RemotePage, drawQr: DrawQr): string[] {
  const { listen, uri, source, doubt, users, ports = [], manager } = page;
  const phone: ServerUri = { ...uri, wire: 'shadowsocks' };
  // Whoever typed the key has it; whoever reads this page over a shoulder or in a journal must not get it from us.
  const secretTyped = source.from === 'flag';
  const shown = secretTyped ? redactServerUri : formatServerUri;
  const picture = (text: string): string[] => (secretTyped ? [] : [...drawQr(text).split('\n'), '']);

  const about = [
    ...sourceLines(source),
    ...(doubt === undefined ? [] : [doubtLine(uri.host, doubt)]),
    ...(uri.remoteAuth === true ? authLines : []),
    '',
    ...(manager === undefined ? [] : [managerLine(manager), '']),
    ...ports.flatMap(portLines),
  ];
  const greeting = `halflight remote listens on ${listen} with ${uri.method.name}.`;
  if (users !== undefined) return [greeting, ...about, ...usersLines(users)];

  return [
    greeting,
    ...about,
    'For phones and other Shadowsocks clients:',
    '',
    shown(phone),
    '',
    ...picture(shown(phone)),
    ...(secretTyped
      ? []
      : [
          'The URI for the laptop as a QR code, in case its camera can read one:',
          '',
          ...picture(shown(uri)),
        ]),
    'On the laptop, paste:',
    '',
    `npx halflight local '${shown(uri)}'`,
    '',
  ];
}

/** The same of a remote that has no port of its own. */
export function managedPage(manager: string, ports: readonly PagePort[]): string[] {
  return ['halflight remote has no port of its own.', managerLine(manager), '', ...ports.flatMap(portLines)];
}

/** Their URIs are for the panel to tell: it knows the keys, and they are not there yet. */
function managerLine(manager: string): string {
  return `It opens the ports that a panel asks for at ${manager} (ss-manager); a restart forgets them.`;
}

/** Without pictures: there may be many. A key that was typed is that of the first port. */
function portLines({ listen, uri, users }: PagePort): string[] {
  const raw = formatServerUri(uri);
  const phone = formatServerUri({ ...uri, wire: 'shadowsocks' });
  const who = users === undefined ? [raw, phone] : [`for ${users === 1 ? 'one user' : `${users} users`}`];
  return [`It also listens on ${listen} with ${uri.method.name}:`, ...who.map((line) => `  ${line}`), ''];
}

/** Why a host in a URI may not do. */
export function doubtLine(host: string, doubt: HostDoubt): string {
  return `${host} ${doubts[doubt]}`;
}

/** Better known than found out: the standard wire has no place for a user. */
const authLines = [
  'Programs behind a halflight local must name a user and a password. Shadowsocks clients cannot:',
  'to those the key alone opens the door.',
];

/** Whose URI it is that is printed is for the operator to say: a page with all keys would be seen by somebody. */
function usersLines(users: number): string[] {
  return [
    `It lets in ${users === 1 ? 'one user' : `${users} users`}, each with a key and so a URI of their own.`,
    'To print one, add to the same command:',
    '',
    '  --uri-of NAME',
    '',
  ];
}

const doubts = {
  guess: 'is a guess: no public address is here. Name the right one with --public-host.',
  loopback: 'is this machine: nothing else can reach the remote. Listen elsewhere with -l.',
  private: 'is private: only its own network can reach it. Name a public one with --public-host.',
} as const satisfies Record<HostDoubt, string>;

function sourceLines(source: SecretSource): string[] {
  if (source.from === 'flag') {
    return ['The key came from the command line: it is not printed again, and *** stands in its place.'];
  }
  if (source.from === 'variable') return [];
  if (source.from === 'config') return [`The key is the one in ${source.path}.`];
  return source.created
    ? [`A new key is stored in ${source.path}; only you can read it. The next start uses it again.`]
    : [`The key is the one in ${source.path}.`];
}
