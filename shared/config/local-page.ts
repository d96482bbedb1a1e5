/** What a local tells the person who started it: whether its path works, and how to use the proxy port. Pure text. */
import { formatTarget } from '../codec/address.js';
import { escapeControls } from '../observe/escape.js';
import type { CheckResult } from '../observe/events.js';
import { readService, reachable } from './service-address.js';
import { formatServerUri, type ServerUri } from './uri.js';

/** What every page about a proxy port is made from. */
interface PortPage {
  /** Where it really listens. */
  readonly listen: string;
  /** Where other machines find it; undefined when the lines to paste do for them as well, or the port is not for them. */
  readonly others: string | undefined;
  /** Whom the lines to paste name; undefined when the port asks for no credentials. */
  readonly user: string | undefined;
}

export interface LocalPage extends PortPage {
  /** Host and port of the remote, when there is only one. */
  readonly remote: string;
  readonly checks: readonly CheckedServer[];
}

/** How the path to a server was found. */
export interface CheckedServer {
  /** Its name. */
  readonly server: string;
  readonly check: CheckResult;
}

export interface UpPage extends PortPage {
  /** The remote in the same process. */
  readonly uri: ServerUri;
  readonly check: CheckResult;
  /** Whether a script of npm started it, as `npm start` in a checkout does. */
  readonly byNpm: boolean;
}

/** What a local prints: whether the paths to its servers work, and how to use the proxy port. */
export function localPage({ remote, checks, ...port }: LocalPage): string[] {
  const several = checks.length > 1;
  const far = several ? `${checks.length} servers` : `remote ${remote}`;
  return [
    `halflight local listens on ${port.listen}, ${far}.`,
    ...(several ? serverLines(checks) : checks.flatMap(({ check }) => checkLines(check))),
    '',
    ...useLines(port),
  ];
}

/** One line for each. Their names come from anywhere. */
function serverLines(checks: readonly CheckedServer[]): string[] {
  const names = checks.map(({ server }) => escapeControls(server));
  const wide = Math.max(...names.map((name) => name.length));
  const found = checks.map(({ check }) =>
    check.ok
      ? answered(check)
      : `failed at stage ${check.stage}: ${escapeControls(check.detail)}; likely cause: ${check.advice}`,
  );
  return [
    '',
    ...names.map((name, at) => `  ${name.padEnd(wide)}  ${found[at] ?? ''}`),
    ...(checks.some(({ check }) => check.ok)
      ? []
      : ['', 'It keeps running and works as soon as one of them does.']),
  ];
}

function answered({ ms, verified }: Extract<CheckResult, { readonly ok: true }>): string {
  return `answered in ${Math.round(ms)} ms${verified ? ' and has the same key' : ''}`;
}

/** What `up` prints: as a local, and the URI that other locals on this machine can use. */
export function upPage({ uri, byNpm, check, ...port }: UpPage): string[] {
  return [
    `halflight listens on ${port.listen}; its remote, in this same process, on ${formatTarget(uri)}.`,
    ...checkLines(check),
    '',
    ...useLines(port),
    ...(byNpm ? ['npx finds halflight in this directory; elsewhere install it first.', ''] : []),
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

function useLines({ listen, others, user }: PortPage): string[] {
  const { host, port } = reachable(readService(listen));
  const address = formatTarget({ host, port });
  const there = address === '127.0.0.1:1080' ? '' : ` --listen ${address}`;
  // Not exported: the next local of this shell would ask for it, too.
  const login = user === undefined ? '' : "HALFLIGHT_AUTH='USER:PASS' ";
  return [
    // SOCKS4 has no place for a password.
    `The port speaks ${user === undefined ? 'SOCKS4, ' : ''}SOCKS5 and HTTP. Try it:`,
    '',
    `  curl -x socks5h://${address}${user === undefined ? '' : ` --proxy-user ${quoted(user)}`} https://example.com`,
    '',
    'One command through it, or all that follow in this shell:',
    '',
    `  ${login}npx halflight run${there} -- git clone https://…`,
    `  eval "$(${login}npx halflight env${there})"`,
    '',
    ...(user === undefined ? browserLines(host, port) : askingBrowserLines(host, port)),
    `Others    proxy auto-configuration (PAC): http://${address}/proxy.pac`,
    '',
    ...(others === undefined ? [] : otherMachines(formatTarget({ host: others, port }))),
  ];
}

function otherMachines(address: string): string[] {
  return [`Other machines find the port at ${address}, and its PAC file at http://${address}/proxy.pac.`, ''];
}

function browserLines(host: string, port: number): string[] {
  return [
    `Firefox   Settings > Network Settings > Manual proxy configuration: SOCKS Host ${host}, Port ${port},`,
    '          SOCKS v5, and tick "Proxy DNS when using SOCKS v5"',
    `Chromium  chromium --proxy-server="socks5://${formatTarget({ host, port })}"`,
  ];
}

/** Browsers send no credentials by SOCKS5, and ask for those of an HTTP proxy by themselves. */
function askingBrowserLines(host: string, port: number): string[] {
  return [
    `Firefox   Settings > Network Settings > Manual proxy configuration: HTTP Proxy ${host}, Port ${port},`,
    '          and tick "Also use this proxy for HTTPS"; it asks for the password',
    `Chromium  chromium --proxy-server="http://${formatTarget({ host, port })}"; it asks, too`,
  ];
}

/** curl asks for a password that does not stand behind the user. */
function quoted(user: string): string {
  return /^[\w@.-]+$/.test(user) ? user : `'${user.replaceAll("'", `'\\''`)}'`;
}
