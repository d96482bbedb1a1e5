/** What a program tells the person who started it: what runs now, and what to paste where. Pure text, one line each. */
import { formatTarget } from '../codec/address.js';
import type { CheckResult } from '../observe/events.js';
import type { SecretSource } from './flags.js';
import { readPort, splitHostPort } from './host-port.js';
import { isWildcard } from './listen.js';
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
}

/**
 * What a remote prints: where it listens, where its key is, and its URI for phone and laptop, both as text and QR. The
 * line that most people need is the last: two codes are taller than a terminal.
 */
export function remotePage({ listen, uri, source, doubt }: RemotePage, drawQr: DrawQr): string[] {
  const phone: ServerUri = { ...uri, wire: 'shadowsocks' };
  // Whoever typed the key has it; whoever reads this page over a shoulder or in a journal must not get it from us.
  const secretTyped = source.from === 'flag';
  const shown = secretTyped ? redactServerUri : formatServerUri;
  const picture = (text: string): string[] => (secretTyped ? [] : [...drawQr(text).split('\n'), '']);

  return [
    `halflight remote listens on ${listen} with ${uri.method.name}.`,
    ...sourceLines(source),
    ...(doubt === undefined ? [] : [`${uri.host} ${doubts[doubt]}`]),
    '',
    'For phones and other Shadowsocks clients:',
    '',
    shown(phone),
    '',
    ...picture(shown(phone)),
    ...(secretTyped ? [] : ['The URI for the laptop, to be scanned:', '', ...picture(shown(uri))]),
    'On the laptop, paste:',
    '',
    `npx halflight local '${shown(uri)}'`,
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
  return source.created
    ? [`A new key is stored in ${source.path}; only you can read it. The next start uses it again.`]
    : [`The key is the one in ${source.path}.`];
}

/** What a local prints: whether the path to the remote works, and how to use the proxy port. */
export function localPage(listen: string, remote: string, check: CheckResult): string[] {
  return [
    `halflight local listens on ${listen}, remote ${remote}.`,
    ...checkLines(check),
    '',
    ...useLines(listen),
  ];
}

/** What `up` prints: as a local, and the URI that other locals on this machine can use. */
export function upPage(listen: string, uri: ServerUri, check: CheckResult): string[] {
  return [
    `halflight listens on ${listen}; its remote, in this same process, on ${formatTarget(uri)}.`,
    ...checkLines(check),
    '',
    ...useLines(listen),
    'The remote, until this program ends:',
    '',
    `  ${formatServerUri(uri)}`,
    '',
  ];
}

function checkLines(check: CheckResult): string[] {
  if (!check.ok) {
    return [
      `The check of the path failed at stage ${check.stage}: ${check.detail}`,
      `Likely cause: ${check.advice}`,
      'It keeps running and works as soon as the remote does.',
    ];
  }
  const time = `The remote answered in ${Math.round(check.ms)} ms`;
  return [
    check.verified
      ? `${time} and has the same key.`
      : `${time}; the standard wire cannot prove the key before use.`,
  ];
}

function useLines(listen: string): string[] {
  const { host, port } = reachable(listen);
  const address = formatTarget({ host, port });
  return [
    'Try it:',
    '',
    `  curl -x socks5h://${address} https://example.com`,
    '',
    `Firefox   Settings > Network Settings > Manual proxy configuration: SOCKS Host ${host}, Port ${port},`,
    '          SOCKS v5, and tick "Proxy DNS when using SOCKS v5"',
    `Chromium  chromium --proxy-server="socks5://${address}"`,
    '',
  ];
}

/** A wildcard is no place to connect to; on this machine, loopback is where it answers. */
function reachable(listen: string): { readonly host: string; readonly port: number } {
  const { host, port } = readService(listen);
  return { host: isWildcard(host) ? '127.0.0.1' : host, port };
}

/** Host and port of a service's `listen`, which is always `host:port`. */
export function readService(listen: string): { readonly host: string; readonly port: number } {
  const split = splitHostPort(listen);
  return { host: split?.host ?? '', port: readPort(split?.port ?? '') ?? 0 };
}
