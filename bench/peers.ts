/** The other programs: each with its defaults, but for the cipher and what it needs to be measured. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import type { Child } from './processes.js';
import { freePort, freshSecret, missingPrograms, onPath } from './starting.js';
import type { Ground, Tunnel, TunnelKind } from './tunnels.js';

/** Starts a program on one side and waits until `port` is served there. */
async function serving(
  { processes, place, listening }: Ground,
  side: 'near' | 'far',
  port: number,
  [program, ...words]: readonly [string, ...string[]],
): Promise<Child> {
  const child = processes.start(program, words, { within: place[side].within });
  await listening({ host: side === 'near' ? '127.0.0.1' : place.far.address, port }, child);
  return child;
}

function through(port: number, { target }: Ground, halves: readonly Child[]): Tunnel {
  return { entry: { way: 'socks5', port, target }, halves };
}

/** shadowsocks-libev, with UDP (-u) and a timeout (-t, seconds) that outlasts the idle row. */
export const libev: TunnelKind = {
  label: 'ss-local + ss-server aes-256-gcm',
  missing: () => missingPrograms('ss-local', 'ss-server'),
  async start(ground) {
    const [far, near] = [await freePort(), await freePort()];
    const server = ['-s', ground.place.far.address, '-p', `${far}`];
    const secret = ['-k', freshSecret(), '-m', 'aes-256-gcm', '-u', '-t', '600'];
    const remote = await serving(ground, 'far', far, ['ss-server', ...server, ...secret]);
    const listen = ['-b', '127.0.0.1', '-l', `${near}`];
    const local = await serving(ground, 'near', near, ['ss-local', ...server, ...listen, ...secret]);
    return through(near, ground, [local, remote]);
  },
};

/** A user of shadowsocks-rust's server. */
export interface RustUser {
  readonly name: string;
  readonly password: string;
}

/** shadowsocks-rust; with `users` the client is the last of them. */
export async function startRust(ground: Ground, users: readonly RustUser[]): Promise<Tunnel> {
  const [far, near] = [await freePort(), await freePort()];
  const password = freshSecret();
  const mode = 'tcp_and_udp';
  const server = {
    server: ground.place.far.address,
    server_port: far,
    method: '2022-blake3-aes-256-gcm',
  };
  const written = (program: string, settings: object): [string, string, string] => {
    const file = join(mkdtempSync(join(ground.directory, program)), 'settings.json');
    writeFileSync(file, JSON.stringify(settings), { mode: 0o600 });
    return [program, '-c', file];
  };
  const known = users.length > 0 ? { users } : {};
  const own = users.slice(-1).map((user) => user.password);
  const heard = written('ssserver', { servers: [{ ...server, password, ...known, mode }] });
  const remote = await serving(ground, 'far', far, heard);
  const spoken = written('sslocal', {
    servers: [{ ...server, password: [password, ...own].join(':') }],
    locals: [{ local_address: '127.0.0.1', local_port: near, mode }],
  });
  const local = await serving(ground, 'near', near, spoken);
  return through(near, ground, [local, remote]);
}

export const rust: TunnelKind = {
  label: 'sslocal + ssserver 2022-blake3-aes-256-gcm',
  missing: () => missingPrograms('sslocal', 'ssserver'),
  start: (ground) => startRust(ground, []),
};

/** No encryption, one process: the least that a SOCKS port costs. */
export const microsocks: TunnelKind = {
  label: 'microsocks, no crypto, one process',
  missing: () => missingPrograms('microsocks'),
  async start(ground) {
    const port = await freePort();
    const words = ['-i', '127.0.0.1', '-p', `${port}`];
    const child = ground.processes.start('microsocks', words, { muted: true });
    await ground.listening({ host: '127.0.0.1', port }, child);
    return through(port, ground, [child]);
  },
};

const sshCipher = 'aes256-gcm@openssh.com';

const missingSsh = (): string | undefined => missingPrograms('ssh', 'sshd', 'ssh-keygen');

export const ssh: TunnelKind = {
  label: `ssh -D ${sshCipher}`,
  missing: missingSsh,
  async start(ground) {
    const { port, halves } = await startSsh(ground, (near) => ['-D', `127.0.0.1:${near}`]);
    return through(port, ground, halves);
  },
};

export const sshForward: TunnelKind = {
  label: `ssh -L ${sshCipher}`,
  missing: missingSsh,
  async start(ground) {
    const target = `127.0.0.1:${ground.target}`;
    const { port, halves } = await startSsh(ground, (near) => ['-L', `127.0.0.1:${near}:${target}`]);
    return { entry: { way: 'straight', host: '127.0.0.1', port }, halves };
  },
};

/** `ssh` to an sshd of our own, with keys that live as long as the run, and the words of a `way` that listens on a port. */
async function startSsh(
  ground: Ground,
  way: (near: number) => readonly string[],
): Promise<{ readonly port: number; readonly halves: readonly Child[] }> {
  const [far, near] = [await freePort(), await freePort()];
  const directory = mkdtempSync(join(ground.directory, 'ssh-'));
  const [host, user, known, settings] = ['host', 'user', 'known', 'sshd_config'].map((name) =>
    join(directory, name),
  ) as [string, string, string, string];
  for (const file of [host, user]) execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  copyFileSync(`${user}.pub`, join(directory, 'authorized'));
  const address = ground.place.far.address;
  writeFileSync(
    settings,
    [
      `ListenAddress ${address}`,
      `Port ${far}`,
      `HostKey ${host}`,
      `AuthorizedKeysFile ${join(directory, 'authorized')}`,
      `Ciphers ${sshCipher}`,
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      // The directory belongs to the run, whatever the modes of its parents.
      'StrictModes no',
      // Without PAM sshd asks /etc/shadow whether the account is locked, which only root may read.
      `UsePAM ${process.getuid?.() === 0 ? 'no' : 'yes'}`,
      'PidFile none',
      'AllowTcpForwarding yes',
      // A connection is served by a child, which must end soon when ours have been killed and the link is gone.
      'ClientAliveInterval 10',
      'ClientAliveCountMax 1',
      'LogLevel ERROR',
      '',
    ].join('\n'),
  );
  // The sshd of root separates its privileges in this directory, which its service makes at boot.
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  // sshd starts itself anew for each connection, and wants to know where it is.
  const remote = await serving(ground, 'far', far, [onPath('sshd') ?? 'sshd', '-D', '-e', '-f', settings]);
  const wishes = {
    IdentityFile: user,
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: known,
    StrictHostKeyChecking: 'accept-new',
    Ciphers: sshCipher,
    BatchMode: 'yes',
    ExitOnForwardFailure: 'yes',
    LogLevel: 'ERROR',
  };
  const options = Object.entries(wishes).flatMap(([name, wish]) => ['-o', `${name}=${wish}`]);
  const words = ['-N', ...way(near), '-p', `${far}`, `${os.userInfo().username}@${address}`];
  // -F none: nothing of the user's own settings.
  const local = await serving(ground, 'near', near, ['ssh', '-F', 'none', ...options, ...words]);
  return { port: near, halves: [local, remote] };
}
