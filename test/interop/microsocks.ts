/** Debian's microsocks on loopback: SOCKS5, and CONNECT alone. */
import type { Credential } from '../../shared/proxy/socks5-auth.js';
import { startListening } from './listening.js';

/** Starts one for everybody, or for whoever has the password; its HOST:PORT. */
export function startMicrosocks(credential?: Credential): Promise<string> {
  const asking = credential === undefined ? [] : ['-u', credential.user, '-P', credential.password];
  return startListening('microsocks', (port) => ['-i', '127.0.0.1', '-p', port, ...asking]);
}
