/** The programs that a test starts: each is ended, by its own id, when the test is. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';

/** The Debian package of each program that is not ours. */
const packages = {
  curl: 'curl',
  wget: 'wget',
  'apt-get': 'apt',
  'dpkg-deb': 'dpkg',
  git: 'git',
  // Another python3 that comes first in the PATH has not got Debian's modules.
  '/usr/bin/python3': 'python3',
  ssh: 'openssh-client',
  // It starts itself anew for each client, and wants to know for certain where it is.
  '/usr/sbin/sshd': 'openssh-server',
  'ssh-keygen': 'openssh-client',
  chromium: 'chromium',
  socksify: 'dante-client',
  '/usr/sbin/danted': 'dante-server',
  microsocks: 'microsocks',
  tinyproxy: 'tinyproxy-bin',
  'redis-server': 'redis-server',
  dig: 'bind9-dnsutils',
  '/usr/sbin/dnsmasq': 'dnsmasq-base',
  tshark: 'tshark',
  unshare: 'util-linux',
  perl: 'perl-base',
  ip: 'iproute2',
  'ss-local': 'shadowsocks-libev',
  'ss-manager': 'shadowsocks-libev',
  'ss-server': 'shadowsocks-libev',
  'ss-tunnel': 'shadowsocks-libev',
  v2ray: 'v2ray',
} as const;

/** Where those are from that Debian has not got. */
const elsewhere = {
  sslocal: 'shadowsocks-rust from crates.io',
  ssserver: 'shadowsocks-rust from crates.io',
  'sing-box': 'the Go program sing-box',
  xray: 'the Go program Xray',
  pproxy: 'pproxy from PyPI',
} as const;

/** How long a program may take to end when it is asked to, ms. */
const patienceMs = 1_000;

export type Peer = keyof typeof packages | keyof typeof elsewhere;

/** A program that has been started. */
export interface Program {
  readonly input: ChildProcessWithoutNullStreams['stdin'];
  readonly output: ChildProcessWithoutNullStreams['stdout'];
  /** What it has written on stderr so far. */
  readonly complaints: () => string;
  /** Settles with its exit code, null after a signal, when it has ended and both its outputs have been read. */
  readonly ended: Promise<number | null>;
  /** Ends it without a chance to say farewell; settles when it is gone. */
  kill(): Promise<void>;
}

/** Starts a program of somebody else. A test that needs one fails without it. */
export async function startPeer(
  peer: Peer,
  words: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<Program> {
  try {
    return await start(peer, words, variables);
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    throw new Error(`${peer}: expected ${sourceOf(peer)} to be installed, got ${detail}`);
  }
}

/** Starts a program with these variables beside the environment, which has lost the settings of who runs the test. */
export async function start(
  command: string,
  words: readonly string[],
  variables: NodeJS.ProcessEnv = {},
): Promise<Program> {
  const child = spawn(command, words, { env: { ...neutral(process.env), ...variables } });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  // Who reads its input no longer has ended, and `ended` tells that better.
  child.stdin.on('error', () => undefined);
  await once(child, 'spawn');
  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    child.stdout.resume();
    await ended;
  };
  onTestFinished(async () => {
    // Those that have started programs of their own take them along, but not when they are killed.
    for (const signal of ['SIGTERM', 'SIGINT'] as const) child.kill(signal);
    const stubborn = setTimeout(() => child.kill('SIGKILL'), patienceMs);
    child.stdout.resume();
    await ended;
    clearTimeout(stubborn);
  });
  return { input: child.stdin, output: child.stdout, complaints: () => complaints, ended, kill };
}

/**
 * The first line of its output; `each` is given all of them, for as long as it writes any. Rejects, with its last words,
 * when none comes.
 */
export async function firstLine(
  program: Program,
  each: (line: string) => void = () => undefined,
): Promise<string> {
  const lines = createInterface({ input: program.output });
  lines.on('line', each);
  const line = once(lines, 'line') as Promise<[string]>;
  const none = program.ended.then((exitCode) => {
    throw new Error(`expected a line, got exit code ${exitCode ?? 'none'}: ${program.complaints()}`);
  });
  const [text] = await Promise.race([line, none]);
  // Its end is no longer an error.
  none.catch(() => undefined);
  return text;
}

function sourceOf(peer: Peer): string {
  return peer in elsewhere
    ? elsewhere[peer as keyof typeof elsewhere]
    : `Debian's ${packages[peer as keyof typeof packages]}`;
}

function neutral(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const personal = /^(halflight_.*|xdg_.*|git_.*|npm_.*|state_directory|.*_proxy)$/i;
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !personal.test(name)));
}
