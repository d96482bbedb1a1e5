/** Debian's tinyproxy on loopback: HTTP, of which CONNECT is what we want. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credential } from '../../shared/proxy/socks5-auth.js';
import { temporaryDirectory } from '../support/directory.js';
import { startListening } from './listening.js';

/** Starts one for everybody, or for whoever has the password; its HOST:PORT. It takes letters and digits in both. */
export function startTinyproxy(credential?: Credential): Promise<string> {
  const file = join(temporaryDirectory(), 'conf');
  const asking = credential === undefined ? '' : `BasicAuth ${credential.user} ${credential.password}\n`;
  return startListening('tinyproxy', (port) => {
    writeFileSync(file, `Listen 127.0.0.1\nPort ${port}\nTimeout 60\n${asking}`);
    return ['-d', '-c', file];
  });
}
