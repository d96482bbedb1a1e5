import { once } from 'node:events';
import { type Outcome, outcomeOf } from './outcome.js';
import { startPeer } from './programs.js';

/** A curl under way. */
export interface Transfer {
  /** Settles when the answer has begun. */
  readonly begun: Promise<unknown>;
  /** Its exit code is 0 when everything came; 97 when the proxy refused; 18 and 56 when the answer broke off. */
  readonly outcome: Promise<Outcome>;
}

/**
 * Runs curl through `proxy`: a URL such as `socks4://HOST:PORT`, or a HOST:PORT alone that is spoken to in SOCKS5 and
 * given the names of targets to resolve.
 */
export async function curl(
  proxy: string,
  words: readonly string[],
  upload: Iterable<Uint8Array> = [],
): Promise<Outcome> {
  return (await startCurl(proxy, words, upload)).outcome;
}

/** Starts curl; `upload` is its standard input. */
export async function startCurl(
  proxy: string,
  words: readonly string[],
  upload: Iterable<Uint8Array> = [],
): Promise<Transfer> {
  // -q, which must come first, and --noproxy keep the settings of who runs the test away.
  const steady = ['-q', '--no-progress-meter', '--fail', '--noproxy', '', '--max-time', '110'];
  const url = proxy.includes('://') ? proxy : `socks5h://${proxy}`;
  const program = await startPeer('curl', [...steady, '--proxy', url, ...words]);
  return { begun: once(program.output, 'readable'), outcome: outcomeOf(program, upload) };
}
