/** Debian's danted on loopback: SOCKS4 and SOCKS5 with all of their commands. One that asks for a password takes root. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Credential } from '../../shared/proxy/socks5-auth.js';
import { temporaryDirectory } from '../support/directory.js';
import { startListening } from './listening.js';
import { startPeer } from './programs.js';

/** Starts one for everybody, or for whoever has the password; its HOST:PORT. */
export async function startDanted(credential?: Credential): Promise<string> {
  const directory = temporaryDirectory();
  const at = (name: string): string => join(directory, name);
  const words = (port: string): readonly string[] => {
    writeFileSync(at('conf'), configuration(port, credential));
    return ['-f', at('conf'), '-p', at('pid')];
  };
  if (credential === undefined) return startListening('/usr/sbin/danted', words);
  writeFileSync(at('passwd'), accounts(credential.user));
  writeFileSync(at('shadow'), `${credential.user}:${await crypted(credential.password)}:1::::::\n`);
  return startListening('unshare', (port) => [
    ...['--mount', 'sh', '-euc', amongAccounts, directory],
    ...['/usr/sbin/danted', ...words(port)],
  ]);
}

/** It knows no users but those of its machine. Those that it sees are made up, and nobody else sees them. */
const amongAccounts = `
mount --bind "$0/passwd" /etc/passwd
mount --bind "$0/shadow" /etc/shadow
exec "$@"
`;

function accounts(user: string): string {
  return `root:x:0:0::/:/bin/sh\n${user}:x:60000:60000::/:/bin/false\n`;
}

/** A password as shadow(5) has it: hashed by SHA-512, with a salt. */
async function crypted(password: string): Promise<string> {
  const program = await startPeer('perl', ['-e', 'print crypt(<STDIN>, q($6$halflight$))']);
  program.input.end(password);
  return text(program.output);
}

function configuration(port: string, credential: Credential | undefined): string {
  const all = 'from: 0.0.0.0/0 to: 0.0.0.0/0';
  return `logoutput: stderr
internal: 127.0.0.1 port = ${port}
external: 127.0.0.1
clientmethod: none
socksmethod: ${credential === undefined ? 'none' : 'username'}
client pass { ${all} }
socks pass { ${all} command: connect bind udpassociate }
socks pass { ${all} command: bindreply udpreply }
`;
}
