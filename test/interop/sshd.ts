/** Debian's sshd on loopback, for the user who runs the test, with keys of its own. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { temporaryDirectory } from '../support/directory.js';
import { startListening } from './listening.js';
import { startPeer } from './programs.js';

/** A server to log in to. */
export interface Sshd {
  /** What `ssh` has to be told before the rest; no setting of the user who runs the test counts. */
  readonly words: readonly string[];
  /** USER@HOST, as `ssh` wants it. */
  readonly destination: string;
}

/** Starts a server on a free port of 127.0.0.1. */
export async function startSshd(): Promise<Sshd> {
  const directory = temporaryDirectory();
  const at = (name: string): string => join(directory, name);
  await makeKey(at('host'));
  await makeKey(at('user'));
  await rename(at('user.pub'), at('authorized'));
  const settings = {
    HostKey: at('host'),
    AuthorizedKeysFile: at('authorized'),
    ListenAddress: '127.0.0.1',
    PidFile: 'none',
    // The directory above is everybody's.
    StrictModes: 'no',
    UsePAM: 'no',
    Subsystem: 'sftp internal-sftp',
  };
  const listen = await startListening('/usr/sbin/sshd', (port) => [
    ...['-D', '-e', '-f', '/dev/null', '-p', port],
    ...asFlags(settings),
  ]);
  const { hostname, port } = new URL(`ssh://${listen}`);
  await writeFile(at('known'), `[${hostname}]:${port} ${await readFile(at('host.pub'), 'utf8')}`);
  const client = {
    Port: port,
    IdentityFile: at('user'),
    IdentitiesOnly: 'yes',
    UserKnownHostsFile: at('known'),
    BatchMode: 'yes',
    LogLevel: 'ERROR',
  };
  return { words: ['-F', 'none', ...asFlags(client)], destination: `${userInfo().username}@${hostname}` };
}

async function makeKey(file: string): Promise<void> {
  const program = await startPeer('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file]);
  const output = await text(program.output);
  expect({ exitCode: await program.ended, output, complaint: program.complaints() }).toMatchObject({
    exitCode: 0,
  });
}

function asFlags(settings: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}
