/** Debian's socksify: it puts a SOCKS proxy under a program that knows of none, its listening sockets included. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '../support/directory.js';
import { type Program, startPeer } from './programs.js';

export type SocksVersion = 'socks_v4' | 'socks_v5';

/** Starts the program `words` on top of the SOCKS port `proxy` (HOST:PORT). */
export async function startSocksified(
  proxy: string,
  version: SocksVersion,
  words: readonly string[],
): Promise<Program> {
  const [host = '', port = ''] = proxy.split(':');
  const configuration = join(temporaryDirectory(), 'socks.conf');
  await writeFile(
    configuration,
    `resolveprotocol: fake
route {
  from: 0.0.0.0/0 to: 0.0.0.0/0 via: ${host} port = ${port}
  proxyprotocol: ${version}
  command: connect bind${version === 'socks_v5' ? ' udpassociate' : ''}
  method: none
}
`,
  );
  // Left alone it goes round the proxy for every network that this host is part of.
  return startPeer('socksify', words, { SOCKS_CONF: configuration, SOCKS_AUTOADD_LANROUTES: 'no' });
}
