/** `ssh -D`: OpenSSH's client as a SOCKS4 and SOCKS5 proxy whose targets are dialled by an sshd. */
import { startListening } from './listening.js';
import { startSshd } from './sshd.js';

/** Starts both ends; HOST:PORT of the client's. */
export async function startSshSocks(): Promise<string> {
  const { words, destination } = await startSshd();
  return startListening('ssh', (port) => [
    ...words,
    ...['-o', 'ExitOnForwardFailure=yes', '-N', '-D', `127.0.0.1:${port}`, destination],
  ]);
}
