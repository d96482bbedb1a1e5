import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { digest, type Receipt } from './content.js';
import { startPeer } from './programs.js';

/** What curl made of it. */
export interface Outcome {
  /** 0 when everything came; 97 when the proxy refused; 18 and 56 when the answer broke off. */
  readonly exitCode: number | null;
  /** Its one line on stderr. */
  readonly complaint: string;
  readonly answer: Receipt;
}

/** A curl under way. */
export interface Transfer {
  /** Settles when the answer has begun. */
  readonly begun: Promise<unknown>;
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
  const finish = async (): Promise<Outcome> => {
    const sent = pipeline(Readable.from(upload), program.input).catch(() => undefined);
    const answer = await digest(program.output as AsyncIterable<Uint8Array>);
    const exitCode = await program.ended;
    await sent;
    return { exitCode, complaint: program.complaints().trim(), answer };
  };
  return { begun: once(program.output, 'readable'), outcome: finish() };
}
