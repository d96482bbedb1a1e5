import { once } from 'node:events';
import { type Outcome, outcomeOf } from './outcome.js';
import { startPeer } from './programs.js';

// -q, which must come first, and --noproxy keep the settings of who runs the test away.
const steady = ['-q', '--no-progress-meter', '--fail', '--max-time', '110'] as const;

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

/** The same without any proxy. */
export async function curlStraight(
  words: readonly string[],
  upload: Iterable<Uint8Array> = [],
): Promise<Outcome> {
  return outcomeOf(await startPeer('curl', [...steady, '--noproxy', '*', ...words]), upload);
}

/** Starts curl; `upload` is its standard input. */
export async function startCurl(
  proxy: string,
  words: readonly string[],
  upload: Iterable<Uint8Array> = [],
): Promise<Transfer> {
  const url = proxy.includes('://') ? proxy : `socks5h://${proxy}`;
  const program = await startPeer('curl', [...steady, '--noproxy', '', '--proxy', url, ...words]);
  return { begun: once(program.output, 'readable'), outcome: outcomeOf(program, upload) };
}
